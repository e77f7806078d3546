//! Commits and the files they changed, with lines added and deleted: `git log --numstat`, in parallel.
//!
//! One thread walks; chunks of commits are compared with their parents on the repository's workers; results come back in
//! walk order. At most a window of chunks is under way, so memory does not grow with history.

mod compare;
mod stream;

pub(crate) use compare::signature;
pub use stream::CommitStream;

use serde::Serialize;

use super::id::ObjectId;
use super::pattern::PatternSyntax;
use super::repo::Repo;
use super::time::Timestamp;
use crate::cancel::CancelToken;
use crate::error::Result;

/// Whether renamed files are paired.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renames {
    /// As git's default: from 50 % similarity, for at most 1000 x 1000 candidates.
    #[default]
    On,
    /// The same, and an added file may be a copy of one that the commit changed: git's `-C`.
    Copies,
    /// A renamed file is one deleted and one added.
    Off,
}

/// What a merge commit is compared with.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Merges {
    /// Nothing: a merge has no changes and counts no lines.
    None,
    /// Its first parent.
    FirstParent,
    /// Each parent in turn; its counts are the sums.
    EachParent,
}

/// Whether merges are listed, as commits.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MergeCommits {
    /// With the others.
    #[default]
    Include,
    /// Not at all: git's `--no-merges`.
    Exclude,
    /// Nothing else: git's `--merges`.
    Only,
}

/// In which order commits are listed.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As `git log`: newest committer date first.
    #[default]
    Date,
    /// As `git log --topo-order`: children before all their parents, lines of history not mixed. All commits are found
    /// before the first is listed.
    Topo,
}

/// What is done about a blob that the repository does not have, as in a partial clone.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingBlobs {
    /// Its change has no counts: see [`LineCounts::Missing`].
    #[default]
    Allow,
    /// It is an error.
    Error,
}

/// Which commits to list, and how to count their lines.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct HistoryOptions {
    /// Where to start and what to leave out: `main`, `v1..v2`, `^old`, `a...b` ... Several add up. None is `HEAD`.
    pub revisions: Vec<String>,
    /// Start at every ref and `HEAD`, beside `revisions`.
    pub all_refs: bool,
    /// Only commits that change these, and of those only the changes to these: pathspecs in git's syntax, relative to the
    /// top of the repository. History is simplified as in git: a merge that took all of one parent's version is that
    /// parent, unless `merges` asks what merges changed. None is everything.
    pub paths: Vec<Vec<u8>>,
    /// Only commits whose committer date is at or after this, in seconds since the Unix epoch. As in git, history behind
    /// an older commit is not looked at.
    pub since: Option<i64>,
    /// Only commits whose committer date is at or before this, in seconds since the Unix epoch.
    pub until: Option<i64>,
    /// Only commits whose author, as `Name <email>` after the mailmap, matches one of these patterns. None is all.
    pub authors: Vec<String>,
    /// Only commits whose committer matches one of these patterns. None is all.
    pub committers: Vec<String>,
    /// Only commits with a line in their message that matches one of these patterns. None is all.
    pub grep: Vec<String>,
    /// How these patterns are written.
    pub pattern_syntax: PatternSyntax,
    /// Whether they match whatever the case.
    pub ignore_case: bool,
    /// Whether merges are listed.
    pub merge_commits: MergeCommits,
    /// Leave out so many of the first commits.
    pub skip: u64,
    /// At most so many commits, the first ones in order.
    pub max_count: Option<u64>,
    /// In which order.
    pub order: Order,
    /// Follow only the first parent of each merge.
    pub first_parent: bool,
    /// Whether renamed files are paired.
    pub renames: Renames,
    /// What merges are compared with. `None` is git's default: nothing, or the first parent with `first_parent`.
    pub merges: Option<Merges>,
    /// What is done about blobs that are not there.
    pub missing: MissingBlobs,
    /// Keep names and e-mails as committed instead of resolving them through the mailmap.
    pub raw_identities: bool,
}

impl HistoryOptions {
    /// What merges are compared with, the default resolved. As in git, whoever follows first parents compares with those.
    pub fn merge_policy(&self) -> Merges {
        match (self.merges, self.first_parent) {
            (None, false) => Merges::None,
            (None | Some(Merges::EachParent), true) => Merges::FirstParent,
            (Some(merges), _) => merges,
        }
    }

    /// Whether the caller asked for the changes of merges. As in git, merges are not simplified away then.
    fn compares_merges(&self) -> bool {
        matches!(self.merges, Some(Merges::FirstParent | Merges::EachParent))
    }
}

/// Who did something, and when.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signature {
    /// In UTF-8 where the commit says how it is encoded, else as it is.
    pub name: Vec<u8>,
    /// As `name`, without the angle brackets.
    pub email: Vec<u8>,
    /// When.
    pub time: Timestamp,
    /// The name before the mailmap.
    pub raw_name: Vec<u8>,
    /// The e-mail before the mailmap.
    pub raw_email: Vec<u8>,
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
    pub summary: Vec<u8>,
    /// All of it, as git's `%B`.
    pub message: Vec<u8>,
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
    pub path: Vec<u8>,
    /// Where a renamed file was, or what a copy was made from.
    pub old_path: Option<Vec<u8>>,
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
            missing: MissingBlobs::Allow,
            ..options.clone()
        };
        CommitStream::start(self, &options, false, cancel)
    }
}
