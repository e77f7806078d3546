//! The pipeline: walk here, compare on the workers, hand out in walk order.

use std::sync::{Arc, Mutex, PoisonError};

use super::compare::Comparer;
use super::{Commit, HistoryOptions};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::identity::Mailmap;
use crate::git::repo::Repo;
use crate::git::walk::{RawCommit, Walk, WalkOptions};
use crate::git::window::Window;

/// Commits that one task compares. The first tasks are smaller, so that the first rows come at once.
const CHUNK: usize = 32;

/// The commits of [`Repo::commits`], in order; an error is the last item.
pub struct CommitStream {
    walk: Walk,
    walked_all: bool,
    chunk_len: usize,
    window: Window<Vec<Result<Commit>>>,
    ready: std::vec::IntoIter<Result<Commit>>,
    ended: bool,
    shared: Arc<Shared>,
}

/// What tasks share.
struct Shared {
    /// Comparers that no task uses right now.
    idle: Mutex<Vec<Comparer>>,
    make: Box<dyn Fn() -> Result<Comparer> + Send + Sync>,
    mailmap: Mailmap,
    cancel: CancelToken,
}

impl CommitStream {
    pub(super) fn start(
        repo: &Repo,
        options: &HistoryOptions,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let tip = repo.rev_parse(options.revision.as_deref().unwrap_or("HEAD"))?;
        let walk_options = WalkOptions {
            first_parent: options.first_parent,
            since: options.since,
            until: options.until,
            max_count: options.max_count,
        };
        let mailmap = if options.raw_identities {
            Mailmap::none()
        } else {
            Mailmap::open(repo)
        };
        let (renames, merges) = (options.renames, options.merge_policy());
        let source = repo.object_source()?;
        let walk = Walk::new(source.objects(), [tip.0], walk_options)?;
        let shared = Shared {
            idle: Mutex::default(),
            make: Box::new(move || Comparer::new(source.objects(), renames, merges)),
            mailmap,
            cancel: cancel.clone(),
        };
        Ok(Self {
            walk,
            walked_all: false,
            chunk_len: 1,
            window: Window::new(repo.workers()),
            ready: Vec::new().into_iter(),
            ended: false,
            shared: Arc::new(shared),
        })
    }

    /// Walks on and hands out chunks until the window is full.
    fn fill(&mut self) {
        while !self.walked_all && !self.window.is_full() {
            let mut chunk = Vec::with_capacity(self.chunk_len);
            let mut failure = None;
            while chunk.len() < self.chunk_len && !self.walked_all {
                match self.walk.next() {
                    Ok(Some(commit)) => chunk.push(commit),
                    Ok(None) => self.walked_all = true,
                    Err(error) => {
                        self.walked_all = true;
                        failure = Some(error);
                    }
                }
            }
            self.chunk_len = (self.chunk_len * 2).min(CHUNK);
            let shared = Arc::clone(&self.shared);
            self.window.spawn(move || {
                let mut commits = shared.compare(&chunk);
                commits.extend(failure.map(Err));
                Ok(commits)
            });
        }
    }
}

impl Shared {
    /// Up to the first failure, which is the last item then.
    fn compare(&self, chunk: &[RawCommit]) -> Vec<Result<Commit>> {
        let mut done = Vec::with_capacity(chunk.len() + 1);
        let mut work = || -> Result<()> {
            let idle = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let mut comparer = idle.map_or_else(|| (self.make)(), Ok)?;
            for commit in chunk {
                self.cancel.check()?;
                done.push(Ok(comparer.compare(commit, &self.mailmap)?));
            }
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(comparer);
            Ok(())
        };
        let ended = work();
        done.extend(ended.err().map(Err));
        done
    }
}

impl Iterator for CommitStream {
    type Item = Result<Commit>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if self.shared.cancel.is_cancelled() {
                self.ended = true;
                return Some(Err(Error::Cancelled));
            }
            if let Some(commit) = self.ready.next() {
                self.ended = commit.is_err();
                return Some(commit);
            }
            self.fill();
            match self.window.next() {
                Some(Ok(chunk)) => self.ready = chunk.into_iter(),
                Some(Err(error)) => self.ready = vec![Err(error)].into_iter(),
                None => self.ended = true,
            }
            self.fill();
        }
        None
    }
}
