//! Files that end with a hash of all the bytes before it: packs and their indices, indices of several
//! packs, reverse indices, bitmaps, commit-graphs and the index.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use gix::hash::Kind;

use super::found::Found;
use crate::cancel::CancelToken;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::special_files::SHARED_INDEX;
use crate::regular_file;
use crate::workers::Workers;

/// The extensions of such files in a directory of packs or of commit-graphs.
const EXTENSIONS: [&str; 7] = ["bitmap", "graph", "idx", "midx", "mtimes", "pack", "rev"];
const BUFFER_BYTES: usize = 1 << 20;

/// Compares the checksums of the files in object directories, and of the indices in `git_dirs`.
pub(super) fn check(
    object_dirs: &[PathBuf],
    git_dirs: &[&Path],
    hash: Kind,
    workers: &Workers,
    cancel: &CancelToken,
) -> Result<Found> {
    let mut files = Vec::new();
    for git_dir in git_dirs {
        files.push(git_dir.join("index"));
        let is_shared = |name: &str| name.starts_with(SHARED_INDEX);
        files.extend(below(git_dir, is_shared)?);
    }
    for dir in object_dirs {
        files.push(dir.join("info/commit-graph"));
        files.push(dir.join("pack/multi-pack-index"));
        for directory in ["pack", "info/commit-graphs", "pack/multi-pack-index.d"] {
            files.extend(below(&dir.join(directory), has_checksum)?);
        }
    }
    let checked = workers.map(&files, |path| check_file(path, hash, cancel))?;
    let checked: Vec<Vec<String>> = checked.into_iter().flatten().collect();
    Ok(Found {
        files: checked.len() as u64,
        problems: checked.concat(),
    })
}

/// The files of a directory whose names are wanted, sorted.
fn below(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absence(error.kind()) => return Ok(Vec::new()),
        entries => entries.map_err(Error::storage("read", directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::storage("read", directory))?;
        if is_wanted(&entry.file_name().to_string_lossy()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// True for a file that ends with a hash. Those that git has not finished, or has left behind, start with
/// `tmp_` or a dot.
fn has_checksum(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
        && !name.starts_with("tmp_")
        && !name.starts_with('.')
}

/// Returns the problems of a file; `None` if the file is missing.
fn check_file(path: &Path, hash: Kind, cancel: &CancelToken) -> Result<Option<Vec<String>>> {
    let is_index_of_pack = path.extension().is_some_and(|extension| extension == "idx");
    let tail = match read_tail(path, hash, cancel) {
        Err(Error::Storage { source, .. }) if is_absence(source.kind()) => return Ok(None),
        tail => tail?,
    };
    let name = path.display();
    let mut problems = Vec::new();
    match tail {
        Ok(tail) if is_index_of_pack => {
            let pack = path.with_extension("pack");
            match stored_hash(&pack, hash) {
                Ok(stored) if stored != tail => problems.push(format!(
                    "{} is not the pack that {name} lists",
                    pack.display()
                )),
                Ok(_) => {}
                // Both were removed by a repack, or only the pack is lost.
                Err(Error::Storage { source, .. }) if is_absence(source.kind()) => {
                    if path.exists() {
                        problems.push(format!("{name} has no pack"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(_) => {}
        Err(problem) => problems.push(format!("{name} {problem}")),
    }
    Ok(Some(problems))
}

/// Compares the checksum at the end of a file. Returns the bytes of the same number before it, or the
/// problem.
fn read_tail(
    path: &Path,
    hash: Kind,
    cancel: &CancelToken,
) -> Result<std::result::Result<Vec<u8>, String>> {
    let failed = || Error::storage("read", path);
    let mut file = match regular_file::open(path) {
        Err(error) if error.kind() == ErrorKind::InvalidData => return Ok(Err(error.to_string())),
        file => file.map_err(failed())?,
    };
    let mut hasher = gix::hash::hasher(hash);
    let len = hash.len_in_bytes();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut held = 0; // bytes at the start of the buffer that are not hashed yet
    let mut before: Vec<u8> = Vec::new();
    loop {
        cancel.check()?;
        let read = file.read(&mut buffer[held..]).map_err(failed())?;
        held += read;
        if read == 0 {
            break;
        }
        // The last bytes of the file are the checksum, so those of each part are held back.
        if let Some(ready) = held.checked_sub(len) {
            hasher.update(&buffer[..ready]);
            before.extend_from_slice(&buffer[ready.saturating_sub(len)..ready]);
            before.drain(..before.len().saturating_sub(len));
            buffer.copy_within(ready..held, 0);
            held = len;
        }
    }
    let stored = &buffer[..held];
    let computed = hasher.try_finalize();
    // With `index.skipHash`, the index has zeros in place of a checksum.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_index = name == "index" || name.starts_with(SHARED_INDEX);
    let is_skipped = is_index && stored.iter().all(|byte| *byte == 0);
    let is_right = is_skipped || computed.is_ok_and(|computed| computed.as_bytes() == stored);
    Ok(if held == len && is_right {
        Ok(before)
    } else {
        Err("has a wrong checksum: it is damaged or incomplete".to_owned())
    })
}

/// The hash at the end of a file.
fn stored_hash(path: &Path, hash: Kind) -> Result<Vec<u8>> {
    use std::io::{Seek, SeekFrom};
    let len = hash.len_in_bytes();
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = regular_file::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(len as u64)))?;
        let mut stored = Vec::new();
        file.read_to_end(&mut stored)?;
        Ok(stored)
    };
    read().map_err(Error::storage("read", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_before_the_checksum_are_found_for_every_length() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pack-x.idx");
        for len in [
            20,
            25,
            40,
            41,
            BUFFER_BYTES - 1,
            BUFFER_BYTES,
            BUFFER_BYTES + 1,
        ] {
            for more in 0..3 {
                let content: Vec<u8> = (0..=250).cycle().take(len + 9 * more).collect();
                let mut hasher = gix::hash::hasher(Kind::Sha1);
                hasher.update(&content);
                let sum = hasher.try_finalize().unwrap();
                fs::write(&path, [&content, sum.as_bytes()].concat()).unwrap();
                let tail = read_tail(&path, Kind::Sha1, &CancelToken::new()).unwrap();
                assert_eq!(tail.unwrap(), content[content.len() - 20..]);
            }
        }
    }
}
