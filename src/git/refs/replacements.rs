//! The replacements of objects (git-replace).

use std::collections::HashMap;

use gix::ObjectId;

use super::store::RefStore;
use super::stored::RefValue;
use crate::durable::is_absence;
use crate::error::{Error, Result};

/// The replacements of objects: the refs below `refs/replace/`. gix takes a directory that the
/// machine cannot read for an empty one.
pub(crate) fn replacements(repo: &gix::Repository) -> Result<HashMap<ObjectId, ObjectId>> {
    let mut replaced: HashMap<_, _> = repo.objects.store_ref().replacements().collect();
    let directory = repo.common_dir().join("refs/replace");
    let are_used = repo.config_snapshot().boolean("core.useReplaceRefs") != Some(false);
    match std::fs::read_dir(&directory) {
        Err(error) if is_absence(error.kind()) => return Ok(replaced),
        found => found.map_err(Error::storage("read", &directory))?,
    };
    if !are_used {
        return Ok(replaced);
    }
    let base = b"refs/replace/";
    for (name, stored) in RefStore::of(repo).list()?.refs {
        let id = name.strip_prefix(base).map(ObjectId::from_hex);
        if let (Some(Ok(id)), RefValue::Object(by)) = (id, stored.value) {
            replaced.entry(id).or_insert(by);
        }
    }
    Ok(replaced)
}
