//! Commits and the files they changed, with lines added and deleted: `git log --numstat`, in parallel.
//!
//! One thread walks; chunks of commits are compared with their parents on the repository's workers; results come back in
//! walk order. At most a window of chunks is under way, so memory does not grow with history.

mod compare;
mod options;
mod stream;

pub(crate) use compare::signature;
pub use options::{DiffMerges, HistoryOptions, MergeCommits, MissingBlobs, Order, Renames};
pub use stream::CommitStream;

use super::id::ObjectId;
use super::repo::Repo;
use super::time::Timestamp;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git_string::GitString;

/// Who did something, and when.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signature {
    /// In UTF-8 where the commit says how it is encoded, else as it is.
    pub name: GitString,
    /// As `name`, without the angle brackets.
    pub email: GitString,
    /// When.
    pub time: Timestamp,
    /// The name before the mailmap.
    pub raw_name: GitString,
    /// The e-mail before the mailmap.
    pub raw_email: GitString,
}

/// One commit and what it changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// The tree it records.
    pub tree_id: ObjectId,
    /// As recorded, in order; also those a shallow clone does not have.
    pub parent_ids: Vec<ObjectId>,
    /// Who wrote it.
    pub author: Signature,
    /// Who committed it.
    pub committer: Signature,
    /// The first paragraph on one line, as git's `%s`.
    pub summary: GitString,
    /// All of it, as git's `%B`.
    pub message: GitString,
    /// What it changed against the parents the policy compares with, parent by parent, in path order.
    pub changes: Vec<Change>,
}

impl Commit {
    /// Whether it has more than one parent.
    pub fn is_merge(&self) -> bool {
        self.parent_ids.len() > 1
    }

    /// Lines added in all its changes; `None` if a blob that is needed to count them is missing.
    pub fn additions(&self) -> Option<u64> {
        self.changes
            .iter()
            .map(|change| change.counts.additions_or_zero())
            .sum()
    }

    /// Lines deleted in all its changes; `None` if a blob that is needed to count them is missing.
    pub fn deletions(&self) -> Option<u64> {
        self.changes
            .iter()
            .map(|change| change.counts.deletions_or_zero())
            .sum()
    }
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It had another name.
    Renamed,
    /// It was made from a file that is still there.
    Copied,
    /// It became something else: a file a symlink, a symlink a submodule ...
    TypeChanged,
}

impl ChangeKind {
    /// The word in the `change_type` column.
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

/// Lines of one change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LineCounts {
    /// Text.
    Lines {
        /// Lines only the new side has.
        additions: u64,
        /// Lines only the old side has.
        deletions: u64,
    },
    /// git shows `-` for both: bytes or attributes say that it is no text.
    Binary,
    /// The repository does not have a blob that is needed, as in a partial clone.
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
    /// What the commit was compared with; `None` for a root commit.
    pub parent_id: Option<ObjectId>,
    /// Where the file is; where it was, if it is gone.
    pub path: GitString,
    /// Where a renamed file was, or what a copy was made from.
    pub old_path: Option<GitString>,
    /// What happened.
    pub kind: ChangeKind,
    /// As `100644`; `None` if it was not there.
    pub old_mode: Option<&'static str>,
    /// As `100644`; `None` if it is gone.
    pub new_mode: Option<&'static str>,
    /// The blob, or a submodule's commit.
    pub old_blob_id: Option<ObjectId>,
    /// The blob, or a submodule's commit.
    pub new_blob_id: Option<ObjectId>,
    /// Of a renamed or copied file, in percent.
    pub similarity: Option<u8>,
    /// Its lines.
    pub counts: LineCounts,
}

impl Repo {
    /// Lists commits reachable from a revision, newest first as `git log` does, each with its changes.
    ///
    /// # Shape
    ///
    /// One [`Commit`] per commit, each once. A shallow clone ends where its history ends, without an error; its last
    /// commits count as roots, as in git.
    ///
    /// # Errors
    ///
    /// Here: [`RevisionNotFound`](crate::Error::RevisionNotFound) if a revision names nothing,
    /// [`InvalidInput`](crate::Error::InvalidInput) for a pattern or path that cannot be read. While iterating, as the last
    /// item: [`Corrupt`](crate::Error::Corrupt) at the first commit or tree that cannot be read, or blob if
    /// [`MissingBlobs::Error`] is asked for, and [`Cancelled`](crate::Error::Cancelled). Items before stay valid.
    ///
    /// # Cost
    ///
    /// Every changed blob is read. Results do not depend on the number of threads.
    pub fn commits(&self, options: &HistoryOptions, cancel: &CancelToken) -> Result<CommitStream> {
        CommitStream::start(self, options, true, cancel)
    }

    /// The same without reading blobs: no counts, and no renames.
    #[cfg(feature = "http")]
    pub(crate) fn commits_without_counts(
        &self,
        options: &HistoryOptions,
        cancel: &CancelToken,
    ) -> Result<CommitStream> {
        let options = HistoryOptions {
            renames: Renames::Off,
            missing: MissingBlobs::AllowAny,
            ..options.clone()
        };
        CommitStream::start(self, &options, false, cancel)
    }
}
