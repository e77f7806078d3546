//! The walk: suspects move from children to parents until every line has found its commit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;

use super::history::{CommitIndex, History};
use super::lines::{FileIndex, Run, split};
use super::origins::{Origin, OriginFinder, Origins};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::attributes::Attributes;
use crate::git::line_counts::line_count;
use crate::git::line_diff::blame_hunks;
use crate::git::objects::{Object, ObjectSource, Objects};
use crate::git::repo::Repo;
use crate::git::tree_diff::{Side, TreeChange, tree_changes};
use crate::git::window::Window;
use crate::progress::{Phase, Progress, ProgressSink};

/// Commits whose trees one task compares.
const CHUNK: usize = 64;
/// Commits between two progress events.
const PROGRESS_STEP: usize = 256;

/// Index of a path that some file has or had.
type PathIndex = u32;

/// A file to blame.
pub(super) struct Target {
    pub(super) path: Vec<u8>,
    pub(super) blob: ObjectId,
    side: Option<Side>,
    /// Why it cannot be blamed.
    pub(super) failure: Option<Error>,
}

/// The files to blame, in path order.
pub(super) struct Targets(Vec<Target>);

impl Targets {
    /// Resolves `paths` (files, or directories for all files in them) in `tree`; `None` is every file.
    pub(super) fn find(
        objects: &Objects,
        tree: ObjectId,
        revision: &str,
        paths: Option<&[Vec<u8>]>,
    ) -> Result<Self> {
        let files = tree_changes(objects, None, Some(tree))?;
        let mut targets: Vec<Target> = files
            .into_iter()
            .filter_map(|file| file.new.map(|side| (file.path, side)))
            .filter(|(_, side)| !side.is_submodule())
            .map(|(path, side)| Target {
                path,
                blob: side.id,
                side: Some(side),
                failure: None,
            })
            .collect();
        if let Some(paths) = paths {
            let is_in = |path: &[u8], wanted: &[u8]| {
                wanted.is_empty()
                    || path
                        .strip_prefix(wanted)
                        .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
            };
            let missing: Vec<_> = paths
                .iter()
                .filter(|wanted| !targets.iter().any(|target| is_in(&target.path, wanted)))
                .collect();
            targets.retain(|target| paths.iter().any(|wanted| is_in(&target.path, wanted)));
            for path in missing {
                let failure = Error::PathNotFound {
                    revision: revision.to_owned(),
                    path: String::from_utf8_lossy(path).into_owned(),
                };
                targets.push(Target {
                    path: path.clone(),
                    blob: tree.kind().null(),
                    side: None,
                    failure: Some(failure),
                });
            }
            targets.sort_by(|a, b| a.path.cmp(&b.path));
            targets.dedup_by(|a, b| a.path == b.path);
        }
        Ok(Self(targets))
    }
}

/// A file at a commit whose lines are still being looked for.
struct Suspect {
    side: Side,
    runs: Vec<Run>,
}

type Suspects = HashMap<PathIndex, Suspect>;

/// Lines that found their commit.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) commit: CommitIndex,
    pub(super) path: PathIndex,
    pub(super) run: Run,
}

/// What the walk found.
pub(super) struct Placement {
    pub(super) targets: Vec<Target>,
    /// Per target, in no order.
    pub(super) placed: Vec<Vec<Placed>>,
    pub(super) paths: Vec<Vec<u8>>,
}

