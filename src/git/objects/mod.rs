//! Reading of objects. Missing objects are distinguished from damaged ones.
//!
//! An object in a pack is decoded by [`packs`], through a [`cache`] that all threads of one call
//! share. All other objects (in a file of their own, or in a pack that appeared after the call
//! began) are read by gix.

mod cache;
pub(crate) mod changed_paths;
mod delta;
mod loose;
mod object;
mod packs;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use gix::ObjectId;
use gix::objs::{Find, Kind};

use super::gix_error;
use super::view::View;
use crate::error::{Error, Result};
use crate::mutex::lock;
use cache::{ObjectCache, ObjectLocation};
use changed_paths::ChangedPaths;
#[cfg(feature = "http")]
pub(crate) use loose::has_object;
pub(crate) use loose::{find_header, find_object};
pub(crate) use object::Object;
use packs::{Fault, Packs, Scratch};

/// Ids of objects that were requested but are missing.
pub(crate) type MissingIds = Arc<Mutex<HashSet<ObjectId>>>;

/// Creates readers of one repository's objects, which share a cache.
#[derive(Clone)]
pub(crate) struct ObjectSource {
    shared: gix::ThreadSafeRepository,
    path: PathBuf,
    store: Arc<Store>,
    /// Kept as long as its files are read.
    _view: Option<Arc<View>>,
}

struct Store {
    /// The object directory of the repository, followed by those of its alternates.
    dirs: Vec<PathBuf>,
    packs: Packs,
    cache: ObjectCache,
    /// Replaced objects and their replacements (git-replace).
    replaced: HashMap<ObjectId, ObjectId>,
    /// False if objects are read as they are stored, not their replacements.
    replaces: bool,
    /// Additional objects, which are not stored in a repository.
    extra: HashMap<ObjectId, Object>,
    missed: Option<MissingIds>,
}

impl Store {
    fn note_missing(&self, id: ObjectId) {
        if let Some(missed) = &self.missed {
            let mut missed = lock(missed);
            missed.insert(id);
        }
    }
}

impl ObjectSource {
    /// `cache_bytes` limits the memory for decoded objects, for all readers together. `extra` are
    /// additional objects, which can be read like the objects of the repository. The ids of objects
    /// that are not found are added to `missed`. `replaced` has the replacements of objects; if it is
    /// `None`, objects are read as they are stored.
    pub(super) fn new(
        shared: &gix::ThreadSafeRepository,
        path: &Path,
        cache_bytes: usize,
        extra: HashMap<ObjectId, Object>,
        missed: Option<MissingIds>,
        view: Option<Arc<View>>,
        replaced: Option<HashMap<ObjectId, ObjectId>>,
    ) -> Result<Self> {
        let repo = shared.to_thread_local();
        let odb = repo.objects.store_ref();
        let mut dirs = vec![odb.path().to_owned()];
        let alternates = odb.alternate_db_paths();
        dirs.extend(alternates.map_err(gix_error::unreadable(
            path,
            "its alternate object directories",
        ))?);
        let store = Store {
            packs: Packs::open(&dirs, repo.object_hash())?,
            dirs,
            cache: ObjectCache::new(cache_bytes),
            replaces: replaced.is_some(),
            replaced: replaced.unwrap_or_default(),
            extra,
            missed,
        };
        Ok(Self {
            shared: shared.clone(),
            path: path.to_owned(),
            store: Arc::new(store),
            _view: view,
        })
    }

    /// Lowers the limit for decoded objects to `bytes`, unless it is already lower.
    pub(super) fn shrink_cache(&self, bytes: usize) {
        self.store.cache.shrink_to(bytes);
    }

    /// Creates a reader for the calling thread.
    pub(crate) fn objects(&self) -> Objects {
        let mut repo = self.shared.to_thread_local();
        repo.objects.ignore_replacements |= !self.store.replaces;
        Objects {
            repo,
            path: self.path.clone(),
            store: Arc::clone(&self.store),
            scratch: RefCell::default(),
        }
    }
}

/// Reads objects of one repository on one thread.
pub(crate) struct Objects {
    repo: gix::Repository,
    path: PathBuf,
    store: Arc<Store>,
    scratch: RefCell<Scratch>,
}

impl Objects {
    pub(super) fn repo(&self) -> &gix::Repository {
        &self.repo
    }

    /// Returns the changed-path filters for a commit-graph of `commits` commits. `None` if objects
    /// are replaced, because the filters do not take replacements into account.
    pub(super) fn changed_paths(&self, commits: u32) -> Option<ChangedPaths> {
        if !self.store.replaced.is_empty() {
            return None;
        }
        ChangedPaths::open(self.store.dirs.first()?, commits)
    }

