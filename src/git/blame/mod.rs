//! Who last touched each line, for any set of files, in ONE walk over history.
//!
//! # The idea
//!
//! `git blame` asks per file: for each commit from the newest on, which of the lines I still look for did it pass on from
//! its parents? Asked for every file of a tree, nearly all of that work is repeated: the same commits, the same trees. Here
//! all files walk together. Each commit holds a map *path -> (blob, lines still to place)*, its suspects. Commits are
//! visited newest first, and:
//!
//! 1. The paths a commit did not change against its first parent move there as a whole map, without looking at any of them.
//! 2. Each other path looks for its origins, one parent after the other (`origins`): the same path, else a rename
//!    found for this one path alone. An origin with the same blob takes everything.
//! 3. The origins' blobs are compared with this blob (`diff::lines`); lines outside changed hunks move to the first origin
//!    that has them (`lines`). If the commit is to be ignored, lines inside move to what they most resemble (`guess`).
//! 4. What no origin took belongs to this commit. So does everything that reaches a commit without parents: a boundary.
//!
//! The answer for a line depends on neither the order of visits nor on what else is blamed: where dates are out of order, a
//! commit is visited again for the lines that came late. Cost is the number of changes in history, not files times commits.
//!
//! # Where the time goes, and who spends it
//!
//! Steps 2 and 3 (a path's *passage*) and the comparison of trees depend on blobs and trees only, not on which lines are
//! looked for. So workers do them ahead of the walk (`prefetcher`), for the paths under which lines are looked for at the time;
//! the walk itself moves numbers. What runs ahead is bounded by windows; a file is handed over, and forgotten, as soon as
//! its last line is placed.
//!
//! # Where things are
//!
//! `targets`, `ranges` and `git::worktree` say what is blamed; `commits` loads commits as the walk comes to them; `walk` is
//! the walk; `passage` puts `origins` and line diffs together; `report` makes rows.

mod commits;
mod guess;
mod lines;
mod options;
mod origins;
mod passage;
mod paths;
mod prefetcher;
mod ranges;
mod report;
mod rows;
mod start;
mod stream;
mod targets;
mod walk;

use std::sync::Arc;

use super::repo::Repo;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::ProgressSink;

pub use options::BlameOptions;
pub use rows::{BlameRow, FileBlame};
pub use stream::BlameStream;

impl Repo {
    /// Attributes every line of the chosen files to a commit, as `git blame` does.
    ///
    /// # Shape
    ///
    /// One [`FileBlame`] per file, as they are finished: files whose lines are young come first. The order is the same
    /// at every run and for any number of threads. Symlinks and binary files are blamed by lines like any other; submodules
    /// are left out. A chosen path that does not exist is that path's outcome, and comes before all others.
    ///
    /// # Errors
    ///
    /// [`RevisionNotFound`](crate::Error::RevisionNotFound); [`InvalidInput`](crate::Error::InvalidInput) for options that
    /// make no sense together; [`Corrupt`](crate::Error::Corrupt) if a commit or tree cannot be read;
    /// [`Cancelled`](crate::Error::Cancelled). A blob that is missing or damaged is the outcome of the files that
    /// need it. An error is the last item.
    ///
    /// # Cost
    ///
    /// One walk over history, however many files are asked for; it ends when the last line is placed. Progress counts
    /// lines.
    pub fn blame(
        &self,
        options: &BlameOptions,
        progress: Arc<dyn ProgressSink>,
        cancel: &CancelToken,
    ) -> Result<BlameStream> {
        start::start(self, options, progress, cancel)
    }
}
