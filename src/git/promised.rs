//! The objects that a promisor remote has sent. What they point to may be missing: the remote has
//! promised to provide it.

use std::fs;
use std::path::PathBuf;

use gix::odb::pack::{MMap, index};

use super::gix_error;
use crate::durable::is_absence;
use crate::error::{Error, Result};

/// The indices of packs from promisor remotes.
pub(super) struct Promised {
    indices: Vec<index::File<MMap>>,
}

impl Promised {
    /// Opens the indices of the packs in `object_dirs` that have a `.promisor` file; `None` if there
    /// are none. An index that is damaged is left out.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the machine cannot read a directory or an index.
    pub(super) fn open(object_dirs: &[PathBuf], hash: gix::hash::Kind) -> Result<Option<Self>> {
        let mut indices = Vec::new();
        for dir in object_dirs {
            let dir = dir.join("pack");
            let entries = match fs::read_dir(&dir) {
                Err(error) if is_absence(error.kind()) => continue,
                entries => entries.map_err(Error::storage("read", &dir))?,
            };
            for entry in entries {
                let path = entry.map_err(Error::storage("read", &dir))?.path();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "promisor")
                {
                    let index = path.with_extension("idx");
                    let opened = index::File::at(&index, hash);
                    indices.extend(gix_error::optional(&index, opened)?);
                }
            }
        }
        Ok((!indices.is_empty()).then_some(Self { indices }))
    }

    /// Returns true if a promisor remote has sent the object.
    pub(super) fn has(&self, id: &gix::hash::oid) -> bool {
        self.indices.iter().any(|index| index.lookup(id).is_some())
    }
}
