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
//! looked for. So workers do them ahead of the walk (`ahead`), for the paths under which lines are looked for at the time;
//! the walk itself moves numbers. What runs ahead is bounded by windows; a file is handed over, and forgotten, as soon as
//! its last line is placed.
//!
//! # Where things are
//!
//! `targets`, `ranges` and `git::worktree` say what is blamed; `commits` loads commits as the walk comes to them; `walk` is
//! the walk; `passage` puts `origins` and line diffs together; `report` makes rows.

mod ahead;
mod commits;
mod guess;
mod lines;
mod origins;
mod passage;
mod paths;
mod ranges;
mod report;
mod start;
mod targets;
mod walk;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::history::Signature;
use super::id::ObjectId;
use super::repo::Repo;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::{Phase, Progress, ProgressSink};

/// What to blame, and how.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BlameOptions {
    /// At which revision; `None` is `HEAD`. A range (`v1..v2`) looks no further back than its start: lines that are older
    /// stand on the commit at its edge, as a boundary.
    pub revision: Option<String>,
    /// Blame the files of the working tree, as they are on disk; lines that differ from `HEAD` stand on the zero id.
    pub working_tree: bool,
    /// Files and directories as they stand in the repository, with `/`; `None` is every file.
    pub paths: Option<Vec<Vec<u8>>>,
    /// Only these lines of the one file that is blamed: git's `-L`, such as `10,20`, `10,+5` or `/start/,/end/`. Empty is
    /// all lines.
    pub line_ranges: Vec<String>,
    /// Compare lines without their white space: git's `-w`.
    pub ignore_whitespace: bool,
    /// Commits to look past: git's `--ignore-rev`. Their lines go to the lines they most resemble.
    pub ignored_revisions: Vec<String>,
    /// Files that list such commits, an id a line: git's `--ignore-revs-file`.
    pub ignored_revisions_files: Vec<PathBuf>,
    /// Look past what the repository's `blame.ignoreRevsFile` lists, too.
    pub use_configured_ignores: bool,
    /// Follow only the first parent of merges.
    pub first_parent: bool,
    /// Commits older than this, in seconds since the Unix epoch, are boundaries.
    pub since: Option<i64>,
    /// Keep names and e-mails as committed instead of resolving them through the mailmap.
    pub raw_identities: bool,
    /// Fill [`FileBlame::content`].
    pub with_content: bool,
}

/// A run of lines that one commit left as they are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlameRow {
    /// First line in the file, from 1.
    pub start_line: u32,
    /// Number of lines, at least 1.
    pub line_count: u32,
    /// The commit that brought them; all zeros if nobody committed them yet.
    pub commit_id: ObjectId,
    /// What the file was called in that commit.
    pub orig_path: Vec<u8>,
    /// First line in that commit's file, from 1.
    pub orig_start_line: u32,
    /// Who wrote that commit.
    pub author: Signature,
    /// Whether the search ended there: a root commit, the edge of a shallow clone, of a range or of `since`. The lines may be
    /// older than it.
    pub is_boundary: bool,
}

/// One file's answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileBlame {
    /// The file, as it stands in the repository.
    pub path: Vec<u8>,
    /// Rows in line order that cover each line asked for once; empty for an empty file. Or why this file has none.
    pub rows: Result<Vec<BlameRow>>,
    /// The file's bytes, all of them, if asked for.
    pub content: Option<Vec<u8>>,
}

/// The files of [`Repo::blame`], each as soon as its last line is placed. Dropping it stops the work.
pub struct BlameStream {
    walk: walk::BlameWalk,
    asked: Vec<report::Asked>,
    failed: VecDeque<FileBlame>,
    reporter: report::Reporter,
    subject: String,
    progress: Arc<dyn ProgressSink>,
    steps: u64,
    cancel: CancelToken,
    /// Stops what runs ahead when nobody waits for it any more.
    stop: CancelToken,
    has_ended: bool,
}

impl std::fmt::Debug for BlameStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlameStream")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

impl Drop for BlameStream {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Iterator for BlameStream {
    type Item = Result<FileBlame>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(failed) = self.failed.pop_front() {
            return Some(Ok(failed));
        }
        if self.has_ended {
            return None;
        }
        let file = self.next_file().transpose();
        self.has_ended = !matches!(file, Some(Ok(_)));
        file
    }
}

impl BlameStream {
    /// Commits between two progress events.
    const PROGRESS_STEP: u64 = 256;

    fn next_file(&mut self) -> Result<Option<FileBlame>> {
        let finished = self.walk.next_finished(&self.cancel, |walk| {
            self.steps += 1;
            if self.steps.is_multiple_of(Self::PROGRESS_STEP) {
                let (done, total) = walk.progress();
                self.progress.progress(Progress {
                    subject: self.subject.clone(),
                    phase: Phase::Blame,
                    done,
                    total: Some(total),
                    bytes: 0,
                });
            }
        })?;
        Ok(finished.map(|finished| {
            let asked = &self.asked[finished.file as usize];
            self.reporter.file(&self.walk, asked, finished.placed)
        }))
    }
}

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
