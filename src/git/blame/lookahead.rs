//! Computes in advance the tree comparisons and line passages that a walk will probably need.
//!
//! Commits are listed newest first, a limited number ahead of the walk. For each, workers compare
//! its tree with its first parent's. If a changed path then has lines to place, workers find the
//! path's passage. The lookahead may find passages that are not needed, and it may miss passages
//! that are needed; the walk then finds these itself. So the lookahead affects only the time, not
//! the result.
//!
//! If few paths are blamed, a merge usually has the same files as its first parent, so all lines
//! move there. Then only first parents are listed ahead; other parents are listed when lines reach
//! them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex};

use gix::ObjectId;
use gix::commitgraph::Position;

use super::commits::{CommitIndex, Commits};
use super::origins::{CommitContext, Files, Parent};
use super::passage::{LinePassage, LinePassages};
use super::paths::PathTable;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::diff::lines::Whitespace;
use crate::git::diff::tree::{TreeChange, tree_changes};
use crate::git::diff::tree_lookup::TreeLookup;
use crate::git::objects::changed_paths::{ChangedPaths, Key};
use crate::git::objects::{ObjectSource, Objects};
use crate::git::window::Window;
use crate::mutex::lock;
use crate::workers::Workers;

/// Number of commits listed ahead of the walk. It starts low, so that a short walk wastes little
/// work. These numbers must not depend on the machine: they affect the order of visits, and so the
/// order in which files are finished.
const INITIAL_AHEAD: usize = 64;
const MAX_AHEAD: usize = 1024;
/// Replaces [`MAX_AHEAD`] if few paths are blamed. Then, parents other than the first are listed
/// only when lines reach them. The more commits are already listed, the longer such a parent waits
/// for its visit.
const MAX_AHEAD_FEW_PATHS: usize = 96;
/// Number of commits whose trees one task compares.
const CHUNK: usize = 32;
const CHUNK_FEW_PATHS: usize = 16;
/// Number of line passages that one task finds.
const BATCH: usize = 16;

/// The treatment of white space in comparisons, and the commits to ignore.
pub(super) struct BlameRules {
    pub(super) whitespace: Whitespace,
    pub(super) ignored: std::collections::HashSet<ObjectId>,
}

/// A commit that the walk visits, with the data computed for it.
pub(super) struct Visit {
    pub(super) commit: CommitIndex,
    pub(super) changes: Changes,
    /// Line passages of some of the changes, with their indices in `changes`, in ascending order.
    pub(super) passages: Vec<(usize, LinePassage)>,
}

/// A commit's changes against its first parent.
#[derive(Clone)]
pub(super) struct Changes {
    pub(super) list: Arc<Vec<TreeChange>>,
    /// Number of paths that were compared, if only the paths known at that time were compared;
    /// `None` if all paths were compared.
    pub(super) known_paths: Option<usize>,
}

/// A listed commit whose changes are known.
struct Entry {
    commit: CommitIndex,
    changes: Result<Changes>,
    asked: Vec<usize>,
}

/// Changes of one commit whose line passages a task has to find.
struct Batch {
    family: CommitContext,
    list: Arc<Vec<TreeChange>>,
    asked: Vec<usize>,
}

/// Creates finders for workers, and keeps idle ones for reuse: opening a repository's objects can
/// cost as much as finding a passage.
struct Finders {
    source: ObjectSource,
    whitespace: Whitespace,
    cancel: CancelToken,
    idle: Mutex<Vec<LinePassages>>,
}

impl Finders {
    fn with<T>(&self, work: impl FnOnce(&mut LinePassages) -> Result<T>) -> Result<T> {
        self.cancel.check()?;
        let idle = || lock(&self.idle);
        let taken = idle().pop();
        let mut finder = match taken {
            Some(finder) => finder,
            None => LinePassages::new(&self.source, self.whitespace, &self.cancel)?,
        };
        let answer = work(&mut finder);
        idle().push(finder);
        answer
    }
}

