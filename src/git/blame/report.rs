//! Converts placed runs to rows: sorted, joined, and with the authors of their commits.

use std::collections::HashMap;

use gix::objs::Kind;

use super::commits::CommitIndex;
use super::passage::blob;
use super::rows::{BlameRow, FileBlame};
use super::walk::{AttributedRun, BlameWalk};
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::commit::{CommitObject, in_utf8};
use crate::git::diff::tree::Side;
use crate::git::history::{Signature, signature};
use crate::git::id::ObjectId as Id;
use crate::git::mailmap::Mailmap;
use crate::git::worktree::not_committed_yet;

/// A file that is being blamed.
pub(super) struct RequestedFile {
    pub(super) path: Vec<u8>,
    pub(super) side: Side,
    /// Number of lines to blame.
    pub(super) lines: u64,
}

/// Makes rows, and caches the authors of commits.
pub(super) struct Reporter {
    pub(super) mailmap: Mailmap,
    pub(super) with_content: bool,
    pub(super) authors: HashMap<CommitIndex, Signature>,
}

impl Reporter {
    pub(super) fn file(
        &mut self,
        walk: &BlameWalk,
        asked: &RequestedFile,
        placed: std::result::Result<Vec<AttributedRun>, String>,
    ) -> Result<FileBlame> {
        let rows = match placed {
            Ok(placed) => self.rows(walk, asked, placed),
            Err(what) => Err(add_file_name(&asked.path, walk.objects().corrupt(what))),
        };
        let mut file = FileBlame {
            path: asked.path.clone().into(),
            rows,
            content: None,
        };
        if self.with_content && file.rows.is_ok() {
            match blob(walk.objects(), asked.side.id) {
                Ok(content) => file.content = Some(content.to_vec()),
                Err(error) => file.rows = Err(add_file_name(&asked.path, error)),
            }
        }
        match file.rows {
            Err(error) if !concerns_one_file(&error) => Err(error),
            rows => Ok(FileBlame { rows, ..file }),
        }
    }

    fn rows(
        &mut self,
        walk: &BlameWalk,
        asked: &RequestedFile,
        mut placed: Vec<AttributedRun>,
    ) -> Result<Vec<BlameRow>> {
        placed.sort_unstable_by_key(|placed| placed.run.final_line);
        let mut rows = Vec::new();
        let (mut next_line, mut lines) = (0, 0);
        for group in placed.chunk_by(is_adjacent) {
            let row = self.row(walk, group)?;
            // A lost or duplicated line would be a wrong answer, so it is reported as an error of
            // this file.
            if row.start_line <= next_line {
                return Err(lost_lines(asked));
            }
            next_line = row.start_line + row.line_count - 1;
            lines += u64::from(row.line_count);
            rows.push(row);
        }
        if lines == asked.lines {
            Ok(rows)
        } else {
            Err(lost_lines(asked))
        }
    }

    fn row(&mut self, walk: &BlameWalk, group: &[AttributedRun]) -> Result<BlameRow> {
        let first = group[0];
        Ok(BlameRow {
            start_line: first.run.final_line + 1,
            line_count: group.iter().map(|placed| placed.run.len).sum(),
            commit_id: Id(walk.commits.id(first.commit)),
            orig_path: walk.paths.path(first.path).into(),
            orig_start_line: first.run.line + 1,
            author: self.author(walk, first.commit)?,
            is_boundary: walk.commits.is_boundary(first.commit),
        })
    }

    fn author(&mut self, walk: &BlameWalk, commit: CommitIndex) -> Result<Signature> {
        if let Some(author) = self.authors.get(&commit) {
            return Ok(author.clone());
        }
        let (id, objects) = (walk.commits.id(commit), walk.objects());
        let author = if id.is_null() {
            not_committed_yet()
        } else {
            let data = objects.require(id, Kind::Commit)?;
            let data = in_utf8(&data);
            let parsed = CommitObject::parse(&data);
            let parsed =
                parsed.ok_or_else(|| objects.corrupt(format!("commit {id} cannot be decoded")))?;
            signature(&parsed.author, &self.mailmap)
        };
        self.authors.insert(commit, author.clone());
        Ok(author)
    }
}

/// Returns true if an error concerns one file only, not the whole blame. A failure of the machine
/// concerns the blame: it is not a fact about the file.
pub(super) fn concerns_one_file(error: &Error) -> bool {
    match error {
        Error::Corrupt { .. } | Error::PathNotFound { .. } | Error::Internal { .. } => true,
        Error::Storage { source, .. } => {
            source.raw_os_error().is_none() || is_absence(source.kind())
        }
        _ => false,
    }
}

/// Adds the name of the file to an error about a corrupt repository.
pub(super) fn add_file_name(path: &[u8], error: Error) -> Error {
    match error {
        Error::Corrupt {
            path: repo,
            what,
            source,
        } => {
            let partial = if what.ends_with("is missing") {
                " (a partial clone?)"
            } else {
                ""
            };
            let file = String::from_utf8_lossy(path);
            Error::Corrupt {
                path: repo,
                what: format!("{what}{partial}, and blame of {file} needs it"),
                source,
            }
        }
        error => error,
    }
}

fn lost_lines(asked: &RequestedFile) -> Error {
    let path = String::from_utf8_lossy(&asked.path);
    Error::internal(format!("lines of {path} were not attributed exactly once"))
}

/// Returns true if `b` directly follows `a`, both in the blamed file and in the commit.
fn is_adjacent(a: &AttributedRun, b: &AttributedRun) -> bool {
    a.commit == b.commit
        && a.path == b.path
        && a.run.final_line + a.run.len == b.run.final_line
        && a.run.line + a.run.len == b.run.line
}
