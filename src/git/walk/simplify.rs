//! git's history simplification: with paths, a merge whose result is one parent's is that parent, as far as these paths go.

use gix::ObjectId;

use super::nodes::{Nodes, RawCommit};
use crate::error::Result;
use crate::git::diff::tree::has_changes;
use crate::git::pathspec::Pathspec;

/// Follows history for some paths only.
pub(in crate::git) struct Simplify {
    pub(in crate::git) paths: Pathspec,
    /// Follow all parents of a merge even if one has the same: git's `--full-history`.
    pub(in crate::git) full_history: bool,
}

/// What is left of a commit.
pub(super) struct Simplified {
    /// Parents that are followed.
    pub(super) parents: Vec<ObjectId>,
    /// Which parents have the same, of a merge that follows all of them.
    pub(super) same: Option<Vec<bool>>,
    /// Whether the commit leaves the paths as they are in what it is compared with: it is not shown then.
    pub(super) is_unchanged: bool,
}

impl Simplify {
    /// Compares with each parent in turn; the first relevant one that has the same takes all. `is_relevant` says which
    /// parents are not excluded.
    pub(super) fn simplify(
        &mut self,
        nodes: &Nodes,
        commit: &RawCommit,
        first_parent: bool,
        is_relevant: impl Fn(ObjectId) -> bool,
    ) -> Result<Simplified> {
        let parents = &commit.parent_ids;
        if parents.is_empty() {
            let is_changed =
                has_changes(&nodes.objects, None, Some(commit.tree_id), &mut self.paths)?;
            return Ok(Simplified {
                parents: Vec::new(),
                same: None,
                is_unchanged: !is_changed,
            });
        }
        let (mut relevant, mut relevant_change, mut irrelevant_change) = (false, false, false);
        let mut same = Vec::new();
        for (at, &parent) in parents.iter().enumerate() {
            let counts = is_relevant(parent);
            relevant |= counts;
            if at == 1 && first_parent {
                break;
            }
            let tree = nodes.load(parent)?.tree_id;
            let (old, new) = (Some(tree), Some(commit.tree_id));
            let is_changed = has_changes(&nodes.objects, old, new, &mut self.paths)?;
            same.push(!is_changed);
            if counts && !is_changed && !self.full_history {
                return Ok(Simplified {
                    parents: vec![parent],
                    same: None,
                    is_unchanged: true,
                });
            }
            relevant_change |= is_changed && counts;
            irrelevant_change |= is_changed && !counts;
        }
        // Excluded parents decide only where there are no others.
        let is_changed = if relevant {
            relevant_change
        } else {
            irrelevant_change
        };
        Ok(Simplified {
            parents: parents.clone(),
            same: (self.full_history && parents.len() > 1).then_some(same),
            is_unchanged: !is_changed,
        })
    }
}
