//! The commits that a blame comes to, loaded as it comes to them.

use gix::ObjectId;
use gix::commitgraph::Position;
use gix::hashtable::{HashMap, HashSet};

use smallvec::SmallVec;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::objects::ObjectSource;
use crate::git::objects::changed_paths::ChangedPaths;
use crate::git::walk::{Nodes, Tips, Walk, WalkOptions, is_too_old};

/// Index of a commit in [`Commits`], in the order they were heard of.
pub(super) type CommitIndex = u32;

/// Hardly any commit has more than two.
pub(super) type Parents<T> = SmallVec<[T; 2]>;

/// A commit, as far as it is known.
struct CommitNode {
    id: ObjectId,
    /// Where the commit-graph has it.
    position: Option<Position>,
    known: Option<Known>,
}

/// What a blame needs to know of a commit.
pub(super) struct Known {
    pub(super) tree: ObjectId,
    /// Committer date, in seconds since the epoch.
    pub(super) seconds: u64,
    /// Where its lines may have come from: none for a root, for the edge of a shallow clone and of what is asked for.
    pub(super) parents: Parents<CommitIndex>,
}

/// Where a blame ends before history does.
#[derive(Default)]
pub(super) struct WalkLimits {
    pub(super) first_parent: bool,
    /// Commits with an older committer date are boundaries.
    pub(super) since: Option<i64>,
}

/// The commits heard of so far.
pub(super) struct Commits {
    reader: Nodes,
    nodes: Vec<CommitNode>,
    /// Indices of commits that the commit-graph has, by their position in it: looking ids up would take longer than all
    /// else that is done with most of them.
    by_position: Vec<Option<CommitIndex>>,
    /// Indices of the others.
    by_id: HashMap<ObjectId, CommitIndex>,
    limits: WalkLimits,
    /// What a range leaves, if one was asked for; all else is a boundary.
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

    /// What a commit-graph knows of changed paths.
    pub(super) fn changed_paths(&self) -> Option<ChangedPaths> {
        self.reader.changed_paths()
    }

    /// The commit's index; it need not be known yet.
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

    /// A commit that no repository has: what is not committed yet, on top of `parents`.
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

    /// Where the commit-graph has the commit.
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
                    let wanted = self.parents_wanted(raw.id, raw.seconds);
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

    /// What the commit-graph knows of a commit; `None` also if it makes no sense.
    fn in_graph(&mut self, commit: CommitIndex) -> Option<Known> {
        let CommitNode { id, position, .. } = self.nodes[commit as usize];
        let graph = self.reader.graph()?;
        let found = graph.commit_at(position?);
        let (tree, seconds) = (found.root_tree_id().to_owned(), found.committer_timestamp());
        let mut above = Parents::new();
        for parent in found.iter_parents().take(self.parents_wanted(id, seconds)) {
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

    /// Behind how many parents of a commit lines are looked for.
    fn parents_wanted(&self, id: ObjectId, seconds: u64) -> usize {
        let is_boundary = is_too_old(seconds, self.limits.since)
            || self.in_range.as_ref().is_some_and(|ids| !ids.contains(&id));
        match (is_boundary, self.limits.first_parent) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => usize::MAX,
        }
    }

    /// What is known of a commit that was loaded.
    pub(super) fn known(&self, commit: CommitIndex) -> Result<&Known> {
        let known = self.nodes[commit as usize].known.as_ref();
        known.ok_or_else(|| Error::internal("a commit was not loaded"))
    }

    /// Whether lines that reach the commit stay there, because nothing behind it is looked at.
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
    CommitIndex::try_from(nodes.len() - 1).unwrap_or(CommitIndex::MAX) // far fewer than four billion
}
