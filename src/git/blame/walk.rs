//! The walk: suspects move from children to parents until every line is placed at a commit.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use super::commits::{CommitIndex, Commits};
use super::lookahead::{BlameRules, Changes, Lookahead, Visit, family};
use super::origins::{CommitContext, Origin};
use super::passage::{LinePassage, LinePassages};
use super::paths::{PathIndex, PathTable};
use super::runs::{FileIndex, Run, split, split_by_guesses};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::diff::tree::{Side, TreeChange};
use crate::git::int_hash::IntHash;
use crate::git::objects::{ObjectSource, Objects};
use crate::workers::Workers;

/// Maximum number of blamed files for which trees are compared only at the files' paths.
const FEW_FILES: usize = 32;

/// Maximum number of visits of a commit. Dates that are out of order cause a few repeated visits. A
/// larger number means that history has a cycle, which only replace refs can cause.
const MOST_VISITS: u32 = 100_000;

/// A file at a commit, with the lines that are still to be placed.
struct Suspect {
    side: Side,
    runs: Vec<Run>,
}

type Suspects = HashMap<PathIndex, Suspect, IntHash>;

/// Lines, and the commit that they are attributed to.
#[derive(Clone, Copy)]
pub(super) struct AttributedRun {
    pub(super) commit: CommitIndex,
    pub(super) path: PathIndex,
    pub(super) run: Run,
}

/// A file whose lines are all placed, or that cannot be finished.
pub(super) struct Finished {
    pub(super) file: FileIndex,
    /// The lines, in no particular order; or a description of the problem with the repository.
    pub(super) placed: std::result::Result<Vec<AttributedRun>, String>,
}

/// The state of a file during the walk.
#[derive(Default)]
struct FileState {
    lines_left: u64,
    placed: Vec<AttributedRun>,
    is_finished: bool,
}

pub(super) struct BlameWalk {
    pub(super) commits: Commits,
    pub(super) paths: PathTable,
    passages: LinePassages,
    rules: Arc<BlameRules>,
    ahead: Lookahead,
    suspects: Vec<Option<Suspects>>,
    /// Number of visits of each commit.
    visits: Vec<u32>,
    /// Commits that got lines after they were visited, because dates are out of order. Newest
    /// first.
    late: BinaryHeap<(u64, Reverse<CommitIndex>)>,
    /// The changes of visited commits, for repeated visits; only if few files are blamed.
    remembered: Option<HashMap<CommitIndex, Changes, IntHash>>,
    files: Vec<FileState>,
    files_left: usize,
    finished: VecDeque<Finished>,
    lines_total: u64,
    lines_placed: u64,
}

impl BlameWalk {
    /// Creates a walk; `cancel` also stops its lookahead.
    pub(super) fn new(
        commits: Commits,
        source: &ObjectSource,
        workers: &Workers,
        rules: BlameRules,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let rules = Arc::new(rules);
        Ok(Self {
            commits,
            paths: PathTable::default(),
            passages: LinePassages::new(source, rules.whitespace, cancel)?,
            ahead: Lookahead::new(source, workers, Arc::clone(&rules), cancel.clone()),
            rules,
            suspects: Vec::new(),
            visits: Vec::new(),
            late: BinaryHeap::new(),
            remembered: None,
            files: Vec::new(),
            files_left: 0,
            finished: VecDeque::new(),
            lines_total: 0,
            lines_placed: 0,
        })
    }

    pub(super) fn objects(&self) -> &Objects {
        self.passages.objects()
    }

