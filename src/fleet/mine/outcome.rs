//! The outcome of a mined repository, and the file that stores it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A mined repository.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mined {
    /// The directory with its tables.
    #[serde(skip)]
    pub path: PathBuf,
    /// The commit that was mined; `None` if the repository is empty.
    pub head: Option<String>,
    /// Number of rows per table.
    pub rows: BTreeMap<String, u64>,
    /// Warnings about the numbers: missing blobs, files that could not be blamed.
    pub warnings: Vec<String>,
    /// Wall time in seconds, including the clone.
    pub seconds: f64,
    /// True if an earlier run has mined it, and it has not changed since.
    #[serde(skip)]
    pub was_finished: bool,
}

/// The content of `outcome.json`.
#[derive(Deserialize, Serialize)]
pub(super) struct OutcomeFile {
    pub(super) format: u32,
    pub(super) url: String,
    pub(super) rev: String,
    pub(super) options_hash: String,
    pub(super) tool_version: String,
    #[serde(flatten)]
    pub(super) mined: Option<Mined>,
    pub(super) error: Option<Failure>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Failure {
    pub(super) kind: String,
    pub(super) message: String,
}
