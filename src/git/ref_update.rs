//! What an update of a clone does to its refs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clone::CloneOptions;
use super::id::ObjectId;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::ProgressSink;

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
    pub name: Vec<u8>,
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
    pub new_default_branch: Option<Vec<u8>>,
    /// The branch of the working tree, if it and its files moved to where the origin's is.
    pub forwarded_branch: Option<Vec<u8>>,
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

/// Fetches what is new at the origin of the repository at `path`, moves its refs there, and removes those that are gone.
///
/// Refs move by force, as a mirror of the other side should; [`UpdateOutcome::was_rewritten`] tells. `HEAD` of a bare clone
/// follows the other side's default branch. In a clone with files, these and the branch they show follow as
/// [`UpdateFiles`](super::UpdateFiles) has it, and other branches stay; what stands in the way is a warning. If nothing changed, only the list of refs is asked for.
///
/// Of `options` the network, credentials, limits and threads count; the rest is in the clone's own configuration.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the other side, [`Error::RepositoryNotFound`](crate::Error::RepositoryNotFound) if there is none at `path`,
/// [`Error::Unsupported`](crate::Error::Unsupported) if it has no origin or its origin is a path. Refs are as they were then.
pub fn update_repo(
    path: &Path,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<UpdateOutcome> {
    #[cfg(feature = "http")]
    return super::update::update(path, options, progress, cancel);
    #[cfg(not(feature = "http"))]
    {
        let _ = (options, progress, cancel);
        Err(crate::Error::unsupported(format!(
            "updating {}: this GitFleet was built without the `http` feature",
            path.display()
        )))
    }
}