pub(super) struct Lookahead {
    finders: Arc<Finders>,
    rules: Arc<BlameRules>,
    cancel: CancelToken,
    queue: BinaryHeap<(u64, Reverse<CommitIndex>)>,
    is_listed: Vec<bool>,
    few: Option<(TreeLookup, usize)>,
    /// The changed-path filters of the commit-graph; `keys` are the few paths as keys for them.
    filters: Option<ChangedPaths>,
    keys: Vec<Key>,
    listed: usize,
    visited: usize,
    chunk: Vec<(CommitIndex, Option<(ObjectId, ObjectId)>)>,
    chunks: VecDeque<Vec<CommitIndex>>,
    trees: Window<Vec<Result<Changes>>>,
    entries: VecDeque<Entry>,
    batch: Vec<Batch>,
    batch_len: usize,
    answers: Window<Vec<LinePassage>>,
    ready: VecDeque<LinePassage>,
}

impl Lookahead {
    pub(super) fn new(
        source: &ObjectSource,
        workers: &Workers,
        rules: Arc<BlameRules>,
        cancel: CancelToken,
    ) -> Self {
        Self {
            finders: Arc::new(Finders {
                source: source.clone(),
                whitespace: rules.whitespace,
                cancel: cancel.clone(),
                idle: Mutex::default(),
            }),
            rules,
            cancel,
            queue: BinaryHeap::new(),
            is_listed: Vec::new(),
            few: None,
            filters: None,
            keys: Vec::new(),
            listed: 0,
            visited: 0,
            chunk: Vec::new(),
            chunks: VecDeque::new(),
            trees: Window::new(workers),
            entries: VecDeque::new(),
            batch: Vec::new(),
            batch_len: 0,
            answers: Window::new(workers),
            ready: VecDeque::new(),
        }
    }

    /// Limits comparisons to these paths. It is called again when more paths are known.
    pub(super) fn limit_to(&mut self, paths: &[Vec<u8>], commits: &Commits) {
        if self.few.is_none() {
            self.filters = commits.changed_paths();
        }
        if self
            .few
            .as_ref()
            .is_none_or(|(_, known)| *known != paths.len())
        {
            self.few = Some((TreeLookup::new(paths), paths.len()));
            self.keys = paths.iter().map(|path| Key::new(path)).collect();
        }
    }

    /// Returns true if the changed-path filters show that the commit did not change the few paths.
    fn is_unchanged(&self, position: Option<Position>) -> bool {
        let known = self.filters.as_ref().zip(position);
        known.is_some_and(|(filters, commit)| filters.is_unchanged(commit, &self.keys))
    }

    /// Adds a commit to the list, unless it was added before.
    pub(super) fn list(&mut self, commit: CommitIndex, commits: &mut Commits) -> Result<()> {
        let at = commit as usize;
        if self.is_listed.len() <= at {
            self.is_listed.resize(at + 1, false);
        }
        if !self.is_listed[at] {
            let seconds = commits.load(commit)?.seconds;
            self.is_listed[at] = true;
            self.queue.push((seconds, Reverse(commit)));
        }
        Ok(())
    }

    /// Returns the next commit of the list, or `None` at its end.
    pub(super) fn next(
        &mut self,
        commits: &mut Commits,
        paths: &PathTable,
    ) -> Result<Option<Visit>> {
        self.visited += 1;
        let most_ahead = if self.few.is_some() {
            MAX_AHEAD_FEW_PATHS
        } else {
            MAX_AHEAD
        };
        let most = self.visited + (INITIAL_AHEAD + self.visited).min(most_ahead);
        while self.listed < most && self.list_one(commits)? {}
        self.ask(commits, paths)?;
        while self.entries.is_empty() {
            if self.trees.is_empty() {
                self.compare_trees();
            }
            let Some(changes) = self.trees.next(&self.cancel) else {
                return Ok(None);
            };
            self.enter(changes?, commits, paths)?;
            self.ask(commits, paths)?;
        }
        let Some(entry) = self.entries.pop_front() else {
            return Ok(None);
        };
        let mut passages = Vec::with_capacity(entry.asked.len());
        for at in entry.asked {
            passages.push((at, self.next_passage()?));
        }
        Ok(Some(Visit {
            commit: entry.commit,
            changes: entry.changes?,
            passages,
        }))
    }

