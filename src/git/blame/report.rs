//! From placed runs to rows: sorted, joined, with their commits' authors.

use std::collections::HashMap;

use gix::objs::Kind;

use super::engine::{Placed, Placement};
use super::history::{CommitIndex, History};
use super::{BlameOptions, BlameRow, FileBlame};
use crate::error::{Error, Result};
use crate::git::commit_object::CommitObject;
use crate::git::commits::{Signature, signature};
use crate::git::id::ObjectId as Id;
use crate::git::identity::Mailmap;
use crate::git::line_counts::line_count;
use crate::git::objects::Objects;
use crate::git::repo::Repo;

/// One answer per target, in path order.
pub(super) fn files(
    repo: &Repo,
    objects: Objects,
    history: &History,
    placement: Placement,
    options: &BlameOptions,
) -> Result<Vec<FileBlame>> {
    let Placement {
        targets,
        placed,
        paths,
    } = placement;
    let mailmap = if options.raw_identities {
        Mailmap::none()
    } else {
        Mailmap::open(repo)
    };
    let mut authors = Authors {
        objects,
        history,
        mailmap,
        known: HashMap::new(),
    };
    let mut files = Vec::with_capacity(targets.len());
    for (target, mut placed) in targets.into_iter().zip(placed) {
        if let Some(failure) = target.failure {
            files.push(FileBlame {
                path: target.path,
                rows: Err(failure),
                content: None,
            });
            continue;
        }
        let Some(content) = authors.objects.read(target.blob)? else {
            return Err(authors
                .objects
                .corrupt(format!("blob {} is missing", target.blob)));
        };
        placed.sort_unstable_by_key(|placed| placed.run.final_line);
        let mut rows: Vec<BlameRow> = Vec::new();
        for group in placed.chunk_by(continues) {
            rows.push(authors.row(group, &paths)?);
        }
        // A line that got lost would be a shorter answer; it is this file's error instead.
        let rows = if tiles(&rows, line_count(&content)) {
            Ok(rows)
        } else {
            let path = String::from_utf8_lossy(&target.path).into_owned();
            Err(Error::internal(format!(
                "lines of {path} were not attributed exactly once"
            )))
        };
        let content = options.with_content.then(|| content.to_vec());
        files.push(FileBlame {
            path: target.path,
            rows,
            content,
        });
    }
    Ok(files)
}

/// Whether `b` follows `a` in the file and in the commit both come from.
fn continues(a: &Placed, b: &Placed) -> bool {
    a.commit == b.commit
        && a.path == b.path
        && a.run.final_line + a.run.len == b.run.final_line
        && a.run.line + a.run.len == b.run.line
}

fn tiles(rows: &[BlameRow], lines: u64) -> bool {
    let mut next = 1;
    for row in rows {
        if u64::from(row.start_line) != next {
            return false;
        }
        next += u64::from(row.line_count);
    }
    next == lines + 1
}

struct Authors<'a> {
    objects: Objects,
    history: &'a History,
    mailmap: Mailmap,
    known: HashMap<CommitIndex, Signature>,
}

impl Authors<'_> {
    fn row(&mut self, group: &[Placed], paths: &[Vec<u8>]) -> Result<BlameRow> {
        let first = group[0];
        Ok(BlameRow {
            start_line: first.run.final_line + 1,
            line_count: group.iter().map(|placed| placed.run.len).sum(),
            commit_id: Id(self.history.id(first.commit)),
            orig_path: paths[first.path as usize].clone(),
            orig_start_line: first.run.line + 1,
            author: self.author(first.commit)?,
            is_boundary: self.history.parents(first.commit).is_empty(),
        })
    }

    fn author(&mut self, commit: CommitIndex) -> Result<Signature> {
        if let Some(author) = self.known.get(&commit) {
            return Ok(author.clone());
        }
        let id = self.history.id(commit);
        let data = self.objects.require(id, Kind::Commit)?;
        let Some(parsed) = CommitObject::parse(&data) else {
            return Err(self
                .objects
                .corrupt(format!("commit {id} cannot be decoded")));
        };
        let author = signature(&parsed, &parsed.author, &self.mailmap);
        self.known.insert(commit, author.clone());
        Ok(author)
    }
}
