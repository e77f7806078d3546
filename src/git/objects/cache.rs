//! A cache of decoded objects, shared by all threads of one call.
//!
//! Neighbouring commits share most trees, a commit's old blobs are the new blobs of its parent, and
//! most objects of a pack are deltas against another. So every decoded object is kept for a while,
//! for all threads: an object that one thread decoded is the delta base for the next object in
//! another thread.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::ObjectId;

use super::Object;
use crate::git::int_hash::IntHash;
use crate::mutex::lock;

/// Overhead of an entry, in bytes, in addition to its data.
const ENTRY_BYTES: usize = 128;

/// The location of an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum ObjectLocation {
    /// The number of the pack, and the offset of the entry in it.
    Packed { pack: usize, offset: u64 },
    /// Outside the packs that were found, usually in a file of its own.
    Loose(ObjectId),
}

/// Keeps the objects that were used last, in two generations of half the budget each. An object
/// that is found in the old generation moves to the young one. When the young one is full, it
/// replaces the old one, whose objects are dropped.
pub(super) struct ObjectCache {
    budget: AtomicUsize,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
struct Generation {
    packed: HashMap<u64, Object, IntHash>,
    loose: HashMap<ObjectId, Object>,
    bytes: usize,
}

impl ObjectCache {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget: AtomicUsize::new(budget),
            generations: Mutex::default(),
        }
    }

    /// Lowers the budget to `budget` bytes, unless it is already lower.
    pub(super) fn shrink_to(&self, budget: usize) {
        self.budget.fetch_min(budget, Ordering::Relaxed);
    }

    fn budget(&self) -> usize {
        self.budget.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, place: ObjectLocation) -> Option<Object> {
        let (found, dropped) = {
            let mut both = lock(&self.generations);
            if let Some(found) = both.young.get(place) {
                return Some(found);
            }
            let found = both.old.take(place)?;
            let dropped = both.put(place, found.clone(), self.budget());
            (found, dropped)
        };
        drop(dropped); // may free thousands of objects, so not while the lock is held
        Some(found)
    }

    pub(super) fn put(&self, place: ObjectLocation, object: Object) {
        let dropped = lock(&self.generations).put(place, object, self.budget());
        drop(dropped);
    }
}

impl Generations {
    /// Adds an object. Returns a generation that the caller should drop, if one was replaced.
    fn put(&mut self, place: ObjectLocation, object: Object, budget: usize) -> Option<Generation> {
        let bytes = object.len() + ENTRY_BYTES;
        let is_full = self.young.bytes + bytes > budget / 2;
        let dropped = is_full.then(|| {
            let full = std::mem::take(&mut self.young);
            std::mem::replace(&mut self.old, full)
        });
        self.young.put(place, object, bytes);
        dropped
    }
}

impl Generation {
    fn get(&self, place: ObjectLocation) -> Option<Object> {
        match place {
            ObjectLocation::Packed { pack, offset } => self.packed.get(&key(pack, offset)).cloned(),
            ObjectLocation::Loose(id) => self.loose.get(&id).cloned(),
        }
    }

    fn take(&mut self, place: ObjectLocation) -> Option<Object> {
        match place {
            ObjectLocation::Packed { pack, offset } => self.packed.remove(&key(pack, offset)),
            ObjectLocation::Loose(id) => self.loose.remove(&id),
        }
    }

    fn put(&mut self, place: ObjectLocation, object: Object, bytes: usize) {
        self.bytes += bytes;
        match place {
            ObjectLocation::Packed { pack, offset } => {
                self.packed.insert(key(pack, offset), object)
            }
            ObjectLocation::Loose(id) => self.loose.insert(id, object),
        };
    }
}

/// Combines pack number and offset. No pack is as large as 256 tebibytes, and no repository has
/// 65,536 packs.
fn key(pack: usize, offset: u64) -> u64 {
    ((pack as u64) << 48) ^ offset
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gix::objs::Kind;

    use super::*;

    #[test]
    fn cache_keeps_used_objects_within_its_budget() {
        let cache = ObjectCache::new(20 * (ENTRY_BYTES + 10));
        let place = |offset| ObjectLocation::Packed { pack: 0, offset };
        let object = || Object {
            kind: Kind::Blob,
            data: Arc::new(vec![0; 10]),
        };
        cache.put(place(0), object());
        for offset in 1..100 {
            cache.put(place(offset), object());
            assert!(cache.get(place(0)).is_some(), "used all the time");
        }
        let kept = (0..100)
            .filter(|&offset| cache.get(place(offset)).is_some())
            .count();
        assert!((10..=20).contains(&kept), "{kept}");
    }
}
