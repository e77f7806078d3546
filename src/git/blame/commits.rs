//! The commits that a blame visits, loaded on demand.

use gix::ObjectId;
use gix::commitgraph::Position;
use gix::hashtable::{HashMap, HashSet};

use smallvec::SmallVec;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::objects::ObjectSource;
use crate::git::objects::changed_paths::ChangedPaths;
use crate::git::walk::{Nodes, Tips, Walk, WalkOptions, is_too_old};

/// Index of a commit in [`Commits`], in the order of discovery.
pub(super) type CommitIndex = u32;

/// A list with one item per parent; hardly any commit has more than two.
pub(super) type Parents<T> = SmallVec<[T; 2]>;

/// A commit, and its data once it is loaded.
struct CommitNode {
    id: ObjectId,
    /// Position of the commit in the commit-graph; `None` if the commit-graph does not contain it.
    position: Option<Position>,
    known: Option<Known>,
}

/// The data of a commit that a blame needs.
pub(super) struct Known {
    pub(super) tree: ObjectId,
    /// Committer date, in seconds since the epoch.
    pub(super) seconds: u64,
    /// The parents that its lines may have come from: empty for a root commit, at a shallow
    /// boundary and at the limits of the blame.
    pub(super) parents: Parents<CommitIndex>,
}

/// Limits that end a blame before the start of history.
#[derive(Default)]
pub(super) struct WalkLimits {
    pub(super) first_parent: bool,
    /// Commits with an older committer date are boundaries.
    pub(super) since: Option<i64>,
}

/// The commits discovered so far.
pub(super) struct Commits {
    reader: Nodes,
    nodes: Vec<CommitNode>,
    /// Indices of the commits in the commit-graph, by their position in it. They save a lookup by
    /// id, which would take longer than all other work on most commits.
    by_position: Vec<Option<CommitIndex>>,
    /// Indices of all other commits.
    by_id: HashMap<ObjectId, CommitIndex>,
    limits: WalkLimits,
    /// The commits of the requested range, if there is one; all other commits are boundaries.
    in_range: Option<HashSet<ObjectId>>,
}

impl Commits {
    pub(super) fn new(
        source: &ObjectSource,
        tips: &Tips,
        limits: WalkLimits,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let in_range = if tips.excluded.is_empty() {
            None
        } else {
            let options = WalkOptions {
                first_parent: limits.first_parent,
                ..WalkOptions::default()
            };
            let mut walk = Walk::new(source, tips, options, cancel)?;
            let mut ids = HashSet::default();
            while let Some(commit) = walk.next()? {
                ids.insert(commit.id);
            }
            Some(ids)
        };
        let reader = Nodes::new(source)?;
        let in_graph = reader
            .graph()
            .map_or(0, gix::commitgraph::Graph::num_commits);
        Ok(Self {
            reader,
            nodes: Vec::new(),
            by_position: vec![None; in_graph as usize],
            by_id: HashMap::default(),
            limits,
            in_range,
        })
    }

    /// Returns the changed-path filters of the commit-graph, if it has any.
    pub(super) fn changed_paths(&self) -> Option<ChangedPaths> {
        self.reader.changed_paths()
    }

    /// Returns the commit's index, and adds the commit if it is new.
    pub(super) fn index(&mut self, id: ObjectId) -> CommitIndex {
        match self.reader.graph().and_then(|graph| graph.lookup(id)) {
            Some(position) => self.index_at(position, id),
            None => *self
                .by_id
                .entry(id)
                .or_insert_with(|| add(&mut self.nodes, id, None)),
        }
    }

    fn index_at(&mut self, position: Position, id: ObjectId) -> CommitIndex {
        let index = &mut self.by_position[position.0 as usize];
        *index.get_or_insert_with(|| add(&mut self.nodes, id, Some(position)))
    }

    /// Adds a commit that is not in the repository: the uncommitted state, on top of `parents`.
    pub(super) fn add_uncommitted(
        &mut self,
        id: ObjectId,
        parents: Vec<CommitIndex>,
    ) -> CommitIndex {
        let index = self.index(id);
        self.nodes[index as usize].known = Some(Known {
            tree: id,
            seconds: u64::MAX,
            parents: parents.into(),
        });
        index
    }

    /// Returns the commit's position in the commit-graph; `None` if the commit-graph does not
    /// contain it.
    pub(super) fn position(&self, commit: CommitIndex) -> Option<Position> {
        self.nodes[commit as usize].position
    }

    pub(super) fn id(&self, commit: CommitIndex) -> ObjectId {
        self.nodes[commit as usize].id
    }

    /// Reads the commit unless it has been read before.
    pub(super) fn load(&mut self, commit: CommitIndex) -> Result<&Known> {
        if self.nodes[commit as usize].known.is_none() {
            let known = match self.in_graph(commit) {
                Some(known) => known,
                None => {
                    let raw = self.reader.load(self.id(commit))?;
                    let wanted = self.followed_parent_count(raw.id, raw.seconds);
                    let parents = raw.parent_ids.iter().take(wanted);
                    Known {
                        tree: raw.tree_id,
                        seconds: raw.seconds,
                        parents: parents.map(|&id| self.index(id)).collect(),
                    }
                }
            };
            self.nodes[commit as usize].known = Some(known);
        }
        self.known(commit)
    }

    /// Reads a commit from the commit-graph; returns `None` if it is not there or its entry is
    /// invalid.
    fn in_graph(&mut self, commit: CommitIndex) -> Option<Known> {
        let CommitNode { id, position, .. } = self.nodes[commit as usize];
        let graph = self.reader.graph()?;
        let found = graph.commit_at(position?);
        let (tree, seconds) = (found.root_tree_id().to_owned(), found.committer_timestamp());
        let mut above = Parents::new();
        for parent in found
            .iter_parents()
            .take(self.followed_parent_count(id, seconds))
        {
            let parent = parent.ok().filter(|at| at.0 < graph.num_commits())?;
            above.push((parent, graph.id_at(parent).to_owned()));
        }
        let above = above.into_iter();
        let parents = above.map(|(position, id)| self.index_at(position, id));
        Some(Known {
            tree,
            seconds,
            parents: parents.collect(),
        })
    }

    /// Returns the number of parents to follow from a commit, at most.
    fn followed_parent_count(&self, id: ObjectId, seconds: u64) -> usize {
        let is_boundary = is_too_old(seconds, self.limits.since)
            || self.in_range.as_ref().is_some_and(|ids| !ids.contains(&id));
        match (is_boundary, self.limits.first_parent) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => usize::MAX,
        }
    }

    /// Returns the data of a commit that was loaded.
    pub(super) fn known(&self, commit: CommitIndex) -> Result<&Known> {
        let known = self.nodes[commit as usize].known.as_ref();
        known.ok_or_else(|| Error::internal("a commit was not loaded"))
    }

    /// Returns true if no parent of the commit is followed. All lines that are still traced at such
    /// a commit are attributed to it.
    pub(super) fn is_boundary(&self, commit: CommitIndex) -> bool {
        self.known(commit)
            .is_ok_and(|known| known.parents.is_empty())
    }
}

fn add(nodes: &mut Vec<CommitNode>, id: ObjectId, position: Option<Position>) -> CommitIndex {
    nodes.push(CommitNode {
        id,
        position,
        known: None,
    });
    // There are far fewer than four billion commits.
    CommitIndex::try_from(nodes.len() - 1).unwrap_or(CommitIndex::MAX)
}
