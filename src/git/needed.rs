//! What jobs need of a partial clone.

use std::sync::Arc;

use super::blame::BlameOptions;
use super::clone::CloneOptions;
use super::history::HistoryOptions;
use super::repo::Repo;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::ProgressSink;

/// A job that reads blobs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Needed {
    /// [`Repo::commits`] with these options.
    Commits(HistoryOptions),
    /// [`Repo::blame`] with these options.
    Blame(BlameOptions),
    /// Listing the files of revisions: directories, and no content.
    Trees,
    /// Checking out the files of `HEAD`.
    Files,
}

/// Brings what `needed` will read and a partial clone lacks, all together; returns how many objects were asked for. A
/// clone that is not partial lacks nothing that could be brought.
///
/// Of `options` the network, credentials, limits and threads count.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the other side, and those of the job itself about its options. What had
/// come before an error stays.
pub fn fetch_missing(
    repo: &Repo,
    needed: &Needed,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<u64> {
    #[cfg(feature = "http")]
    return super::missing::fetch_missing(repo, needed, options, progress, cancel);
    #[cfg(not(feature = "http"))]
    {
        let _ = (needed, options, progress, cancel);
        Err(crate::Error::unsupported(format!(
            "bringing what {} lacks: this GitFleet was built without the `http` feature",
            repo.path().display()
        )))
    }
}
