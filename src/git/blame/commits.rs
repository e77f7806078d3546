//! The commits that a blame comes to, loaded as it comes to them.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::changed_paths::ChangedPaths;
use crate::git::objects::ObjectSource;
use crate::git::walk::{Nodes, Tips, Walk, WalkOptions, is_too_old};

/// Index of a commit in [`Commits`], in the order they were heard of.
pub(super) type CommitIndex = u32;

/// A commit, as far as it is known.
struct Node {
    id: ObjectId,
    known: Option<Known>,
}

/// What a blame needs to know of a commit.
pub(super) struct Known {
    pub(super) tree: ObjectId,
    /// Committer date, in seconds since the epoch.
    pub(super) seconds: u64,
    /// Where its lines may have come from: none for a root, for the edge of a shallow clone and of what is asked for.
    pub(super) parents: Vec<CommitIndex>,
}

/// Where a blame ends before history does.
#[derive(Default)]
pub(super) struct Limits {
    pub(super) first_parent: bool,
    /// Commits with an older committer date are boundaries.
    pub(super) since: Option<i64>,
}

/// The commits heard of so far.
pub(super) struct Commits {
    reader: Nodes,
    nodes: Vec<Node>,
    index_of: HashMap<ObjectId, CommitIndex>,
    limits: Limits,
    /// What a range leaves, if one was asked for; all else is a boundary.
    in_range: Option<HashSet<ObjectId>>,
}

impl Commits {
    pub(super) fn new(
        source: &ObjectSource,
        tips: &Tips,
        limits: Limits,
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
            let mut ids = HashSet::new();
            while let Some(commit) = walk.next()? {
                ids.insert(commit.id);
            }
            Some(ids)
        };
        Ok(Self {
            reader: Nodes::new(source)?,
            nodes: Vec::new(),
            index_of: HashMap::new(),
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
        *self.index_of.entry(id).or_insert_with(|| {
            self.nodes.push(Node { id, known: None });
            CommitIndex::try_from(self.nodes.len() - 1).unwrap_or(CommitIndex::MAX) // far fewer than four billion
        })
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
            parents,
        });
        index
    }

    pub(super) fn id(&self, commit: CommitIndex) -> ObjectId {
        self.nodes[commit as usize].id
    }

    /// Reads the commit unless it has been read before.
    pub(super) fn load(&mut self, commit: CommitIndex) -> Result<&Known> {
        if self.nodes[commit as usize].known.is_none() {
            let raw = self.reader.load(self.id(commit))?;
            let is_boundary = is_too_old(raw.seconds, self.limits.since)
                || self
                    .in_range
                    .as_ref()
                    .is_some_and(|ids| !ids.contains(&raw.id));
            let wanted = match (is_boundary, self.limits.first_parent) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => usize::MAX,
            };
            let parents = raw.parent_ids.iter().take(wanted);
            let parents = parents.map(|&id| self.index(id)).collect();
            self.nodes[commit as usize].known = Some(Known {
                tree: raw.tree_id,
                seconds: raw.seconds,
                parents,
            });
        }
        self.known(commit)
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
