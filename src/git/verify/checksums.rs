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
use crate::regular_file;
use crate::workers::Workers;

/// The extensions of such files in a directory of packs or of commit-graphs.
const EXTENSIONS: [&str; 6] = ["bitmap", "graph", "idx", "mtimes", "pack", "rev"];
const BUFFER_BYTES: usize = 1 << 20;

/// Compares the checksums of the files in object directories, and of the index in `git_dir`.
pub(super) fn check(
    object_dirs: &[PathBuf],
    git_dir: &Path,
    hash: Kind,
    workers: &Workers,
    cancel: &CancelToken,
) -> Result<Found> {
    let mut files = vec![git_dir.join("index")];
    for dir in object_dirs {
        files.push(dir.join("info/commit-graph"));
        files.push(dir.join("pack/multi-pack-index"));
        for directory in ["pack", "info/commit-graphs", "pack/multi-pack-index.d"] {
            files.extend(below(&dir.join(directory))?);
        }
    }
    let checked = workers.map(&files, |path| check_file(path, hash, cancel))?;
    let checked: Vec<Vec<String>> = checked.into_iter().flatten().collect();
    Ok(Found {
        files: checked.len() as u64,
        problems: checked.concat(),
    })
}

/// The files of a directory that end with a hash, sorted.
fn below(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absence(error.kind()) => return Ok(Vec::new()),
        entries => entries.map_err(Error::storage("read", directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::storage("read", directory))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
            && !is_temporary(&path)
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// True for a file that git has not finished, or has left behind.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("tmp_") || name.starts_with('.'))
}

/// Returns what is wrong with a file; `None` if there is no such file.
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
    let mut before = Vec::new();
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
            before = buffer[ready.saturating_sub(len)..ready].to_vec();
            buffer.copy_within(ready..held, 0);
            held = len;
        }
    }
    let stored = &buffer[..held];
    let computed = hasher.try_finalize();
    // With `index.skipHash`, the index has zeros in place of a checksum.
    let is_skipped = path.ends_with("index") && stored.iter().all(|byte| *byte == 0);
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
