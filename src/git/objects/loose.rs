//! Files of single objects that the system cannot read. gix takes such a file for a missing one.

use std::fs::File;
use std::path::PathBuf;

use gix::ObjectId;
use gix::objs::Kind;

use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::gix_error;

/// Looks for the file of an object that gix did not find. Returns true if one of the object
/// directories has it: gix could not read it the first time, or it was stored meanwhile.
///
/// # Errors
///
/// [`Error::Storage`] if the file or its directory cannot be opened.
pub(crate) fn has_file(dirs: &[PathBuf], id: ObjectId) -> Result<bool> {
    let hex = id.to_string();
    let (directory, file) = hex.split_at(2);
    for dir in dirs {
        let path = dir.join(directory).join(file);
        match File::open(&path) {
            Ok(_) => return Ok(true),
            Err(error) if !is_absence(error.kind()) => {
                return Err(Error::storage("read", &path)(error));
            }
            Err(_) => {}
        }
    }
    Ok(false)
}

/// The object directories of a repository: its own, and those of its alternates.
fn dirs(repo: &gix::Repository) -> Result<Vec<PathBuf>> {
    let store = repo.objects.store_ref();
    let alternates = store.alternate_db_paths();
    let what = "its alternate object directories";
    let mut dirs = vec![store.path().to_owned()];
    dirs.extend(alternates.map_err(gix_error::unreadable(repo.git_dir(), what))?);
    Ok(dirs)
}

/// Returns the kind and the size of an object; `None` if it is missing or damaged.
///
/// # Errors
///
/// [`Error::Storage`] if the machine cannot read it.
pub(crate) fn find_header(repo: &gix::Repository, id: ObjectId) -> Result<Option<(Kind, u64)>> {
    let header = gix_error::optional(repo.git_dir(), repo.try_find_header(id))?.flatten();
    if let Some(header) = header {
        return Ok(Some((header.kind(), header.size())));
    }
    if !has_file(&dirs(repo)?, id)? {
        return Ok(None);
    }
    let object = gix_error::optional(repo.git_dir(), repo.find_object(id))?;
    Ok(object.map(|object| (object.kind, object.data.len() as u64)))
}

/// Returns true if an object is stored.
///
/// # Errors
///
/// As for [`find_header`].
#[cfg(feature = "http")]
pub(crate) fn has_object(repo: &gix::Repository, id: ObjectId) -> Result<bool> {
    // gix's function of this name returns false for every failure.
    Ok(find_header(repo, id)?.is_some())
}

/// Reads an object with gix; `None` if it is missing or damaged.
///
/// # Errors
///
/// [`Error::Storage`] if the machine cannot read it.
pub(crate) fn find_object(repo: &gix::Repository, id: ObjectId) -> Result<Option<gix::Object<'_>>> {
    let read = || gix_error::optional(repo.git_dir(), repo.find_object(id));
    let found = read()?;
    if found.is_none() && has_file(&dirs(repo)?, id)? {
        return read(); // a damaged one is not found again
    }
    Ok(found)
}
