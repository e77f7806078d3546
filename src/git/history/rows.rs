//! Commits and their changed files, as calls return them.

use crate::git::id::ObjectId;
use crate::git::time::Timestamp;
use crate::git_string::GitString;

/// The author or committer of a commit, with the time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Signature {
    /// The name, resolved through the mailmap; in UTF-8 if the commit states its encoding, else as
    /// recorded.
    pub name: GitString,
    /// The e-mail, resolved through the mailmap; encoded as `name`, without the angle brackets.
    pub email: GitString,
    /// The time, as recorded.
    pub time: Timestamp,
    /// The name before it is resolved through the mailmap.
    pub raw_name: GitString,
    /// The e-mail before it is resolved through the mailmap.
    pub raw_email: GitString,
}

/// A commit and its changes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit {
    /// The id of the commit.
    pub id: ObjectId,
    /// The id of its tree.
    pub tree_id: ObjectId,
    /// The ids of its parents, as recorded and in order, including those that a shallow clone does
    /// not have.
    pub parent_ids: Vec<ObjectId>,
    /// The author.
    pub author: Signature,
    /// The committer.
    pub committer: Signature,
    /// The first paragraph of the message on one line, as git's `%s`.
    pub summary: GitString,
    /// The whole message, as git's `%B`.
    pub message: GitString,
    /// Changes against the parents that
    /// [`diff_merges`](field@super::HistoryOptions::diff_merges) selects, parent by parent, in path
    /// order.
    pub changes: Vec<Change>,
}

impl Commit {
    /// Returns true if the commit has more than one parent.
    pub fn is_merge(&self) -> bool {
        self.parent_ids.len() > 1
    }

    /// Returns the lines added in all changes; `None` if a blob that is needed for counting is
    /// missing.
    pub fn additions(&self) -> Option<u64> {
        self.changes
            .iter()
            .map(|change| change.counts.additions_or_zero())
            .sum()
    }

    /// Returns the lines deleted in all changes; `None` if a blob that is needed for counting is
    /// missing.
    pub fn deletions(&self) -> Option<u64> {
        self.changes
            .iter()
            .map(|change| change.counts.deletions_or_zero())
            .sum()
    }
}

/// The kind of change of a file.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// The file is new.
    Added,
    /// The content or mode changed.
    Modified,
    /// The file was deleted.
    Deleted,
    /// The file was renamed.
    Renamed,
    /// The file is a copy of another file that still exists.
    Copied,
    /// The type of the file changed, as from a file to a symlink or from a symlink to a submodule.
    TypeChanged,
}

impl ChangeKind {
    /// Returns the name in the `change_type` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
            Self::Copied => "copied",
            Self::TypeChanged => "type_changed",
        }
    }
}

/// The line counts of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LineCounts {
    /// The counts of a text file.
    Lines {
        /// Lines that only the new side has.
        additions: u64,
        /// Lines that only the old side has.
        deletions: u64,
    },
    /// The file is not text, according to its bytes or attributes; git shows `-` for both counts.
    Binary,
    /// The repository lacks a blob that is needed, as in a partial clone.
    Missing,
}

impl LineCounts {
    fn additions_or_zero(self) -> Option<u64> {
        match self {
            Self::Lines { additions, .. } => Some(additions),
            Self::Binary => Some(0),
            Self::Missing => None,
        }
    }

    fn deletions_or_zero(self) -> Option<u64> {
        match self {
            Self::Lines { deletions, .. } => Some(deletions),
            Self::Binary => Some(0),
            Self::Missing => None,
        }
    }
}

/// One file that a commit changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change {
    /// The parent that the commit was compared with; `None` for a root commit.
    pub parent_id: Option<ObjectId>,
    /// The path of the file; for a deleted file, its last path.
    pub path: GitString,
    /// The old path of a renamed file, or the path of the source of a copy; `None` for other
    /// changes.
    pub old_path: Option<GitString>,
    /// The kind of change.
    pub kind: ChangeKind,
    /// The old mode in octal, as `100644`; `None` for an added file.
    pub old_mode: Option<&'static str>,
    /// The new mode in octal, as `100644`; `None` for a deleted file.
    pub new_mode: Option<&'static str>,
    /// The id of the old blob, or of the old commit of a submodule; `None` for an added file.
    pub old_blob_id: Option<ObjectId>,
    /// The id of the new blob, or of the new commit of a submodule; `None` for a deleted file.
    pub new_blob_id: Option<ObjectId>,
    /// The similarity of a renamed or copied file to its source, in percent; `None` for other
    /// changes.
    pub similarity: Option<u8>,
    /// The line counts.
    pub counts: LineCounts,
}
