//! What clones and updates did.

use std::path::PathBuf;

use crate::git::id::ObjectId;
use crate::git_string::GitString;

/// What a finished clone looks like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloneOutcome {
    /// Where it lies.
    pub path: PathBuf,
    /// The commit `HEAD` is at; `None` if the repository has none yet.
    pub head: Option<ObjectId>,
    /// Bytes received; 0 for a local copy.
    pub received_bytes: u64,
    /// Where the other side sent us, if it did; without credentials.
    pub final_url: Option<String>,
    /// What the clone does not have although somebody might expect it.
    pub warnings: Vec<String>,
}

/// The bytes that a clone received, and the URL that redirects led to.
pub(super) struct Received {
    pub(super) bytes: u64,
    pub(super) final_url: Option<String>,
}

/// What became of a ref at an update.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RefChange {
    /// It is new.
    Created,
    /// It moved to a descendant of where it was.
    FastForwarded,
    /// It moved elsewhere: history was rewritten, or a tag moved.
    Rewritten,
    /// The other side has it no more.
    Deleted,
    /// It stays where it is here, because moving it was not allowed.
    Kept,
}

impl RefChange {
    /// All, in the order they are told in.
    pub const ALL: &'static [Self] = &[
        Self::Created,
        Self::FastForwarded,
        Self::Rewritten,
        Self::Deleted,
        Self::Kept,
    ];

    /// In a word or two.
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

/// A ref that an update touched.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RefUpdate {
    /// Full name.
    pub name: GitString,
    /// What became of it.
    pub change: RefChange,
    /// Where it was.
    pub old_id: Option<ObjectId>,
    /// Where it is now.
    pub new_id: Option<ObjectId>,
}

/// What an update did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UpdateOutcome {
    /// The clone.
    pub path: PathBuf,
    /// Its origin, without credentials.
    pub url: String,
    /// Refs that changed, by what became of them and then by name; empty if nothing did.
    pub refs: Vec<RefUpdate>,
    /// The commit `HEAD` is at now.
    pub head: Option<ObjectId>,
    /// The branch `HEAD` names now, if the other side's default moved.
    pub new_default_branch: Option<GitString>,
    /// The branch of the working tree, if it and its files moved to where the origin's is.
    pub forwarded_branch: Option<GitString>,
    /// Bytes received.
    pub received_bytes: u64,
    /// What was left as it is although somebody might expect otherwise.
    pub warnings: Vec<String>,
}

impl UpdateOutcome {
    /// Whether a branch moved to something that does not follow from where it was.
    pub fn was_rewritten(&self) -> bool {
        self.refs
            .iter()
            .any(|one| one.change == RefChange::Rewritten && !one.name.starts_with(b"refs/tags/"))
    }

    /// Whether anything changed at all.
    pub fn is_unchanged(&self) -> bool {
        self.refs.is_empty() && self.new_default_branch.is_none() && self.forwarded_branch.is_none()
    }
}
