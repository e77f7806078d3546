//! Files of single objects that the system cannot read. gix takes such a file for a missing one.

use std::fs::File;
use std::path::PathBuf;

use gix::ObjectId;

use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::gix_error;

/// Fails if one of the object directories has a file for this object, or for its directory, that
/// cannot be opened. An object without a file is fine.
pub(crate) fn refuse_unreadable(dirs: &[PathBuf], id: ObjectId) -> Result<()> {
    let hex = id.to_string();
    let (directory, file) = hex.split_at(2);
    for dir in dirs {
        let path = dir.join(directory).join(file);
        match File::open(&path) {
            Err(error) if !is_absence(error.kind()) => {
                return Err(Error::storage("read", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads an object with gix; `None` if it is missing or damaged.
///
/// # Errors
///
/// [`Error::Storage`] if the machine cannot read it.
pub(crate) fn find_object(repo: &gix::Repository, id: ObjectId) -> Result<Option<gix::Object<'_>>> {
    let found = gix_error::optional(repo.git_dir(), repo.find_object(id))?;
    if found.is_none() {
        refuse_unreadable(&[repo.objects.store_ref().path().to_owned()], id)?;
    }
    Ok(found)
}
