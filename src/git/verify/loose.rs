//! Objects in files of their own: the name of each is the hash of its content.

use std::fs;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::hash::Kind;

use super::found::Found;
use crate::cancel::CancelToken;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::regular_file;
use crate::workers::Workers;

/// Compares the contents of all such objects with their names.
pub(super) fn check(
    object_dirs: &[PathBuf],
    hash: Kind,
    workers: &Workers,
    cancel: &CancelToken,
) -> Result<Found> {
    let mut found = Found::default();
    for dir in object_dirs {
        let ids = ids_below(dir)?;
        let store = gix::odb::loose::Store::at(dir, hash);
        let problems = workers.map(&ids, |id| {
            cancel.check()?;
            check_object(&store, *id)
        })?;
        found.files += ids.len() as u64;
        found.problems.extend(problems.into_iter().flatten());
    }
    Ok(found)
}

fn ids_below(dir: &Path) -> Result<Vec<ObjectId>> {
    let mut ids = Vec::new();
    for first in 0..=u8::MAX {
        let first = format!("{first:02x}");
        let directory = dir.join(&first);
        let entries = match fs::read_dir(&directory) {
            Err(error) if is_absence(error.kind()) => continue,
            entries => entries.map_err(Error::storage("read", &directory))?,
        };
        for entry in entries {
            let name = entry
                .map_err(Error::storage("read", &directory))?
                .file_name();
            let hex = format!("{first}{}", name.to_string_lossy());
            // Other files are temporary ones.
            ids.extend(ObjectId::from_hex(hex.as_bytes()).ok());
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

fn check_object(store: &gix::odb::loose::Store, id: ObjectId) -> Result<Option<String>> {
    let path = store.object_path(&id);
    match regular_file::open(&path) {
        Err(error) if is_absence(error.kind()) => return Ok(None), // packed meanwhile
        Err(error) if error.raw_os_error().is_none() => {
            return Ok(Some(format!("object {id}: {} {error}", path.display())));
        }
        opened => drop(opened.map_err(Error::storage("read", &path))?),
    }
    let mut bytes = Vec::new();
    let found = match store.try_find(&id, &mut bytes) {
        Ok(found) => found,
        Err(error) => {
            let text = gix_error::text(&error);
            return match gix_error::machine(&error, &path) {
                Some(error) => Err(error),
                None => Ok(Some(format!("object {id} is damaged: {text}"))),
            };
        }
    };
    let Some(found) = found else {
        return Ok(None);
    };
    let computed = gix::objs::compute_hash(id.kind(), found.kind, found.data);
    if computed.is_ok_and(|computed| computed == id) {
        return Ok(None);
    }
    let path = path.display();
    Ok(Some(format!(
        "object {id} is damaged: {path} has other content"
    )))
}
