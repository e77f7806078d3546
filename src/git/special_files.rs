//! The files of a git directory, looked at before gix opens them: gix would wait for a pipe, and
//! read a device until memory ends.

use std::fs;
use std::path::Path;

#[cfg(feature = "http")]
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::regular_file;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Files that gix reads, and the largest size of each, in bytes.
const FILES: [(&str, u64); 14] = [
    ("HEAD", 64 * KIB),
    ("commondir", 64 * KIB),
    ("config", 64 * MIB),
    ("config.worktree", 64 * MIB),
    ("gitdir", 64 * KIB),
    ("index", 16 * GIB),
    ("info/attributes", u64::MAX),
    ("info/grafts", GIB),
    ("info/sparse-checkout", u64::MAX),
    ("objects/info/alternates", MIB),
    ("objects/info/commit-graph", 64 * GIB),
    ("objects/info/commit-graphs/commit-graph-chain", MIB),
    ("packed-refs", 4 * GIB),
    ("shallow", GIB),
];

/// The start of the names of the parts of a split index.
pub(super) const SHARED_INDEX: &str = "sharedindex.";

/// Refuses a git directory with a pipe, a socket or a device in the place of a file that gix reads,
/// or with such a file above its largest size.
///
/// # Errors
///
/// [`Error::Corrupt`] for the first of them.
pub(crate) fn check(git_dir: &Path) -> Result<()> {
    if !git_dir.is_dir() {
        return refuse_special(git_dir, 64 * KIB); // the file `.git` of a linked working tree
    }
    for (name, most) in FILES {
        refuse_special(&git_dir.join(name), most)?;
    }
    refuse_special_below(&git_dir.join("objects/info/commit-graphs"), |_| true)?;
    // git's file system monitor has a socket here.
    refuse_special_below(git_dir, |name| name.starts_with(SHARED_INDEX))
}

/// Refuses pipes, sockets and devices in a directory of objects.
pub(super) fn check_objects(objects: &Path) -> Result<()> {
    refuse_special(&objects.join("info/alternates"), MIB)?;
    refuse_special_below(&objects.join("pack"), |_| true)?;
    for entry in fs::read_dir(objects).into_iter().flatten().flatten() {
        // The directories of objects in files of their own have the first two digits of the ids.
        if entry.file_name().len() == 2 {
            refuse_special_below(&entry.path(), |_| true)?;
        }
    }
    Ok(())
}

/// Refuses a pipe, a socket or a device, and a file of more than `most` bytes.
pub(crate) fn refuse_special(path: &Path, most: u64) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() > most => {
            refuse(path, format!("is larger than {most} bytes"))
        }
        Ok(found) if !found.is_file() && !found.is_dir() => {
            refuse(path, regular_file::OTHER.to_owned())
        }
        _ => Ok(()),
    }
}

/// Refuses pipes, sockets and devices below a directory, at any depth. The directory may be missing.
///
/// # Errors
///
/// [`Error::Corrupt`] for the first of them, [`Error::Storage`] if a directory cannot be read.
#[cfg(feature = "http")]
pub(crate) fn check_tree(directory: &Path) -> Result<()> {
    let failed = || Error::storage("read", directory);
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absence(error.kind()) => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    for entry in entries {
        let entry = entry.map_err(failed())?;
        let kind = entry.file_type().map_err(failed())?;
        if kind.is_dir() {
            check_tree(&entry.path())?;
        } else if !kind.is_file() {
            refuse_special(&entry.path(), u64::MAX)?;
        }
    }
    Ok(())
}

fn refuse_special_below(directory: &Path, is_read: impl Fn(&str) -> bool) -> Result<()> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(()); // opening a pack or a commit-graph reports the error
    };
    for entry in entries.flatten() {
        // Regular files are known without another question to the file system.
        let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_plain && is_read(&entry.file_name().to_string_lossy()) {
            refuse_special(&entry.path(), u64::MAX)?;
        }
    }
    Ok(())
}

fn refuse(path: &Path, what: String) -> Result<()> {
    Err(Error::Corrupt {
        path: path.to_owned(),
        what,
        source: None,
    })
}
