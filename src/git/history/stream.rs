//! The pipeline: the calling thread walks, workers compare, and results are returned in walk order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use super::compare::{Comparer, Settings};
use super::{Commit, HistoryOptions, MergeCommits, Order};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::mailmap::Mailmap;
use crate::git::pathspec::Pathspec;
use crate::git::pattern::Pattern;
use crate::git::repo::Repo;
use crate::git::walk::{RawCommit, Select, SelectText, Simplify, Tips, Walk, WalkOptions};
use crate::git::window::Window;
use crate::mutex::lock;

/// Number of commits that one task compares. The first tasks are smaller, so that the first rows
/// are ready early.
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

/// State that all tasks share.
struct Shared {
    /// Comparers that are not in use by a task.
    idle: Mutex<Vec<Comparer>>,
    make: Box<dyn Fn() -> Result<Comparer> + Send + Sync>,
    cancel: CancelToken,
}

impl CommitStream {
    pub(crate) fn start(repo: &Repo, options: &HistoryOptions, counts: bool) -> Result<Self> {
        let cancel = &repo.context().cancel;
        let tips = resolve(repo, options, cancel)?;
        let paths = if options.paths.is_empty() {
            None
        } else {
            Some(Pathspec::new(&options.paths, repo.path())?)
        };
        let mailmap = Arc::new(if options.mailmap {
            Mailmap::open(repo)?
        } else {
            Mailmap::none()
        });
        let source = repo.object_source()?;
        let walk_options = WalkOptions {
            first_parent: options.first_parent,
            topo_order: options.order == Order::Topo,
            since: options.since,
            paths: paths.clone().map(|paths| Simplify {
                paths,
                full_history: options.compares_merges(),
            }),
            select: select(options, &mailmap)?,
            skip: options.skip,
            max_count: options.max_count,
        };
        let walk = Walk::new(&source, &tips, walk_options, cancel)?;
        let settings = Settings {
            renames: options.renames,
            merges: options.merge_policy(),
            missing: options.missing,
            counts,
            paths,
            mailmap,
            cancel: cancel.clone(),
        };
        let shared = Shared {
            idle: Mutex::default(),
            make: Box::new(move || Comparer::new(&source, settings.clone())),
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

    /// Continues the walk, and starts a task for each chunk until the window is full.
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

/// Resolves revisions on a worker, because some (`:/text`, `a...b`) search all of history and
/// cannot be interrupted.
fn resolve(repo: &Repo, options: &HistoryOptions, cancel: &CancelToken) -> Result<Tips> {
    let mut window = Window::new(repo.workers());
    let (repo, revisions, all_refs) = (repo.clone(), options.rev.clone(), options.all_refs);
    window.spawn(move || Tips::resolve(&repo, &revisions, all_refs));
    window
        .next(cancel)
        .unwrap_or_else(|| Err(Error::internal("revisions were not resolved")))
}

/// Creates the filter for the commits to show.
fn select(options: &HistoryOptions, mailmap: &Arc<Mailmap>) -> Result<Select> {
    let patterns = |texts: &[String]| -> Result<Vec<Pattern>> {
        let pattern =
            |text: &String| Pattern::new(text, options.pattern_syntax, options.ignore_case);
        texts.iter().map(pattern).collect()
    };
    let is_asked = [&options.authors, &options.committers, &options.grep]
        .iter()
        .any(|patterns| !patterns.is_empty());
    let text = SelectText {
        authors: patterns(&options.authors)?,
        committers: patterns(&options.committers)?,
        messages: patterns(&options.grep)?,
        mailmap: Arc::clone(mailmap),
    };
    let (min_parents, max_parents) = match options.merge_commits {
        MergeCommits::Include => (0, None),
        MergeCommits::Exclude => (0, Some(1)),
        MergeCommits::Only => (2, None),
    };
    Ok(Select {
        until: options.until,
        min_parents,
        max_parents,
        text: is_asked.then_some(text),
    })
}

impl Shared {
    /// Compares the commits of a chunk, up to the first failure, which is then the last item.
    fn compare(&self, chunk: &[RawCommit]) -> Vec<Result<Commit>> {
        let mut done = Vec::with_capacity(chunk.len() + 1);
        let mut work = || -> Result<()> {
            let idle = lock(&self.idle).pop();
            let mut comparer = idle.map_or_else(|| (self.make)(), Ok)?;
            for commit in chunk {
                self.cancel.check()?;
                // A panic counts as the failure of this commit; earlier results are kept.
                let compared = catch_unwind(AssertUnwindSafe(|| comparer.compare(commit)));
                done.push(Ok(
                    compared.unwrap_or_else(|payload| Err(Error::from_panic(&*payload)))?
                ));
            }
            lock(&self.idle).push(comparer);
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
            match self.window.next(&self.shared.cancel) {
                Some(Ok(chunk)) => self.ready = chunk.into_iter(),
                Some(Err(error)) => self.ready = vec![Err(error)].into_iter(),
                None => self.ended = true,
            }
            self.fill();
        }
        None
    }
}
