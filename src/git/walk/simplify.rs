//! git's history simplification: if a merge and one of its parents have the same content at the
//! chosen paths, only that parent is followed.

use gix::ObjectId;

use super::nodes::{Nodes, RawCommit};
use crate::error::Result;
use crate::git::diff::tree::has_changes;
use crate::git::pathspec::Pathspec;

/// Simplifies the history of some paths.
pub(in crate::git) struct Simplify {
    pub(in crate::git) paths: Pathspec,
    /// Follow all parents of a merge, even if the paths are the same in one of them: git's
    /// `--full-history`.
    pub(in crate::git) full_history: bool,
}

/// A commit after simplification.
pub(super) struct Simplified {
    /// The parents to follow.
    pub(super) parents: Vec<ObjectId>,
    /// With `full_history`, for a merge: true for each compared parent in which the paths are the
    /// same.
    pub(super) same: Option<Vec<bool>>,
    /// True if the paths are the same as in the parents that the commit is compared with. Then it
    /// is not shown.
    pub(super) is_unchanged: bool,
}

impl Simplify {
    /// Compares the commit with each parent in turn. If the paths are the same in a relevant
    /// parent, only that parent is followed, unless `full_history` is set. `is_relevant` returns
    /// true for parents that are not excluded.
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
        // Excluded parents count only if there are no others.
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