    /// Returns the number of placed lines, and the number of all lines.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.lines_placed, self.lines_total)
    }

    /// Announces the number of files that will be added. Must be called before the first step, and
    /// only if not all files of a tree are added. Returns true if `files` counts as few.
    pub(super) fn set_file_count(&mut self, files: usize) -> bool {
        let are_few = files <= FEW_FILES;
        if are_few {
            self.remembered = Some(HashMap::default());
        }
        are_few
    }

    /// Adds a file, whose lines in `runs` are traced from `commit` on.
    pub(super) fn add_file(
        &mut self,
        commit: CommitIndex,
        path: &[u8],
        side: Side,
        runs: Vec<Run>,
    ) -> Result<()> {
        self.count_file(&runs);
        let path = self.paths.add(path);
        self.give(commit, path, side, runs)
    }

    /// Adds a file with uncommitted changes; `change` is its change against the first parent.
    pub(super) fn add_changed_file(
        &mut self,
        commit: CommitIndex,
        family: &CommitContext,
        change: &TreeChange,
        runs: &[Run],
    ) -> Result<()> {
        self.count_file(runs);
        let path = self.paths.add(&change.path);
        let Some(side) = change.new else {
            return Ok(());
        };
        for passage in self.passages.find(family, std::iter::once(change))? {
            let runs = runs.to_vec();
            self.paths.enter(path);
            self.pass(commit, path, Suspect { side, runs }, passage)?;
        }
        Ok(())
    }

    fn count_file(&mut self, runs: &[Run]) {
        let lines_left = runs.iter().map(|run| u64::from(run.len)).sum();
        self.lines_total += lines_left;
        self.files.push(FileState {
            lines_left,
            ..FileState::default()
        });
        self.files_left += 1;
        if lines_left == 0 {
            self.finish(self.files.len() - 1, Ok(Vec::new()));
        }
    }

    /// Returns the next finished file; `None` if all were returned.
    pub(super) fn next_finished(
        &mut self,
        cancel: &CancelToken,
        mut on_step: impl FnMut(&Self),
    ) -> Result<Option<Finished>> {
        loop {
            if let Some(finished) = self.finished.pop_front() {
                return Ok(Some(finished));
            }
            if self.files_left == 0 {
                return Ok(None);
            }
            cancel.check()?;
            self.step()?;
            on_step(self);
        }
    }

    fn step(&mut self) -> Result<()> {
        if self.remembered.is_some() {
            self.ahead.limit_to(self.paths.all(), &self.commits);
        }
        if let Some((_, Reverse(commit))) = self.late.pop() {
            let visits = &mut self.visits[commit as usize];
            *visits += 1;
            if *visits > MOST_VISITS {
                let id = self.commits.id(commit);
                let what = format!("history has a cycle at commit {id}; check the replace refs");
                return Err(self.objects().corrupt(what));
            }
            let changes = self.changes_of(commit)?;
            return self.visit(Visit {
                commit,
                changes,
                passages: Vec::new(),
            });
        }
        let Some(mut visit) = self.ahead.next(&mut self.commits, &self.paths)? else {
            return Err(Error::internal(
                "history ended before all lines were placed",
            ));
        };
        let commit = visit.commit;
        grow(&mut self.visits, commit);
        self.visits[commit as usize] += 1;
        if visit
            .changes
            .known_paths
            .is_some_and(|known| known < self.paths.all().len())
        {
            visit.changes =
                self.ahead
                    .changes_of(self.passages.objects(), commit, &mut self.commits)?;
            visit.passages.clear();
        }
        if let Some(remembered) = &mut self.remembered {
            remembered.insert(commit, visit.changes.clone());
        }
        self.visit(visit)
    }

    fn changes_of(&mut self, commit: CommitIndex) -> Result<Changes> {
        let remembered = self.remembered.as_ref().and_then(|all| all.get(&commit));
        if let Some(changes) = remembered
            && changes.known_paths == Some(self.paths.all().len())
        {
            return Ok(changes.clone());
        }
        self.ahead
            .changes_of(self.passages.objects(), commit, &mut self.commits)
    }

    fn visit(&mut self, visit: Visit) -> Result<()> {
        let Visit {
            commit,
            changes,
            passages,
        } = visit;
        grow(&mut self.suspects, commit);
        let Some(mut suspects) = self.suspects[commit as usize].take() else {
            return Ok(());
        };
        let Some(&first_parent) = self.commits.load(commit)?.parents.first() else {
            for (path, suspect) in suspects {
                self.paths.leave(path);
                self.place(commit, path, &suspect.runs);
            }
            return Ok(());
        };
        let mut touched = Vec::new();
        for (at, change) in changes.list.iter().enumerate() {
            let path = self.paths.find(&change.path);
            if let Some((path, suspect)) =
                path.and_then(|path| Some((path, suspects.remove(&path)?)))
            {
                touched.push((at, path, suspect));
            }
        }
        self.move_suspects(first_parent, suspects)?;
        let passages = self.complete(commit, &changes, &touched, passages)?;
        for ((_, path, suspect), passage) in touched.into_iter().zip(passages) {
            self.pass(commit, path, suspect, passage)?;
        }
        Ok(())
    }

    /// Returns one passage for each of `touched`. Passages that the lookahead did not find are
    /// found now.
    fn complete(
        &mut self,
        commit: CommitIndex,
        changes: &Changes,
        touched: &[(usize, PathIndex, Suspect)],
        found: Vec<(usize, LinePassage)>,
    ) -> Result<Vec<LinePassage>> {
        let mut found = found.into_iter().peekable();
        let mut passages: Vec<Option<LinePassage>> = Vec::with_capacity(touched.len());
        for (at, ..) in touched {
            while found.next_if(|(found, _)| found < at).is_some() {}
            passages.push(
                found
                    .next_if(|(found, _)| found == at)
                    .map(|(_, passage)| passage),
            );
        }
        if passages.iter().any(Option::is_none) {
            let family = family(commit, changes, &mut self.commits, &self.rules)?;
            let missing = touched
                .iter()
                .zip(&passages)
                .filter(|(_, passage)| passage.is_none());
            let missing = missing.map(|((at, ..), _)| &changes.list[*at]);
            let mut now = self.passages.find(&family, missing)?.into_iter();
            for passage in passages.iter_mut().filter(|passage| passage.is_none()) {
                *passage = now.next();
            }
        }
        Ok(passages.into_iter().flatten().collect())
    }

    /// Moves to each origin the lines that it contains, and attributes the others to the commit.
    fn pass(
        &mut self,
        commit: CommitIndex,
        path: PathIndex,
        suspect: Suspect,
        passage: LinePassage,
    ) -> Result<()> {
        self.paths.leave(path);
        let Suspect { side, mut runs } = suspect;
        let parts = match passage {
            LinePassage::Whole(origin) => return self.move_to_origin(&origin, side, runs),
            LinePassage::Unknown(what) => {
                for run in runs {
                    self.finish(run.file as usize, Err(what.clone()));
                }
                return Ok(());
            }
            LinePassage::Parts(parts) => parts,
        };
        for part in &parts {
            let mut passed = Vec::new();
            runs = split(&runs, &part.hunks, &mut passed);
            self.move_to_origin(&part.origin, side, passed)?;
        }
        for part in &parts {
            if let Some(guesses) = &part.guesses {
                let mut passed = Vec::new();
                runs = split_by_guesses(&runs, &part.hunks, guesses, &mut passed);
                self.move_to_origin(&part.origin, side, passed)?;
            }
        }
        self.place(commit, path, &runs);
        Ok(())
    }

    /// Moves lines to an origin, whose file is of the same kind as `side`.
    fn move_to_origin(&mut self, origin: &Origin, side: Side, runs: Vec<Run>) -> Result<()> {
        let path = self.paths.add(&origin.path);
        let side = Side {
            mode: side.mode,
            id: origin.blob,
        };
        self.give(origin.parent, path, side, runs)
    }

    fn place(&mut self, commit: CommitIndex, path: PathIndex, runs: &[Run]) {
        for &run in runs {
            let file = &mut self.files[run.file as usize];
            if file.is_finished {
                continue;
            }
            file.placed.push(AttributedRun { commit, path, run });
            file.lines_left -= u64::from(run.len);
            self.lines_placed += u64::from(run.len);
            if file.lines_left == 0 {
                let placed = std::mem::take(&mut file.placed);
                self.finish(run.file as usize, Ok(placed));
            }
        }
    }

    fn finish(&mut self, file: usize, placed: std::result::Result<Vec<AttributedRun>, String>) {
        let state = &mut self.files[file];
        if !state.is_finished {
            state.is_finished = true;
            self.files_left -= 1;
            self.finished.push_back(Finished {
                file: FileIndex::try_from(file).unwrap_or(FileIndex::MAX),
                placed,
            });
        }
    }

    fn give(
        &mut self,
        commit: CommitIndex,
        path: PathIndex,
        side: Side,
        mut runs: Vec<Run>,
    ) -> Result<()> {
        runs.retain(|run| run.len > 0 && !self.files[run.file as usize].is_finished);
        if runs.is_empty() {
            return Ok(());
        }
        self.expect(commit)?;
        let there = self.suspects[commit as usize].get_or_insert_default();
        match there.entry(path) {
            Entry::Occupied(mut entry) => entry.get_mut().runs.append(&mut runs),
            Entry::Vacant(entry) => {
                entry.insert(Suspect { side, runs });
                self.paths.enter(path);
            }
        }
        Ok(())
    }

    /// Moves all of `suspects` to a commit. If the commit already has suspects, the smaller map is
    /// merged into the larger.
    fn move_suspects(&mut self, commit: CommitIndex, mut suspects: Suspects) -> Result<()> {
        if suspects.is_empty() {
            return Ok(());
        }
        self.expect(commit)?;
        let there = self.suspects[commit as usize].get_or_insert_default();
        if there.len() < suspects.len() {
            std::mem::swap(there, &mut suspects);
        }
        for (path, mut suspect) in suspects {
            match there.entry(path) {
                Entry::Occupied(mut entry) => {
                    entry.get_mut().runs.append(&mut suspect.runs);
                    self.paths.leave(path);
                }
                Entry::Vacant(entry) => {
                    entry.insert(suspect);
                }
            }
        }
        Ok(())
    }

    /// Schedules a visit of a commit that gets lines. A commit that was visited before is visited
    /// again.
    fn expect(&mut self, commit: CommitIndex) -> Result<()> {
        grow(&mut self.suspects, commit);
        grow(&mut self.visits, commit);
        if self.visits[commit as usize] == 0 {
            return self.ahead.list(commit, &mut self.commits);
        }
        if self.suspects[commit as usize].is_none() {
            let seconds = self.commits.load(commit)?.seconds;
            self.late.push((seconds, Reverse(commit)));
        }
        Ok(())
    }
}

/// Grows `all`, which is indexed by commit, to include `commit`.
fn grow<T: Default>(all: &mut Vec<T>, commit: CommitIndex) {
    if all.len() <= commit as usize {
        all.resize_with(commit as usize + 1, T::default);
    }
}
