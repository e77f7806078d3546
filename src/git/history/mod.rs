//! Commits and the files they changed, with lines added and deleted: `git log --numstat`, in
//! parallel.
//!
//! The calling thread walks history. Chunks of commits are compared with their parents on the
//! repository's workers, and results are returned in walk order. The number of chunks in progress
//! is limited, so memory does not grow with history.

mod compare;
mod options;
mod rows;
mod stream;

pub(crate) use compare::signature;
pub use options::{DiffMerges, HistoryOptions, MergeCommits, MissingBlobs, Order, Renames};
pub use rows::{Change, ChangeKind, Commit, LineCounts, Signature};
pub use stream::CommitStream;

use super::repo::Repo;
use crate::error::Result;

impl Repo {
    /// Lists commits reachable from a revision, newest first as `git log` does, each with its
    /// changes.
    ///
    /// # Shape
    ///
    /// Each commit is listed once. The history of a shallow clone ends at its shallow boundary,
    /// without an error; the boundary commits count as roots, as in git.
    ///
    /// # Errors
    ///
    /// From this call: [`RevisionNotFound`](crate::Error::RevisionNotFound) if a revision does not
    /// exist, [`InvalidInput`](crate::Error::InvalidInput) if a pattern or path cannot be parsed,
    /// and, if commits are listed in advance (excluded revisions, topological order),
    /// [`Corrupt`](crate::Error::Corrupt) and [`Cancelled`](crate::Error::Cancelled).
    ///
    /// From the iterator, as its last item: [`Corrupt`](crate::Error::Corrupt) at the first commit
    /// or tree that cannot be read (or blob, with [`MissingBlobs::Error`]), and
    /// [`Cancelled`](crate::Error::Cancelled). Earlier items stay valid.
    ///
    /// # Cost
    ///
    /// Every changed blob is read. The results do not depend on the number of threads.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use gitfleet::git::{HistoryOptions, OpenOptions, Repo};
    ///
    /// # fn main() -> gitfleet::Result<()> {
    /// let repo = Repo::open("ripgrep", &OpenOptions::new())?;
    /// for commit in repo.commits(&HistoryOptions::new().paths(["crates"]))? {
    ///     let commit = commit?;
    ///     println!("{} {:?}", commit.id, commit.additions());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn commits(&self, options: &HistoryOptions) -> Result<CommitStream> {
        CommitStream::start(self, options, true)
    }

    /// As [`Self::commits`], but without reading blobs: no counts, and no renames.
    #[cfg(feature = "http")]
    pub(crate) fn commits_without_counts(&self, options: &HistoryOptions) -> Result<CommitStream> {
        let options = HistoryOptions {
            renames: Renames::Off,
            missing: MissingBlobs::AllowAny,
            ..options.clone()
        };
        CommitStream::start(self, &options, false)
    }
}
