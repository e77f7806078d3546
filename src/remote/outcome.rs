//! The results of clones and updates.

use std::path::PathBuf;

use crate::git::id::ObjectId;
use crate::git_string::GitString;

/// The result of a clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloneOutcome {
    /// The directory of the clone.
    pub path: PathBuf,
    /// The commit of `HEAD`; `None` if the repository has no commit yet.
    pub head: Option<ObjectId>,
    /// Bytes received; 0 for a local copy. Those of the files that a partial clone fetches for its
    /// working tree are not counted.
    pub received_bytes: u64,
    /// The URL that redirects led to, without credentials; `None` if there were no redirects.
    pub final_url: Option<String>,
    /// Warnings about content that the clone lacks, such as submodules.
    pub warnings: Vec<String>,
}

/// The bytes that a clone received, and the URL that redirects led to.
pub(super) struct Received {
    pub(super) bytes: u64,
    pub(super) final_url: Option<String>,
}

/// The change that an update made to a ref.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefChange {
    /// The ref is new.
    Created,
    /// The ref moved to a descendant of its old commit.
    FastForwarded,
    /// The ref moved to a commit that is not a descendant: history was rewritten, or a tag was
    /// moved.
    Rewritten,
    /// The ref was removed, because the remote no longer has it.
    Deleted,
    /// The ref was not moved: it is checked out, or its refspec does not force updates. The
    /// warnings name such refs; [`UpdateOutcome::refs`] does not contain them.
    Kept,
}

impl RefChange {
    /// All values, in the order in which they are reported.
    pub const ALL: &'static [Self] = &[
        Self::Created,
        Self::FastForwarded,
        Self::Rewritten,
        Self::Deleted,
        Self::Kept,
    ];

    /// Returns the name, in one or two words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::FastForwarded => "fast-forwarded",
            Self::Rewritten => "rewritten",
            Self::Deleted => "deleted",
            Self::Kept => "kept",
        }
    }
}

/// A ref that an update changed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RefUpdate {
    /// Full name.
    pub name: GitString,
    /// The change.
    pub change: RefChange,
    /// The old target; `None` if the ref is new.
    pub old_id: Option<ObjectId>,
    /// The new target; `None` if the ref was removed.
    pub new_id: Option<ObjectId>,
}

/// The result of an update.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdateOutcome {
    /// The directory of the clone.
    pub path: PathBuf,
    /// The URL of its origin, without credentials.
    pub url: String,
    /// The refs that changed; empty if none did. Removed refs come first.
    pub refs: Vec<RefUpdate>,
    /// The commit of `HEAD` after the update; `None` if there is none yet.
    pub head: Option<ObjectId>,
    /// The commit of the origin's `HEAD`; `None` if it has none, or if the clone does not have it.
    pub origin_head: Option<ObjectId>,
    /// The new branch of `HEAD`, if the remote's default branch changed. A clone with files follows
    /// it only if the files are overwritten; otherwise, a warning names it.
    pub new_default_branch: Option<GitString>,
    /// The branch of the working tree, if it and its files moved to the commit of the origin's
    /// branch.
    pub forwarded_branch: Option<GitString>,
    /// Bytes received; those of the files that a partial clone fetches for its working tree are not
    /// counted.
    pub received_bytes: u64,
    /// Warnings about refs and files that were not updated, with the reasons.
    pub warnings: Vec<String>,
}

impl UpdateOutcome {
    /// Returns true if a branch moved to a commit that is not a descendant of its old one.
    pub fn was_rewritten(&self) -> bool {
        self.refs
            .iter()
            .any(|one| one.change == RefChange::Rewritten && !one.name.starts_with(b"refs/tags/"))
    }

    /// Returns true if the update changed nothing.
    pub fn is_unchanged(&self) -> bool {
        self.refs.is_empty() && self.new_default_branch.is_none() && self.forwarded_branch.is_none()
    }
}
