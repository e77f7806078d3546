//! Answers kept on disk with what tells GitHub that we have them (RFC 9110, 13.1): asked again, an unchanged one costs nothing.
//!
//! One file per question, named by a hash of base URL, identity and route: what one identity may see is not shown to
//! another. Files are replaced whole, so several processes may share a directory; the oldest go when it grows too large.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::failure::header;

/// Where answers are kept.
#[derive(Clone, Debug)]
pub struct CacheOptions {
    /// The directory; it is made if it is missing.
    pub directory: PathBuf,
    /// Bytes that all answers together may take.
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

/// So much is written between two looks at how much there is.
const LOOK_EVERY: u64 = 8 << 20;

/// How files are called until they are whole.
const UNDER_WAY: &str = ".gitfleet-";
/// After this an unfinished file is nobody's.
const LONGEST_WRITE: Duration = Duration::from_secs(3600);

pub(super) struct ResponseCache {
    options: CacheOptions,
    base_url: String,
    /// Bytes written since the last look.
    written: AtomicU64,
}

/// An answer that was kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct CachedResponse {
    /// What was asked, to tell apart what a hash does not.
    route: String,
    identity: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Where its other pages are.
    pub(super) link: Option<String>,
    pub(super) body: String,
}

impl ResponseCache {
    pub(super) fn new(options: CacheOptions, base_url: &str) -> Self {
        Self {
            options,
            base_url: base_url.to_owned(),
            written: AtomicU64::new(LOOK_EVERY), // the first write looks
        }
    }

    /// What is kept of a route for an identity. What cannot be read is not there.
    pub(super) fn get(&self, identity: &str, route: &str) -> Option<CachedResponse> {
        let text = fs::read(self.place(identity, route)).ok()?;
        let kept: CachedResponse = serde_json::from_slice(&text).ok()?;
        (kept.route == route && kept.identity == identity).then_some(kept)
    }

    /// Keeps an answer that can be asked for again. That it cannot be kept is no error: it was for nothing but speed.
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

    /// It was good once more, and goes later.
    pub(super) fn touch(&self, identity: &str, route: &str) {
        let file = fs::File::options()
            .append(true)
            .open(self.place(identity, route));
        // That it cannot be kept longer is no error either.
        let _ = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
    }

    /// Gives up what is kept of a route.
    pub(super) fn forget(&self, identity: &str, route: &str) {
        let _ = fs::remove_file(self.place(identity, route)); // another process may have been faster
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

    /// Removes the oldest answers until a tenth of the room is free.
    fn shrink(&self) {
        let mut found = Vec::new();
        let mut sum = 0;
        let named = |entry: &fs::DirEntry, letters: usize| {
            let name = entry.file_name();
            name.len() == letters && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
        };
        // What has other names is not ours.
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

/// Whole or not at all; readable by its owner only.
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
