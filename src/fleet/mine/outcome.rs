//! The outcome of a mined repository, and the file that stores it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::fleet::file_sum::FileSum;

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
    /// The size and the hash of each table's file.
    pub(in crate::fleet) files: BTreeMap<String, FileSum>,
    /// Warnings about the numbers: missing blobs, files that could not be blamed.
    pub warnings: Vec<String>,
    /// Wall time in seconds, including the clone.
    pub seconds: f64,
    /// True if an earlier run has mined it, and it has not changed since.
    #[serde(skip)]
    pub was_finished: bool,
}

/// Version of `outcome.json`.
pub(in crate::fleet) const OUTCOME_FORMAT: u32 = 1;
/// The file that describes the tables of a directory to other programs.
pub(in crate::fleet) const PACKAGE_FILE: &str = "datapackage.json";

/// The content of `outcome.json`.
#[derive(Deserialize, Serialize)]
pub(in crate::fleet) struct OutcomeFile {
    pub(in crate::fleet) format: u32,
    pub(in crate::fleet) url: String,
    pub(in crate::fleet) rev: String,
    pub(in crate::fleet) options_hash: String,
    pub(in crate::fleet) tool_version: String,
    #[serde(flatten)]
    pub(in crate::fleet) mined: Option<Mined>,
    pub(in crate::fleet) error: Option<Failure>,
}

#[derive(Deserialize, Serialize)]
pub(in crate::fleet) struct Failure {
    pub(in crate::fleet) kind: String,
    pub(in crate::fleet) message: String,
}
