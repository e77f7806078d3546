//! The rows of a blame.

use crate::error::Result;
use crate::git::history::Signature;
use crate::git::id::ObjectId;
use crate::git_string::GitString;

/// A run of lines that are attributed to one commit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlameRow {
    /// First line in the file, from 1.
    pub start_line: u32,
    /// Number of lines, at least 1.
    pub line_count: u32,
    /// The commit that introduced them; all zeros if they are not committed yet.
    pub commit_id: ObjectId,
    /// The path of the file in that commit.
    pub orig_path: GitString,
    /// First line in that commit's file, from 1.
    pub orig_start_line: u32,
    /// The author of that commit.
    pub author: Signature,
    /// True if the search ended at that commit: it is a root commit, at the boundary of a shallow
    /// clone, or outside of the range or `since`. The lines may be older than that commit.
    pub is_boundary: bool,
}

/// The result of one file.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileBlame {
    /// The path of the file in the repository.
    pub path: GitString,
    /// Rows in line order that cover each requested line once, empty for an empty file; or the
    /// reason why the file could not be blamed.
    pub rows: Result<Vec<BlameRow>>,
    /// The whole content of the file, if requested.
    pub content: Option<Vec<u8>>,
}
