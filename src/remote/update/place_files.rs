//! Writes and removes files of a working tree. Each change is a single rename or removal, never
//! through a symbolic link.

use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice};

use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::git::index_file::is_inside;

/// Renames a new file into place; returns its metadata for the index.
pub(crate) fn put(staging: &Path, root: &Path, path: &BStr) -> Result<gix::index::entry::Stat> {
    let relative = inside(path)?;
    if let Some(above) = relative.parent() {
        make_directories(root, above)?;
    }
    let place = root.join(&relative);
    if std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir()) {
        // Fails unless it is empty: its tracked files were removed before.
        std::fs::remove_dir(&place).map_err(Error::storage("remove", &place))?;
    }
    std::fs::rename(staging.join(&relative), &place).map_err(Error::storage("write", &place))?;
    let failed = || Error::storage("read", &place);
    let found = gix::index::fs::Metadata::from_path_no_follow(&place).map_err(failed())?;
    gix::index::entry::Stat::from_fs(&found).map_err(|error| failed()(std::io::Error::other(error)))
}

/// Creates the directory of a submodule, whose files are not fetched.
pub(crate) fn put_submodule(root: &Path, path: &BStr) -> Result<()> {
    make_directories(root, &inside(path)?)
}

/// Creates a directory and its parents, never through a symbolic link. A file that is in the place
/// of a directory is removed; local changes were ruled out before.
fn make_directories(root: &Path, relative: &Path) -> Result<()> {
    let mut directory = root.to_owned();
    for part in relative.components() {
        directory.push(part);
        match std::fs::symlink_metadata(&directory) {
            Ok(found) if found.is_dir() => continue,
            Ok(_) => {
                std::fs::remove_file(&directory).map_err(Error::storage("remove", &directory))?;
            }
            Err(_) => {}
        }
        std::fs::create_dir(&directory).map_err(Error::storage("create", &directory))?;
    }
    Ok(())
}

/// Removes a file and the directories that it leaves empty, never through a symbolic link.
pub(crate) fn remove(root: &Path, path: &[u8]) -> Result<()> {
    let relative = inside(path.as_bstr())?;
    let mut above = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        above.push(part);
        if !std::fs::symlink_metadata(&above).is_ok_and(|found| found.is_dir()) {
            return Ok(()); // it was removed with its directory
        }
    }
    let file = root.join(&relative);
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::storage("remove", &file)(error));
        }
        _ => {}
    }
    let mut parent = relative.parent();
    while let Some(directory) = parent.filter(|path| !path.as_os_str().is_empty()) {
        if std::fs::remove_dir(root.join(directory)).is_err() {
            break; // it is not empty
        }
        parent = directory.parent();
    }
    Ok(())
}

/// Returns the path of a file below the root of the working tree. Trees and indices of strangers
/// may name others.
fn inside(path: &BStr) -> Result<PathBuf> {
    if !is_inside(path) {
        let reason = "is outside of the working tree, or in .git";
        return Err(Error::invalid(format!("path `{path}`"), reason));
    }
    gix_error::path(path)
}
