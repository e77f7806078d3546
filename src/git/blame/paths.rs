//! Paths as numbers, and which of them still have lines to place.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::git::tree_diff::Paths;

/// Index of a path that some file has or had.
pub(super) type PathIndex = u32;

/// Every path that files had on the way.
#[derive(Default)]
pub(super) struct PathTable {
    paths: Vec<Vec<u8>>,
    index_of: HashMap<Vec<u8>, PathIndex>,
    /// At how many commits lines are looked for under this path.
    uses: Vec<u32>,
}

impl PathTable {
    pub(super) fn add(&mut self, path: &[u8]) -> PathIndex {
        if let Some(&index) = self.index_of.get(path) {
            return index;
        }
        let index = PathIndex::try_from(self.paths.len()).unwrap_or(PathIndex::MAX); // far fewer than four billion
        self.paths.push(path.to_owned());
        self.uses.push(0);
        self.index_of.insert(path.to_owned(), index);
        index
    }

    pub(super) fn find(&self, path: &[u8]) -> Option<PathIndex> {
        self.index_of.get(path).copied()
    }

    pub(super) fn path(&self, index: PathIndex) -> &[u8] {
        &self.paths[index as usize]
    }

    pub(super) fn all(&self) -> &[Vec<u8>] {
        &self.paths
    }

    pub(super) fn enter(&mut self, index: PathIndex) {
        self.uses[index as usize] += 1;
    }

    pub(super) fn leave(&mut self, index: PathIndex) {
        self.uses[index as usize] -= 1;
    }

    /// Whether lines are looked for under this path at any commit.
    pub(super) fn is_wanted(&self, path: &[u8]) -> bool {
        self.find(path)
            .is_some_and(|index| self.uses[index as usize] > 0)
    }
}

/// The few paths that a blame is about: the rest of a tree need not be compared.
pub(super) struct Few {
    paths: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u8>>,
}

impl Few {
    pub(super) fn new(paths: &[Vec<u8>]) -> Self {
        let slashes = |path: &[u8]| memchr::memchr_iter(b'/', path).collect::<Vec<_>>();
        let directories = paths
            .iter()
            .flat_map(|path| {
                slashes(path)
                    .into_iter()
                    .map(|slash| path[..slash].to_vec())
            })
            .collect();
        Self {
            paths: paths.iter().cloned().collect(),
            directories,
        }
    }
}

impl Paths for Arc<Few> {
    fn matches(&mut self, path: &[u8], _is_submodule: bool) -> bool {
        self.paths.contains(path)
    }

    fn may_match_in(&mut self, directory: &[u8]) -> bool {
        self.directories.contains(directory)
    }
}
