//! The rows of a blame.

use crate::error::Result;
use crate::git::history::Signature;
use crate::git::id::ObjectId;
use crate::git_string::GitString;

/// A run of lines that one commit left as they are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlameRow {
    /// First line in the file, from 1.
    pub start_line: u32,
    /// Number of lines, at least 1.
    pub line_count: u32,
    /// The commit that brought them; all zeros if nobody committed them yet.
    pub commit_id: ObjectId,
    /// What the file was called in that commit.
    pub orig_path: GitString,
    /// First line in that commit's file, from 1.
    pub orig_start_line: u32,
    /// Who wrote that commit.
    pub author: Signature,
    /// Whether the search ended there: a root commit, the edge of a shallow clone, of a range or of `since`. The lines may be
    /// older than it.
    pub is_boundary: bool,
}

/// One file's answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileBlame {
    /// The file, as it stands in the repository.
    pub path: GitString,
    /// Rows in line order that cover each line asked for once; empty for an empty file. Or why this file has none.
    pub rows: Result<Vec<BlameRow>>,
    /// The file's bytes, all of them, if asked for.
    pub content: Option<Vec<u8>>,
}
