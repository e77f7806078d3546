//! A table that numbers paths, and counts the commits at which each path has lines to place.

use std::collections::HashMap;

/// Index of a path that a blamed file has or had.
pub(super) type PathIndex = u32;

/// Every path that the blamed files have had in the commits visited.
#[derive(Default)]
pub(super) struct PathTable {
    paths: Vec<Vec<u8>>,
    index_of: HashMap<Vec<u8>, PathIndex>,
    /// For each path, the number of commits at which it has lines to place.
    uses: Vec<u32>,
}

impl PathTable {
    pub(super) fn add(&mut self, path: &[u8]) -> PathIndex {
        if let Some(&index) = self.index_of.get(path) {
            return index;
        }
        // There are far fewer than four billion paths.
        let index = PathIndex::try_from(self.paths.len()).unwrap_or(PathIndex::MAX);
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

    /// Returns true if the path has lines to place at any commit.
    pub(super) fn is_wanted(&self, path: &[u8]) -> bool {
        self.find(path)
            .is_some_and(|index| self.uses[index as usize] > 0)
    }
}
