//! The result of looking at files.

/// The number of files looked at, and their problems.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: u64,
    pub(super) problems: Vec<String>,
}