pub(super) struct Engine<'a> {
    repo: &'a Repo,
    history: &'a History,
    source: ObjectSource,
    objects: Objects,
    cancel: &'a CancelToken,
    suspects: Vec<Option<Suspects>>,
    /// Commits that have suspects.
    live: usize,
    targets: Vec<Target>,
    placed: Vec<Vec<Placed>>,
    paths: Vec<Vec<u8>>,
    path_index: HashMap<Vec<u8>, PathIndex>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        repo: &'a Repo,
        history: &'a History,
        source: ObjectSource,
        targets: Targets,
        cancel: &'a CancelToken,
    ) -> Self {
        let placed = targets.0.iter().map(|_| Vec::new()).collect();
        Self {
            repo,
            history,
            objects: source.objects(),
            source,
            cancel,
            suspects: (0..history.len()).map(|_| None).collect(),
            live: 0,
            targets: targets.0,
            placed,
            paths: Vec::new(),
            path_index: HashMap::new(),
        }
    }

    pub(super) fn run(mut self, progress: &dyn ProgressSink) -> Result<Placement> {
        let mut attributes = Attributes::new(&self.objects)?;
        self.start()?;
        let order = self.history.children_first();
        let mut ahead = TreeDiffs::new(self.repo, self.history, &self.source, &order);
        for (done, &commit) in order.iter().enumerate() {
            self.cancel.check()?;
            if done % PROGRESS_STEP == 0 {
                let (done, total) = (done as u64, Some(order.len() as u64));
                progress.progress(Progress {
                    subject: self.repo.name().to_owned(),
                    phase: Phase::Blame,
                    done,
                    total,
                });
            }
            if self.live == 0 {
                break;
            }
            let changes = ahead.next(self.cancel)?;
            let Some(suspects) = self.suspects[commit as usize].take() else {
                continue;
            };
            self.live -= 1;
            self.visit(commit, suspects, &changes, &mut attributes)?;
        }
        Ok(Placement {
            targets: self.targets,
            placed: self.placed,
            paths: self.paths,
        })
    }

    /// Gives the tip all lines of all targets.
    fn start(&mut self) -> Result<()> {
        for index in 0..self.targets.len() {
            let Some(side) = self.targets[index].side else {
                continue;
            };
            let lines = match self.objects.read(side.id) {
                Ok(Some(data)) => u32::try_from(line_count(&data)).unwrap_or(u32::MAX),
                unreadable => {
                    let what = fault(side.id, unreadable.is_err());
                    self.targets[index].failure = Some(self.objects.corrupt(what));
                    continue;
                }
            };
            let path = self.path(&self.targets[index].path.clone());
            let file = FileIndex::try_from(index)
                .map_err(|_| Error::internal("more than four billion files"))?;
            self.give(
                0,
                path,
                side,
                vec![Run {
                    file,
                    final_line: 0,
                    line: 0,
                    len: lines,
                }],
            );
        }
        Ok(())
    }

    fn visit(
        &mut self,
        commit: CommitIndex,
        mut suspects: Suspects,
        changes: &[TreeChange],
        attributes: &mut Attributes,
    ) -> Result<()> {
        let history = self.history;
        let Some(&first_parent) = history.parents(commit).first() else {
            for (path, suspect) in suspects {
                self.place(commit, path, &suspect.runs);
            }
            return Ok(());
        };
        let mut touched = Vec::new();
        for change in changes {
            let Some(path) = self.path_index.get(&change.path) else {
                continue;
            };
            if let Some(suspect) = suspects.remove(path) {
                touched.push((*path, suspect, change));
            }
        }
        self.give_all(first_parent, suspects);
        let objects = self.source.objects();
        let mut origins = OriginFinder::new(&objects, attributes, history, commit, self.cancel);
        for (path, suspect, change) in touched {
            match origins.find(change, suspect.side, changes)? {
                Origins::Whole(origin) => {
                    let path = self.path(&origin.path);
                    self.give(origin.parent, path, suspect.side, suspect.runs);
                }
                Origins::Parts(parts) => self.pass_parts(commit, path, suspect, &parts),
            }
        }
        Ok(())
    }

    /// Lets each origin take the lines it has; the commit keeps the rest.
    fn pass_parts(
        &mut self,
        commit: CommitIndex,
        path: PathIndex,
        suspect: Suspect,
        parts: &[Origin],
    ) {
        let mut runs = suspect.runs;
        let mut new_data = None;
        for origin in parts {
            if runs.is_empty() {
                return;
            }
            let here = match &new_data {
                Some(data) => Object::clone(data),
                None => match self.objects.read(suspect.side.id) {
                    Ok(Some(data)) => data,
                    unreadable => {
                        let what = fault(suspect.side.id, unreadable.is_err());
                        self.fail(&runs, &what);
                        return;
                    }
                },
            };
            let mut passed = Vec::new();
            match self.objects.read(origin.blob) {
                Ok(Some(there)) => {
                    let hunks = blame_hunks(&there, &here);
                    runs = split(&runs, &hunks, &mut passed);
                }
                unreadable => {
                    let what = fault(origin.blob, unreadable.is_err());
                    self.fail(&runs, &what);
                    return;
                }
            }
            new_data = Some(here);
            let origin_path = self.path(&origin.path);
            self.give(
                origin.parent,
                origin_path,
                Side {
                    mode: suspect.side.mode,
                    id: origin.blob,
                },
                passed,
            );
        }
        self.place(commit, path, &runs);
    }

    /// The files these lines belong to cannot be finished: a blob on their way cannot be read.
    fn fail(&mut self, runs: &[Run], what: &str) {
        for run in runs {
            let failure = &mut self.targets[run.file as usize].failure;
            if failure.is_none() {
                *failure = Some(self.objects.corrupt(what.to_owned()));
            }
        }
    }

    fn place(&mut self, commit: CommitIndex, path: PathIndex, runs: &[Run]) {
        for &run in runs {
            self.placed[run.file as usize].push(Placed { commit, path, run });
        }
    }

    fn give(&mut self, commit: CommitIndex, path: PathIndex, side: Side, mut runs: Vec<Run>) {
        runs.retain(|run| run.len > 0);
        if runs.is_empty() {
            return;
        }
        let slot = &mut self.suspects[commit as usize];
        if slot.is_none() {
            self.live += 1;
        }
        match slot.get_or_insert_with(HashMap::new).entry(path) {
            Entry::Occupied(mut entry) => entry.get_mut().runs.append(&mut runs),
            Entry::Vacant(entry) => {
                entry.insert(Suspect { side, runs });
            }
        }
    }

    /// Moves a whole map, the smaller into the larger.
    fn give_all(&mut self, commit: CommitIndex, mut suspects: Suspects) {
        if suspects.is_empty() {
            return;
        }
        match &mut self.suspects[commit as usize] {
            slot @ None => {
                *slot = Some(suspects);
                self.live += 1;
                return;
            }
            Some(there) if there.len() < suspects.len() => std::mem::swap(there, &mut suspects),
            Some(_) => {}
        }
        for (path, suspect) in suspects {
            self.give(commit, path, suspect.side, suspect.runs);
        }
    }

    fn path(&mut self, path: &[u8]) -> PathIndex {
        if let Some(&index) = self.path_index.get(path) {
            return index;
        }
        let index = PathIndex::try_from(self.paths.len()).unwrap_or(PathIndex::MAX); // far fewer than four billion
        self.paths.push(path.to_owned());
        self.path_index.insert(path.to_owned(), index);
        index
    }
}