    /// Reads an object; `None` if the repository does not have it.
    pub(super) fn read(&self, id: ObjectId) -> Result<Option<Object>> {
        let store = &*self.store;
        let id = store.replaced.get(&id).copied().unwrap_or(id);
        if let Some(object) = store.extra.get(&id) {
            return Ok(Some(object.clone()));
        }
        if id.is_empty_tree() {
            return Ok(Some(Object::new(Kind::Tree, Vec::new()))); // git does not need to store it
        }
        let mut scratch = self.scratch.borrow_mut();
        let place = match store.packs.find(&id, &mut scratch) {
            Some(ObjectLocation::Packed { pack, offset }) => {
                match store.packs.unpack(pack, offset, &store.cache, &mut scratch) {
                    Ok(object) => return Ok(Some(object)),
                    Err(Fault::BaseNotInPack) => ObjectLocation::Loose(id),
                    Err(Fault::Damaged(reason)) => {
                        let copy = self.intact_copy(id, &mut scratch);
                        return copy.map(Some).ok_or_else(|| {
                            gix_error::damaged(&self.path, format!("object {id}"), reason)
                        });
                    }
                }
            }
            _ => ObjectLocation::Loose(id),
        };
        if let Some(object) = store.cache.get(place) {
            return Ok(Some(object));
        }
        let mut bytes = Vec::new();
        let mut find = || {
            let found = self.repo.objects.try_find(&id, &mut bytes);
            let found = found.map_err(|error| {
                let machine = gix_error::machine(&error, &self.path);
                let damaged = || gix_error::damaged(&self.path, format!("object {id}"), &error);
                machine.unwrap_or_else(damaged)
            })?;
            Ok::<_, Error>(found.map(|found| (found.kind, found.data.len())))
        };
        let mut found = find()?;
        if found.is_none() && loose::has_file(&store.dirs, id)? {
            found = find()?;
            if found.is_none() {
                // gix takes a file whose metadata cannot be read for a missing one.
                let what = format!("object {id}, whose file exists");
                return Err(Error::storage("read", &self.path)(std::io::Error::other(
                    what,
                )));
            }
        }
        let Some((kind, len)) = found else {
            // An object that may be in an unreadable pack is not reported as missing.
            return match &store.packs.unreadable {
                Some((pack, reason)) => {
                    let what = format!("object {id}, which may be in pack {}", pack.display());
                    Err(gix_error::damaged(&self.path, what, reason))
                }
                None => {
                    store.note_missing(id);
                    Ok(None)
                }
            };
        };
        bytes.truncate(len);
        let object = Object::new(kind, bytes);
        store.cache.put(place, object.clone());
        Ok(Some(object))
    }

    /// Finds another copy of an object whose first copy is damaged. As in git, any
    /// intact copy is accepted.
    fn intact_copy(&self, id: ObjectId, scratch: &mut Scratch) -> Option<Object> {
        let Store { packs, cache, .. } = &*self.store;
        for (pack, offset) in packs.copies(id) {
            if let Ok(object) = packs.unpack(pack, offset, cache, scratch) {
                return Some(object);
            }
        }
        for dir in &self.store.dirs {
            let loose = gix::odb::loose::Store::at(dir, id.kind());
            let mut bytes = Vec::new();
            if let Ok(Some(found)) = loose.try_find(&id, &mut bytes) {
                let (kind, len) = (found.kind, found.data.len());
                bytes.truncate(len);
                return Some(Object::new(kind, bytes));
            }
        }
        None
    }

    /// Reads an object that must exist and have this kind.
    pub(super) fn require(&self, id: ObjectId, kind: Kind) -> Result<Object> {
        match self.read(id)? {
            Some(object) if object.kind == kind => Ok(object),
            Some(object) => {
                let found = object.kind;
                Err(self.corrupt(format!("object {id} is a {found}, expected a {kind}")))
            }
            None => Err(self.corrupt(format!("{kind} {id} is missing"))),
        }
    }

    /// Returns the size of an object in bytes, without decoding all of it; `None` if the repository
    /// does not have it.
    pub(super) fn size(&self, id: ObjectId) -> Result<Option<u64>> {
        Ok(self.header(id)?.map(|(_, size)| size))
    }

    /// Returns the kind of an object, and its size in bytes, without decoding all of it; `None` if the
    /// repository does not have it.
    pub(super) fn header(&self, id: ObjectId) -> Result<Option<(Kind, u64)>> {
        let store = &*self.store;
        let id = store.replaced.get(&id).copied().unwrap_or(id);
        if let Some(object) = store.extra.get(&id) {
            return Ok(Some((object.kind, object.len() as u64)));
        }
        {
            let mut scratch = self.scratch.borrow_mut();
            if let Some(ObjectLocation::Packed { pack, offset }) =
                store.packs.find(&id, &mut scratch)
                && let Some(header) = store.packs.header(pack, offset, &mut scratch)
            {
                return Ok(Some(header));
            }
        }
        match self.repo.try_find_header(id) {
            Ok(Some(header)) => Ok(Some((header.kind(), header.size()))),
            // It may be there all the same, and another copy of a damaged one may be intact.
            Ok(None) | Err(_) => Ok(self
                .read(id)?
                .map(|object| (object.kind, object.len() as u64))),
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
