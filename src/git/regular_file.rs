//! Files of a git directory, read whole. A pipe, whose read would never end, and a file
//! above a limit are refused.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::error::Error;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// Those of the file system; [`ErrorKind::InvalidData`] for anything but a regular file, and for a
/// larger one.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    let invalid = |reason: &str| io::Error::new(ErrorKind::InvalidData, reason);
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(invalid("is not a regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|len| len > limit) {
        return Err(invalid(&format!("is larger than {limit} bytes")));
    }
    Ok(text)
}

/// Files that gix reads when it opens a repository.
const OPENED: [&str; 9] = [
    "HEAD",
    "commondir",
    "config",
    "config.worktree",
    "gitdir",
    "index",
    "objects/info/alternates",
    "packed-refs",
    "shallow",
];

/// Refuses a git directory with a pipe, a socket or a device in the place of a file that gix reads.
///
/// # Errors
///
/// [`Error::Corrupt`] for the first of them.
pub(super) fn check(git_dir: &Path) -> Result<(), Error> {
    let mut dirs = vec![git_dir.to_owned()];
    if git_dir.join("commondir").exists() {
        dirs.push(git_dir.join("../.."));
    }
    for path in dirs
        .iter()
        .flat_map(|dir| OPENED.map(|name| dir.join(name)))
    {
        let metadata = fs::metadata(&path);
        if metadata.is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            let what = "is not a regular file".to_owned();
            return Err(Error::Corrupt {
                path,
                what,
                source: None,
            });
        }
    }
    Ok(())
}
