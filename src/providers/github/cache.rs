//! Answers cached on disk with their validators, `ETag` or `Last-Modified` (RFC 9110, 13.1): a
//! repeated request does not count against the rate limit if the answer is unchanged.
//!
//! There is one file per request, named by a hash of base URL, identity and route, so that no
//! identity gets the answers of another. Files are replaced as a whole, so several processes may
//! share a directory. The files that were not used for longest are removed when the directory grows
//! too large.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::failure::header;
use crate::regular_file;

/// Location and size of the cache.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheOptions {
    /// The directory; it is created if it is missing.
    pub directory: PathBuf,
    /// Largest total size of the answers, in bytes.
    pub most_bytes: u64,
}

impl CacheOptions {
    /// A cache of 256 MiB.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            most_bytes: 256 << 20,
        }
    }
}

/// Bytes written between two checks of the total size.
const LOOK_EVERY: u64 = 8 << 20;

/// Prefix of the names of files that are still being written.
const UNDER_WAY: &str = ".gitfleet-";
/// Age after which an unfinished file counts as left behind by a killed process.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);

pub(super) struct ResponseCache {
    options: CacheOptions,
    base_url: String,
    /// Bytes written since the last check of the total size.
    written: AtomicU64,
}

/// A cached answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct CachedResponse {
    /// The route of the request. It is compared when the file is read, so that a file under a wrong
    /// name is not taken for the answer.
    route: String,
    identity: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// The `Link` header, with the addresses of other pages.
    pub(super) link: Option<String>,
    pub(super) body: String,
}

impl ResponseCache {
    pub(super) fn new(options: CacheOptions, base_url: &str) -> Self {
        Self {
            options,
            base_url: base_url.to_owned(),
            written: AtomicU64::new(LOOK_EVERY), // the first write checks the size
        }
    }

    /// Returns the cached answer to `identity` for `route`. A file that cannot be read counts as
    /// missing.
    pub(super) fn get(&self, identity: &str, route: &str) -> Option<CachedResponse> {
        let text = regular_file::read(&self.place(identity, route), regular_file::LARGEST).ok()?;
        let kept: CachedResponse = serde_json::from_slice(&text).ok()?;
        (kept.route == route && kept.identity == identity).then_some(kept)
    }

    /// Caches an answer that has a validator. Failures are ignored, because the cache only saves
    /// time.
    pub(super) fn put(&self, identity: &str, route: &str, headers: &HeaderMap, body: &[u8]) {
        let text = |name| header(headers, name).map(str::to_owned);
        let kept = CachedResponse {
            route: route.to_owned(),
            identity: identity.to_owned(),
            etag: text("etag"),
            last_modified: text("last-modified"),
            link: text("link"),
            body: match std::str::from_utf8(body) {
                Ok(body) => body.to_owned(),
                Err(_) => return,
            },
        };
        if kept.etag.is_none() && kept.last_modified.is_none() {
            return;
        }
        let place = self.place(identity, route);
        let Ok(bytes) = serde_json::to_vec(&kept) else {
            return;
        };
        if write(&place, &bytes).is_some() {
            let written = self
                .written
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if written >= LOOK_EVERY {
                self.written.store(0, Ordering::Relaxed);
                self.shrink();
            }
        }
    }

    /// Marks an answer as just used, so that it is removed later than others.
    pub(super) fn touch(&self, identity: &str, route: &str) {
        let file = fs::File::options()
            .append(true)
            .open(self.place(identity, route));
        // A failure is ignored: the answer is only removed earlier.
        let _ = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
    }

    /// Removes the cached answer for a route.
    pub(super) fn forget(&self, identity: &str, route: &str) {
        // Another process may have removed the file already.
        let _ = fs::remove_file(self.place(identity, route));
    }

    fn place(&self, identity: &str, route: &str) -> PathBuf {
        let mut hash = Sha256::new();
        for part in [self.base_url.as_str(), identity, route] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name = hash
            .finalize()
            .iter()
            .fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        self.options.directory.join(&name[..2]).join(&name[2..])
    }

    /// If the answers take too much space, removes the oldest ones until a tenth of the space is
    /// free.
    fn shrink(&self) {
        let mut found = Vec::new();
        let mut sum = 0;
        let named = |entry: &fs::DirEntry, letters: usize| {
            let name = entry.file_name();
            name.len() == letters && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
        };
        // Files with other names do not belong to the cache.
        let directories = fs::read_dir(&self.options.directory)
            .into_iter()
            .flatten()
            .flatten();
        let directories = directories.filter(|entry| named(entry, 2));
        let files = directories
            .filter_map(|entry| fs::read_dir(entry.path()).ok())
            .flatten()
            .flatten();
        for file in files {
            let Ok(about) = file.metadata() else { continue };
            let age = about.modified().ok().and_then(|then| then.elapsed().ok());
            let is_leftover = file
                .file_name()
                .as_encoded_bytes()
                .starts_with(UNDER_WAY.as_bytes())
                && age.is_some_and(|age| age > LONGEST_WRITE);
            if is_leftover {
                let _ = fs::remove_file(file.path()); // its writer was killed
            }
            if !named(&file, 62) {
                continue;
            }
            sum += about.len();
            found.push((about.modified().ok(), about.len(), file.path()));
        }
        if sum <= self.options.most_bytes {
            return;
        }
        found.sort();
        for (_, bytes, path) in found {
            if sum <= self.options.most_bytes - self.options.most_bytes / 10 {
                break;
            }
            if fs::remove_file(path).is_ok() {
                sum -= bytes;
            }
        }
    }
}

/// Writes a file as a whole or not at all; only its owner can read it.
fn write(place: &Path, bytes: &[u8]) -> Option<()> {
    let directory = place.parent()?;
    fs::create_dir_all(directory).ok()?;
    let mut file = tempfile::Builder::new()
        .prefix(UNDER_WAY)
        .tempfile_in(directory)
        .ok()?;
    file.write_all(bytes).ok()?;
    file.persist(place).ok()?;
    Some(())
}
