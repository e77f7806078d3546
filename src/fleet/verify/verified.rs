//! The outcome of a verification.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A repository or a dataset that was verified.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// Its directory.
    pub path: PathBuf,
    /// The numbers of parts that were looked at: `refs`, `commits` and `files` of a repository;
    /// `repositories`, `tables` and `rows` of a dataset.
    pub counts: BTreeMap<String, u64>,
    /// Missing and damaged parts, one each; empty if it is whole.
    pub problems: Vec<String>,
    /// Repositories of the dataset that could not be mined. They do not make it less whole.
    pub warnings: Vec<String>,
}

impl Verified {
    /// Returns true if nothing is missing or damaged.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Counts by name.
pub(super) fn named(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    let counts = counts.iter();
    counts
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}
