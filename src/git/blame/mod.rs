//! Finds the commit that last changed each line, for any set of files, in one walk over history.
//!
//! # The idea
//!
//! `git blame` works per file: for each commit from the newest on, it determines which of the
//! remaining lines came from the commit's parents. If it is run for every file of a tree, it reads
//! the same commits and the same trees again for each file. Here all files share one walk. Each
//! commit has a map *path -> (blob, lines not yet attributed)*, its suspects. A line is *placed*
//! when it is attributed to a commit. Commits are visited newest first, and:
//!
//! 1. The paths that a commit did not change against its first parent move to that parent together,
//!    as one map, without a look at each path.
//! 2. For each other path, the parents are searched for its origins, one after the other
//!    (`origins`): the same path, else a rename that is detected for this path alone. An origin
//!    with the same blob takes all lines.
//! 3. The origins' blobs are compared with the commit's blob (`diff::lines`); lines outside changed
//!    hunks move to the first origin that has them (`runs`). If the commit is to be ignored, lines
//!    inside hunks move to the lines that they resemble most (`guess`).
//! 4. Lines that no origin contains are attributed to this commit. A commit without parents is a
//!    boundary: all lines that reach it are attributed to it.
//!
//! The result for a line depends neither on the order of visits nor on the other files that are
//! blamed: if commit dates are out of order, a commit may receive lines after its visit, and is
//! then visited again. The cost depends on the number of changes in history, not on files times
//! commits.
//!
//! # Work in parallel
//!
//! Steps 2 and 3 (a path's *passage*) and the comparison of trees depend only on blobs and trees,
//! not on which lines are blamed. So workers do them ahead of the walk (`lookahead`), for the paths
//! that have lines to place at the time; the walk itself only moves line numbers. The number of
//! tasks in progress is limited (`git::window`). A file is returned, and its state dropped, as soon
//! as its last line is placed.
//!
//! # Modules
//!
//! `start` reads the options; `targets`, `ranges` and `git::worktree` determine what is blamed;
//! `commits` loads commits on demand; `walk` is the walk, which splits `runs` of lines between
//! parents; `passage` combines `origins` and line diffs; `report` makes rows.

mod commits;
mod guess;
mod lookahead;
mod options;
mod origins;
mod passage;
mod paths;
mod ranges;
mod report;
mod rows;
mod runs;
mod start;
mod stream;
mod targets;
mod walk;

use super::repo::Repo;
use crate::error::Result;

pub use options::BlameOptions;
pub use rows::{BlameRow, FileBlame};
pub use stream::BlameStream;

impl Repo {
    /// Attributes every line of the chosen files to a commit, as `git blame` does.
    ///
    /// # Shape
    ///
    /// One [`FileBlame`] per file, in the order in which they are finished: files whose lines are
    /// recent come first. The order is the same in every run and for any number of threads.
    /// Symlinks and binary files are blamed by lines like any other file; submodules are left out.
    /// A chosen path that does not exist gets a [`FileBlame`] with an error, before all others.
    ///
    /// # Errors
    ///
    /// [`RevisionNotFound`](crate::Error::RevisionNotFound);
    /// [`InvalidInput`](crate::Error::InvalidInput) for options that contradict each other;
    /// [`Corrupt`](crate::Error::Corrupt) if a commit or tree cannot be read;
    /// [`Cancelled`](crate::Error::Cancelled). A missing or damaged blob is an error in the
    /// [`FileBlame`] of each file that needs it. Any other error is returned by this call if the
    /// blame cannot start, or else is the last item.
    ///
    /// # Cost
    ///
    /// One walk over history, for any number of files; it ends when the last line is placed.
    /// Progress counts lines.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use gitfleet::git::{BlameOptions, OpenOptions, Repo};
    ///
    /// # fn main() -> gitfleet::Result<()> {
    /// let repo = Repo::open("ripgrep", &OpenOptions::new())?;
    /// for file in repo.blame(&BlameOptions::new().paths(["crates"]))? {
    ///     let file = file?;
    ///     for row in file.rows? {
    ///         println!("{} {}+{} {}", file.path, row.start_line, row.line_count, row.author.name);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn blame(&self, options: &BlameOptions) -> Result<BlameStream> {
        start::start(self, options)
    }
}
