//! Decoded objects that are likely to be asked for again, shared by all threads of one call.
//!
//! Neighbouring commits share most trees, a commit's old blobs are its parent's new ones, and most objects of a pack are
//! differences to another. So every decoded object stays for a while, once for all threads: a version that one thread
//! unpacked is the base from which another goes on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::ObjectId;

use super::Object;
use crate::git::int_hash::IntHash;

/// What an entry costs beside its bytes.
const ENTRY_BYTES: usize = 128;

/// Where an object lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum ObjectLocation {
    /// Number of the pack, and offset of the entry in it.
    Packed { pack: usize, offset: u64 },
    /// In a file of its own.
    Loose(ObjectId),
}

/// Keeps what was used last: two generations of half the budget each. What is found in the old one moves to the young
/// one; when that is full it becomes the old one, and the old one goes.
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

    /// From now on, not more than this is kept.
    pub(super) fn shrink_to(&self, budget: usize) {
        self.budget.fetch_min(budget, Ordering::Relaxed);
    }

    fn budget(&self) -> usize {
        self.budget.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, place: ObjectLocation) -> Option<Object> {
        let (found, dropped) = {
            let mut both = self
                .generations
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = both.young.get(place) {
                return Some(found);
            }
            let found = both.old.take(place)?;
            let dropped = both.put(place, found.clone(), self.budget());
            (found, dropped)
        };
        drop(dropped); // thousands of objects: not while others wait
        Some(found)
    }

    pub(super) fn put(&self, place: ObjectLocation, object: Object) {
        let dropped = self
            .generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .put(place, object, self.budget());
        drop(dropped);
    }
}

impl Generations {
    /// Returns a generation that is to be dropped.
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

/// No pack is as large as 256 tebibytes, and no repository has 65,536 of them.
fn key(pack: usize, offset: u64) -> u64 {
    ((pack as u64) << 48) ^ offset
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gix::objs::Kind;

    use super::*;

    #[test]
    fn what_is_used_stays_and_the_budget_holds() {
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
