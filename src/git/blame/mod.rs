//! Who last touched each line, for any set of files, in ONE walk over history.
//!
//! # The idea
//!
//! `git blame` asks per file: for each commit from the newest on, which of the lines I still look for did it pass on from
//! its parents? Asked for every file of a tree, nearly all of that work is repeated: the same commits, the same trees. Here
//! all files walk together. Each commit holds a map *path -> (blob, lines still to place)*, its suspects. Commits are
//! visited children first, so a commit's map is complete when its turn comes, and then:
//!
//! 1. The paths it did not change against its first parent move there as a whole map, without looking at any of them.
//! 2. Each other path looks for its origins, one parent after the other (`origins`): the same path, else a rename
//!    found for this one path alone. An origin with the same blob takes everything.
//! 3. The origins' blobs are compared with this blob (`lines`); lines outside changed hunks move to the first origin that
//!    has them.
//! 4. What no origin took belongs to this commit. So does everything that reaches a commit without parents: a boundary.
//!
//! The answer for a line depends on neither the order of visits (as long as children come first) nor on what else is
//! blamed. Cost is the number of changes in history, not files times commits.
//!
//! # Where things are
//!
//! `history` lists commits in visiting order; tree diffs against first parents run ahead of the walk on the workers;
//! `engine` walks; `origins` holds git's rules for where a path came from, `lines` those for where a line did.

mod engine;
mod history;
mod lines;
mod origins;
mod report;

use super::commits::Signature;
use super::id::ObjectId;
use super::repo::Repo;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::progress::ProgressSink;

/// What to blame.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BlameOptions {
    /// At which revision; `None` is `HEAD`.
    pub revision: Option<String>,
    /// Files and directories as they stand in the repository, with `/`; `None` is every file.
    pub paths: Option<Vec<Vec<u8>>>,
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
    /// The commit that brought them.
    pub commit_id: ObjectId,
    /// What the file was called in that commit.
    pub orig_path: Vec<u8>,
    /// First line in that commit's file, from 1.
    pub orig_start_line: u32,
    /// Who wrote that commit.
    pub author: Signature,
    /// Whether history ends there: a root commit, or the edge of a shallow clone. The lines may be older than it.
    pub is_boundary: bool,
}

/// One file's answer.
#[derive(Debug)]
#[non_exhaustive]
pub struct FileBlame {
    /// The file, as it stands in the repository.
    pub path: Vec<u8>,
    /// Rows in line order that cover each line once; empty for an empty file. Or why this file has none.
    pub rows: Result<Vec<BlameRow>>,
    /// The file's bytes, if asked for.
    pub content: Option<Vec<u8>>,
}

/// The files of [`Repo::blame`], in path order.
#[derive(Debug)]
pub struct BlameStream {
    files: std::vec::IntoIter<FileBlame>,
}

impl Iterator for BlameStream {
    type Item = Result<FileBlame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.files.next().map(Ok)
    }
}

impl Repo {
    /// Attributes every line of the chosen files to a commit, as `git blame` does.
    ///
    /// # Shape
    ///
    /// One [`FileBlame`] per file, in path order. Symlinks and binary files are blamed by lines like any other; submodules
    /// are left out. A chosen path that does not exist is that path's outcome.
    ///
    /// # Errors
    ///
    /// [`RevisionNotFound`](crate::Error::RevisionNotFound), [`Corrupt`](crate::Error::Corrupt) if a commit or tree cannot be
    /// read, [`Cancelled`](crate::Error::Cancelled). A blob that is missing or damaged is the outcome of the files that
    /// need it.
    ///
    /// # Cost
    ///
    /// One walk over all history, however many files are asked for. Progress counts commits.
    pub fn blame(
        &self,
        options: &BlameOptions,
        progress: &dyn ProgressSink,
        cancel: &CancelToken,
    ) -> Result<BlameStream> {
        let revision = options.revision.as_deref().unwrap_or("HEAD");
        let tip = self.rev_parse(revision)?;
        let source = self.object_source()?;
        let objects = source.objects();
        let history = history::History::load(&source, tip.0, cancel)?;
        let targets = engine::Targets::find(
            &objects,
            history.tree(0),
            revision,
            options.paths.as_deref(),
        )?;
        let placed = engine::Engine::new(self, &history, source, targets, cancel).run(progress)?;
        let files = report::files(self, objects, &history, placed, options)?;
        Ok(BlameStream {
            files: files.into_iter(),
        })
    }
}
