//! Files into their places, and out of them: each by one rename or removal, never through a link.

use std::path::Path;

use gix::bstr::{BStr, ByteSlice};

use crate::error::{Error, Result};
use crate::git::gix_error;

/// Where new files are written before they go to their places: on the same file system. What a killed run left goes first.
pub(crate) fn staging(root: &Path) -> Result<tempfile::TempDir> {
    const NAME: &str = ".gitfleet-files-";
    for entry in std::fs::read_dir(root)
        .map_err(Error::storage("read", root))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(NAME) {
            let _ = std::fs::remove_dir_all(entry.path()); // the next update tries again
        }
    }
    tempfile::Builder::new()
        .prefix(NAME)
        .tempdir_in(root)
        .map_err(Error::storage("create a directory in", root))
}

/// Puts a new file into its place; returns what the index remembers of it.
pub(crate) fn put(staging: &Path, root: &Path, path: &BStr) -> Result<gix::index::entry::Stat> {
    let relative = gix_error::path(path)?;
    if let Some(above) = relative.parent() {
        make_directories(root, above)?;
    }
    let place = root.join(&relative);
    if std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir()) {
        // Only if it is empty: what was in it went before.
        std::fs::remove_dir(&place).map_err(Error::storage("remove", &place))?;
    }
    std::fs::rename(staging.join(&relative), &place).map_err(Error::storage("write", &place))?;
    let failed = || Error::storage("read", &place);
    let found = gix::index::fs::Metadata::from_path_no_follow(&place).map_err(failed())?;
    gix::index::entry::Stat::from_fs(&found).map_err(|error| failed()(std::io::Error::other(error)))
}

/// Gives a submodule, whose files are not ours to bring, its directory.
pub(crate) fn put_submodule(root: &Path, path: &BStr) -> Result<()> {
    make_directories(root, &gix_error::path(path)?)
}

/// Makes a directory and those above it, never through a link. Files in their places have been looked at, and go.
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

/// Removes a file and the directories it leaves empty; never through a link.
pub(crate) fn remove(root: &Path, path: &[u8]) -> Result<()> {
    let relative = gix_error::path(path.as_bstr())?;
    let mut above = root.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        above.push(part);
        if !std::fs::symlink_metadata(&above).is_ok_and(|found| found.is_dir()) {
            return Ok(()); // it went with its directory
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
            break; // there is something else in it
        }
        parent = directory.parent();
    }
    Ok(())
}
