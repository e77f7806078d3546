//! All commits behind the tip, and an order in which children come before their parents.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix::ObjectId;

use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::objects::ObjectSource;
use crate::git::walk::{Tips, Walk, WalkOptions};

/// Index of a commit in a [`History`]; the tip is 0.
pub(super) type CommitIndex = u32;

/// What the walk needs to know of a commit.
struct Node {
    id: ObjectId,
    tree: ObjectId,
    seconds: u64,
    parents: Vec<CommitIndex>,
}

/// Every commit behind a tip.
pub(super) struct History {
    nodes: Vec<Node>,
}

impl History {
    pub(super) fn load(source: &ObjectSource, tip: ObjectId, cancel: &CancelToken) -> Result<Self> {
        let tips = Tips {
            included: vec![tip],
            ..Tips::default()
        };
        let mut walk = Walk::new(source, &tips, WalkOptions::default(), cancel)?;
        let mut index_of: HashMap<ObjectId, CommitIndex> = HashMap::new();
        let mut nodes = Vec::new();
        let mut parent_ids = Vec::new();
        while let Some(raw) = walk.next()? {
            // A history has far fewer than four billion commits.
            index_of.insert(
                raw.id,
                CommitIndex::try_from(nodes.len()).unwrap_or(CommitIndex::MAX),
            );
            nodes.push(Node {
                id: raw.id,
                tree: raw.tree_id,
                seconds: raw.seconds,
                parents: Vec::new(),
            });
            parent_ids.push(raw.parent_ids);
        }
        for (node, ids) in nodes.iter_mut().zip(&parent_ids) {
            node.parents = ids
                .iter()
                .filter_map(|id| index_of.get(id).copied())
                .collect();
        }
        Ok(Self { nodes })
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn id(&self, commit: CommitIndex) -> ObjectId {
        self.nodes[commit as usize].id
    }

    pub(super) fn tree(&self, commit: CommitIndex) -> ObjectId {
        self.nodes[commit as usize].tree
    }

    /// Parents that exist here: none for a root and for the edge of a shallow clone.
    pub(super) fn parents(&self, commit: CommitIndex) -> &[CommitIndex] {
        &self.nodes[commit as usize].parents
    }

    /// Every commit, each after all its children, the newest first among those that are free to go.
    pub(super) fn children_first(&self) -> Vec<CommitIndex> {
        let mut children = vec![0u32; self.nodes.len()];
        for &parent in self.nodes.iter().flat_map(|node| &node.parents) {
            children[parent as usize] += 1;
        }
        let mut free: BinaryHeap<(u64, Reverse<CommitIndex>)> = BinaryHeap::new();
        let queued = |index: CommitIndex| (self.nodes[index as usize].seconds, Reverse(index));
        free.extend(
            (0u32..)
                .zip(&children)
                .filter(|(_, count)| **count == 0)
                .map(|(index, _)| queued(index)),
        );
        let mut order = Vec::with_capacity(self.nodes.len());
        while let Some((_, Reverse(index))) = free.pop() {
            order.push(index);
            for &parent in self.parents(index) {
                children[parent as usize] -= 1;
                if children[parent as usize] == 0 {
                    free.push(queued(parent));
                }
            }
        }
        order
    }
}