/// Changes against first parents, computed ahead of the walk on the workers, in its order.
struct TreeDiffs {
    /// Commit tree and first parent's tree, in visiting order, from the last chunk to the first.
    chunks: Vec<Vec<Option<(ObjectId, ObjectId)>>>,
    window: Window<Vec<Vec<TreeChange>>>,
    ready: std::vec::IntoIter<Vec<TreeChange>>,
    source: ObjectSource,
}

impl TreeDiffs {
    fn new(repo: &Repo, history: &History, source: &ObjectSource, order: &[CommitIndex]) -> Self {
        let trees = |&commit: &CommitIndex| {
            history
                .parents(commit)
                .first()
                .map(|&parent| (history.tree(parent), history.tree(commit)))
        };
        let mut chunks: Vec<_> = order
            .chunks(CHUNK)
            .map(|chunk| chunk.iter().map(trees).collect())
            .collect();
        chunks.reverse();
        Self {
            chunks,
            window: Window::new(repo.workers()),
            ready: Vec::new().into_iter(),
            source: source.clone(),
        }
    }

    /// The changes of the next commit in order; none for one without parents.
    fn next(&mut self, cancel: &CancelToken) -> Result<Vec<TreeChange>> {
        loop {
            if let Some(changes) = self.ready.next() {
                return Ok(changes);
            }
            while !self.window.is_full()
                && let Some(chunk) = self.chunks.pop()
            {
                let source = self.source.clone();
                self.window.spawn(move || {
                    let objects = source.objects();
                    let diff = |trees: Option<(ObjectId, ObjectId)>| match trees {
                        Some((old, new)) => tree_changes(&objects, Some(old), Some(new)),
                        None => Ok(Vec::new()),
                    };
                    chunk.into_iter().map(diff).collect()
                });
            }
            match self.window.next(cancel) {
                Some(chunk) => self.ready = chunk?.into_iter(),
                None => return Err(Error::internal("the walk is longer than its order")),
            }
        }
    }
}

/// What is wrong with a blob that should be there.
fn fault(blob: ObjectId, is_damaged: bool) -> String {
    format!(
        "blob {blob} is {}",
        if is_damaged { "damaged" } else { "missing" }
    )
}