    /// Moves the newest commit from the queue to the current chunk, and adds its parents to the
    /// queue; returns `false` if the queue is empty.
    fn list_one(&mut self, commits: &mut Commits) -> Result<bool> {
        let Some((_, Reverse(commit))) = self.queue.pop() else {
            return Ok(false);
        };
        self.listed += 1;
        let known = commits.load(commit)?;
        let (tree, parents) = (known.tree, known.parents.clone());
        let followed = if self.few.is_some() { 1 } else { parents.len() };
        let mut trees = None;
        for (at, &parent) in parents.iter().enumerate().take(followed) {
            match self.list(parent, commits) {
                Ok(()) if at == 0 => trees = Some((commits.known(parent)?.tree, tree)),
                // A damaged parent is an error only if lines reach it, and is reported then.
                Ok(()) | Err(Error::Corrupt { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.is_unchanged(commits.position(commit)) {
            trees = None;
        }
        self.chunk.push((commit, trees));
        let full = if self.few.is_some() {
            CHUNK_FEW_PATHS
        } else {
            CHUNK
        };
        if self.chunk.len() >= full {
            self.compare_trees();
        }
        Ok(true)
    }

    fn compare_trees(&mut self) {
        if self.chunk.is_empty() {
            return;
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.chunks
            .push_back(chunk.iter().map(|(commit, _)| *commit).collect());
        if self.filters.is_some() {
            // The filters leave so few trees to compare that starting a task would take longer.
            let few = &mut self.few;
            let answer = self.finders.with(|finder| {
                let compare = |(_, trees)| compare(finder.objects(), trees, few.as_mut());
                Ok(chunk.into_iter().map(compare).collect())
            });
            self.trees.put(answer);
            return;
        }
        let (finders, cancel) = (Arc::clone(&self.finders), self.cancel.clone());
        let mut few = self.few.clone();
        self.trees.spawn(move || {
            finders.with(|finder| {
                let compare = |(_, trees): (CommitIndex, Option<(ObjectId, ObjectId)>)| {
                    cancel.check()?;
                    compare(finder.objects(), trees, few.as_mut())
                };
                Ok(chunk.into_iter().map(compare).collect())
            })
        });
    }

    /// Compares a commit with its first parent, on the calling thread.
    pub(super) fn changes_of(
        &self,
        objects: &Objects,
        commit: CommitIndex,
        commits: &mut Commits,
    ) -> Result<Changes> {
        let known = commits.load(commit)?;
        let (tree, parent) = (known.tree, known.parents.first().copied());
        let trees = match parent {
            Some(parent) if !self.is_unchanged(commits.position(commit)) => {
                Some((commits.load(parent)?.tree, tree))
            }
            _ => None,
        };
        compare(objects, trees, self.few.clone().as_mut())
    }

    /// Collects finished comparisons until the limits are reached. If no task is finding passages,
    /// starts one.
    fn ask(&mut self, commits: &mut Commits, paths: &PathTable) -> Result<()> {
        while !self.answers.is_full() && self.entries.len() < MAX_AHEAD {
            let Some(changes) = self.trees.try_next() else {
                break;
            };
            self.enter(changes?, commits, paths)?;
        }
        if self.answers.is_empty() {
            self.find_passages();
        }
        Ok(())
    }

    fn enter(
        &mut self,
        chunk: Vec<Result<Changes>>,
        commits: &mut Commits,
        paths: &PathTable,
    ) -> Result<()> {
        let listed = self.chunks.pop_front().unwrap_or_default();
        for (commit, changes) in listed.into_iter().zip(chunk) {
            let mut asked = Vec::new();
            if let Ok(changes) = &changes {
                let list = changes.list.iter().enumerate();
                let wanted =
                    |change: &TreeChange| change.new.is_some() && paths.is_wanted(&change.path);
                asked.extend(list.filter(|(_, change)| wanted(change)).map(|(at, _)| at));
                self.add_to_batches(commit, changes, &asked, commits)?;
            }
            self.entries.push_back(Entry {
                commit,
                changes,
                asked,
            });
        }
        Ok(())
    }

    /// Adds changes to batches. Added files of one commit stay in one batch, so that the sources of
    /// renames are read only once.
    fn add_to_batches(
        &mut self,
        commit: CommitIndex,
        changes: &Changes,
        asked: &[usize],
        commits: &mut Commits,
    ) -> Result<()> {
        let list = &changes.list;
        let mut rest = asked;
        while !rest.is_empty() {
            let room = BATCH.saturating_sub(self.batch_len).max(1);
            let mut len = room.min(rest.len());
            let is_added = |at: &usize| list[*at].old.is_none();
            while len < rest.len() && is_added(&rest[len]) {
                len += 1;
            }
            let (now, later) = rest.split_at(len);
            rest = later;
            self.batch_len += now.len();
            self.batch.push(Batch {
                family: family(commit, changes, commits, &self.rules)?,
                list: Arc::clone(list),
                asked: now.to_vec(),
            });
            if self.batch_len >= BATCH {
                self.find_passages();
            }
        }
        Ok(())
    }

    fn find_passages(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        self.batch_len = 0;
        let batch = std::mem::take(&mut self.batch);
        let finders = Arc::clone(&self.finders);
        self.answers.spawn(move || {
            finders.with(|finder| {
                let mut answers = Vec::new();
                for question in batch {
                    let changes = question.asked.iter().map(|&at| &question.list[at]);
                    answers.extend(finder.find(&question.family, changes)?);
                }
                Ok(answers)
            })
        });
    }

    fn next_passage(&mut self) -> Result<LinePassage> {
        loop {
            if let Some(passage) = self.ready.pop_front() {
                return Ok(passage);
            }
            if self.answers.is_empty() {
                self.find_passages();
            }
            match self.answers.next(&self.cancel) {
                Some(answers) => self.ready.extend(answers?),
                None => return Err(Error::internal("a requested passage was not found")),
            }
        }
    }
}

/// Returns the context that the origins of a commit's paths depend on. It is an error if a parent
/// cannot be read.
pub(super) fn family(
    commit: CommitIndex,
    changes: &Changes,
    commits: &mut Commits,
    rules: &BlameRules,
) -> Result<CommitContext> {
    let known = commits.load(commit)?;
    let (tree, parents) = (known.tree, known.parents.clone());
    let parent = |commit: CommitIndex| {
        let tree = commits.load(commit)?.tree;
        Ok(Parent { commit, tree })
    };
    Ok(CommitContext {
        files: Files::Tree(tree),
        parents: parents.into_iter().map(parent).collect::<Result<_>>()?,
        changes: changes
            .known_paths
            .is_none()
            .then(|| Arc::clone(&changes.list)),
        is_ignored: rules.ignored.contains(&commits.id(commit)),
    })
}

fn compare(
    objects: &Objects,
    trees: Option<(ObjectId, ObjectId)>,
    few: Option<&mut (TreeLookup, usize)>,
) -> Result<Changes> {
    let known_paths = few.as_ref().map(|(_, known)| *known);
    let list = match (trees, few) {
        (None, _) => Vec::new(),
        (Some((old, new)), None) => tree_changes(objects, Some(old), Some(new))?,
        (Some((old, new)), Some((few, _))) => few.changes(objects, old, new)?,
    };
    Ok(Changes {
        list: Arc::new(list),
        known_paths,
    })
}
