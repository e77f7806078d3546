//! Refs in reftables, the default of git 3.0: a stack of sorted tables, of which newer ones override
//! older ones. The format is described in git's `Documentation/technical/reftable.adoc`.
//!
//! `reftable/tables.list` names the tables, oldest first. Another process may join tables while they
//! are read: it writes the new table, replaces the list, then removes the old tables. If a table of
//! the list is missing, the list is therefore read again.

mod table;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::RefFiles;
use super::stored::{Found, RefList, RefValue, StoredRef, is_per_worktree, is_valid};
use crate::error::{Error, Result};
use crate::regular_file;

/// Number of times that the list is read again before a missing table counts as damage.
const ATTEMPTS: u32 = 100;
/// Largest list of tables, and largest table, that are read, in bytes.
const LARGEST_LIST: u64 = 1 << 20;
const LARGEST_TABLE: u64 = 4 << 30;
/// Time between two of these attempts.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Reftables {
    git_dir: PathBuf,
    common_dir: PathBuf,
    hash: gix::hash::Kind,
}

type Refs = BTreeMap<Vec<u8>, StoredRef>;

impl Reftables {
    pub(super) fn new(git_dir: PathBuf, common_dir: PathBuf, hash: gix::hash::Kind) -> Self {
        Self {
            git_dir,
            common_dir,
            hash,
        }
    }

    pub(super) fn read(&self, name: &[u8]) -> Result<Found> {
        if matches!(name, b"FETCH_HEAD" | b"MERGE_HEAD") {
            // These have more than one line, and are files in every format.
            let (git_dir, common_dir) = (self.git_dir.clone(), self.common_dir.clone());
            return RefFiles::new(git_dir, common_dir, self.hash).read(name);
        }
        let dir = if is_per_worktree(name) {
            &self.git_dir
        } else {
            &self.common_dir
        };
        let found = self.stack(dir, |other| other == name)?.remove(name);
        Ok(match found {
            Some(stored) => match broken(name, &stored) {
                None => Found::Ref(stored),
                Some(reason) => Found::Broken(reason.to_owned()),
            },
            None => Found::Missing,
        })
    }

    pub(super) fn list(&self) -> Result<RefList> {
        let mut refs = self.stack(&self.common_dir, |_| true)?;
        if self.git_dir != self.common_dir {
            refs.retain(|name, _| !is_per_worktree(name));
            let own = self.stack(&self.git_dir, |_| true)?.into_iter();
            refs.extend(own.filter(|(name, _)| is_per_worktree(name)));
        }
        let mut list = RefList::default();
        for (name, stored) in refs {
            if !name.starts_with(b"refs/") {
                continue;
            }
            match broken(&name, &stored) {
                None => {
                    list.refs.insert(name, stored);
                }
                Some(reason) => list.add_broken(&name, reason),
            }
        }
        Ok(list)
    }

    /// Reads the refs that are wanted from the stack of tables in `dir`.
    fn stack(&self, dir: &Path, is_wanted: impl Fn(&[u8]) -> bool) -> Result<Refs> {
        let dir = dir.join("reftable");
        for attempt in 1.. {
            match self.read_stack(&dir, &is_wanted) {
                Err(Error::Storage { source, .. })
                    if source.kind() == ErrorKind::NotFound && attempt < ATTEMPTS =>
                {
                    std::thread::sleep(PAUSE);
                }
                read => return read,
            }
        }
        unreachable!("the loop returns")
    }

    fn read_stack(&self, dir: &Path, is_wanted: impl Fn(&[u8]) -> bool) -> Result<Refs> {
        let list = dir.join("tables.list");
        let names = regular_file::read(&list, LARGEST_LIST);
        let names = names.map_err(Error::storage("read", &list))?;
        let names = String::from_utf8_lossy(&names);
        let mut refs = Refs::new();
        for name in names.lines().filter(|name| !name.is_empty()) {
            let path = dir.join(name);
            if Path::new(name).file_name() != Some(name.as_ref()) {
                return Err(Error::Corrupt {
                    path: list,
                    what: format!("the name {name}"),
                    source: None,
                });
            }
            let bytes =
                regular_file::read(&path, LARGEST_TABLE).map_err(Error::storage("read", &path))?;
            let damaged = |what: &str| Error::Corrupt {
                path: path.clone(),
                what: what.to_owned(),
                source: None,
            };
            table::read(&bytes, self.hash, |name, stored| match stored {
                Some(stored) if is_wanted(name) => {
                    refs.insert(name.to_owned(), stored);
                }
                Some(_) => {}
                None => {
                    refs.remove(name);
                }
            })
            .map_err(damaged)?;
        }
        Ok(refs)
    }
}

/// The reason why a ref is broken, if it is.
fn broken(name: &[u8], stored: &StoredRef) -> Option<&'static str> {
    match &stored.value {
        _ if !is_valid(name) => Some("the name is not valid"),
        RefValue::Object(id) if id.is_null() => Some("its id is all zeros"),
        RefValue::Symbolic(target) if !is_valid(target) => Some("it points to an invalid name"),
        _ => None,
    }
}
