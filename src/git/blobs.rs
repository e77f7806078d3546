//! Reading objects into reused buffers; a missing one is told apart from a damaged one.

use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Find, Kind};

use super::source;
use crate::error::{Error, Result};

/// Objects kept decoded per thread: enough that neighbouring commits share their trees.
const OBJECT_CACHE_BYTES: usize = 32 << 20;

/// Reads objects of one repository on one thread.
pub(super) struct Objects {
    repo: gix::Repository,
    path: PathBuf,
}

impl Objects {
    pub(super) fn new(mut repo: gix::Repository, path: &Path) -> Self {
        repo.object_cache_size_if_unset(OBJECT_CACHE_BYTES);
        Self {
            repo,
            path: path.to_owned(),
        }
    }

    pub(super) fn repo(&self) -> &gix::Repository {
        &self.repo
    }

    /// Reads an object, decoded into `buffer`; `None` if the repository does not have it.
    pub(super) fn read<'a>(
        &self,
        id: ObjectId,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<(Kind, &'a [u8])>> {
        if id.is_empty_tree() {
            return Ok(Some((Kind::Tree, b""))); // git needs no object for it
        }
        match self.repo.objects.try_find(&id, buffer) {
            Ok(object) => Ok(object.map(|object| (object.kind, object.data))),
            Err(error) => Err(source::damaged(&self.path, format!("object {id}"), error)),
        }
    }

    /// Reads a commit or tree, which must be there.
    pub(super) fn require<'a>(
        &self,
        id: ObjectId,
        kind: Kind,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        match self.read(id, buffer)? {
            Some((found, data)) if found == kind => Ok(data),
            Some((found, _)) => {
                Err(self.corrupt(format!("{id} is a {found} where a {kind} should be")))
            }
            None => Err(self.corrupt(format!("{kind} {id} is missing"))),
        }
    }

    /// Size of an object in bytes without decoding all of it; `None` if the repository does not have it.
    pub(super) fn size(&self, id: ObjectId) -> Result<Option<u64>> {
        match self.repo.try_find_header(id) {
            Ok(header) => Ok(header.map(|header| header.size())),
            Err(error) => Err(source::unreadable(&self.path, format!("object {id}"))(
                error,
            )),
        }
    }

    pub(super) fn corrupt(&self, what: String) -> Error {
        Error::Corrupt {
            path: self.path.clone(),
            what,
            source: None,
        }
    }
}
