//! The result of looking at files.

/// The number of files looked at, and what is wrong with them.
#[derive(Default)]
pub(super) struct Found {
    pub(super) files: u64,
    pub(super) problems: Vec<String>,
}
