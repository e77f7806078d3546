//! Lists all commits before the first one is shown. This is needed if commits are excluded, or if
//! no commit may be shown before all of its children.

use std::collections::HashMap;

use gix::ObjectId;

use super::date_queue::DateQueue;
use super::nodes::Nodes;
use super::options::{WalkOptions, is_too_old};
use super::revisions::Tips;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Number of excluded commits that git still examines after the walk seems finished, because dates
/// may be wrong.
const SLOP: u32 = 5;

type Index = u32;

struct Node {
    id: ObjectId,
    seconds: u64,
    /// `None` until the commit is read. After simplification, only the parents that are followed.
    parents: Option<Vec<Index>>,
    /// With `full_history`, for a merge: true for each compared parent in which the chosen paths
    /// are the same as in the merge.
    same: Option<Vec<bool>>,
    flags: Flags,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    /// Excluded, or reachable from an excluded commit.
    excluded: bool,
    /// Excluded by the caller.
    bottom: bool,
    /// Is or was in the queue.
    seen: bool,
    /// Is in the queue.
    queued: bool,
    /// Does not change the chosen paths.
    unchanged: bool,
}

struct Lister<'a> {
    nodes: &'a Nodes,
    options: &'a mut WalkOptions,
    found: Vec<Node>,
    index_of: HashMap<ObjectId, Index>,
    queue: DateQueue<Index>,
    /// Number of commits in the queue that are not excluded.
    wanted: usize,
}

/// Returns the commits to show, in order. The flag of a commit is true if it does not change the
/// chosen paths.
pub(super) fn list(
    nodes: &Nodes,
    tips: &Tips,
    options: &mut WalkOptions,
    cancel: &CancelToken,
) -> Result<Vec<(ObjectId, bool)>> {
    let mut lister = Lister {
        nodes,
        options,
        found: Vec::new(),
        index_of: HashMap::new(),
        queue: DateQueue::new(),
        wanted: 0,
    };
    for &id in &tips.excluded {
        let tip = lister.index(id)?;
        lister.load(tip)?;
        lister.found[tip as usize].flags.bottom = true;
        lister.set_excluded(tip);
        lister.exclude_known_ancestors(tip);
    }
    for &id in tips.excluded.iter().chain(&tips.included) {
        let tip = lister.index(id)?;
        lister.queue(tip)?;
    }
    let mut list = lister.run(cancel)?;
    if !lister.options.first_parent {
        for &index in &list {
            lister.recompute_unchanged(index);
        }
    }
    if lister.options.topo_order {
        list = lister.children_first(&list);
    }
    // Some commits were found to be excluded only after they were listed.
    list.retain(|&index| !lister.found[index as usize].flags.excluded);
    let shown = |index: Index| {
        let node = &lister.found[index as usize];
        (node.id, node.flags.unchanged)
    };
    Ok(list.into_iter().map(shown).collect())
}

impl Lister<'_> {
    /// Walks until only excluded commits are left.
    fn run(&mut self, cancel: &CancelToken) -> Result<Vec<Index>> {
        let mut list = Vec::new();
        let (mut date, mut slop) = (u64::MAX, SLOP);
        while let Some(index) = self.queue.pop() {
            cancel.check()?;
            let node = &mut self.found[index as usize];
            node.flags.queued = false;
            self.wanted -= usize::from(!node.flags.excluded);
            node.flags.excluded |= is_too_old(node.seconds, self.options.since);
            let (seconds, is_excluded) = (node.seconds, node.flags.excluded);
            if is_excluded {
                self.exclude_parents(index)?;
                slop = self.slop_left(date, slop);
                if slop == 0 {
                    break;
                }
                continue;
            }
            self.follow_parents(index)?;
            if !self.options.select.is_too_new(seconds) {
                date = seconds;
                list.push(index);
            }
        }
        Ok(list)
    }

    /// Returns how many more excluded commits to examine; 0 ends the walk. `date` is that of the
    /// last listed commit.
    fn slop_left(&self, date: u64, slop: u32) -> u32 {
        match self.queue.next_seconds() {
            None => 0,
            Some(next) if date <= next || self.wanted > 0 => SLOP,
            Some(_) => slop - 1,
        }
    }

    fn index(&mut self, id: ObjectId) -> Result<Index> {
        if let Some(&index) = self.index_of.get(&id) {
            return Ok(index);
        }
        let index = Index::try_from(self.found.len())
            .map_err(|_| Error::internal("more than four billion commits"))?;
        self.found.push(Node {
            id,
            seconds: 0,
            parents: None,
            same: None,
            flags: Flags::default(),
        });
        self.index_of.insert(id, index);
        Ok(index)
    }

    /// Makes sure that the date and the parents of the commit are known.
    fn load(&mut self, index: Index) -> Result<()> {
        if self.found[index as usize].parents.is_none() {
            let commit = self.nodes.load(self.found[index as usize].id)?;
            let parents = self.indices(&commit.parent_ids)?;
            let node = &mut self.found[index as usize];
            node.seconds = commit.seconds;
            node.parents = Some(parents);
        }
        Ok(())
    }

    fn indices(&mut self, ids: &[ObjectId]) -> Result<Vec<Index>> {
        ids.iter().map(|&id| self.index(id)).collect()
    }

    fn parents(&self, index: Index) -> &[Index] {
        self.found[index as usize]
            .parents
            .as_deref()
            .unwrap_or_default()
    }

    fn queue(&mut self, index: Index) -> Result<()> {
        self.load(index)?;
        let node = &mut self.found[index as usize];
        if !node.flags.seen {
            node.flags.seen = true;
            node.flags.queued = true;
            self.wanted += usize::from(!node.flags.excluded);
            self.queue.push(node.seconds, index);
        }
        Ok(())
    }

    fn set_excluded(&mut self, index: Index) {
        let flags = &mut self.found[index as usize].flags;
        self.wanted -= usize::from(flags.queued && !flags.excluded);
        flags.excluded = true;
    }

    /// Excludes the ancestors that have been read already; the walk excludes the others later. The
    /// direct parents are always examined: the commit may have been excluded before its parents
    /// were known.
    fn exclude_known_ancestors(&mut self, index: Index) {
        let mut pending = self.parents(index).to_vec();
        while let Some(index) = pending.pop() {
            if !self.found[index as usize].flags.excluded {
                self.set_excluded(index);
                pending.extend_from_slice(self.parents(index));
            }
        }
    }

    fn exclude_parents(&mut self, index: Index) -> Result<()> {
        for parent in self.parents(index).to_vec() {
            self.set_excluded(parent);
            match self.load(parent) {
                Ok(()) => {
                    self.exclude_known_ancestors(parent);
                    self.queue(parent)?;
                }
                Err(Error::Corrupt { .. }) => {} // excluded history may be incomplete
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn is_relevant(&self, index: Index) -> bool {
        let flags = self.found[index as usize].flags;
        !flags.excluded || flags.bottom
    }

    /// Decides again if a merge is unchanged, after some of its parents were found to be excluded.
    /// Only the other parents are then compared with the merge.
    fn recompute_unchanged(&mut self, index: Index) {
        let node = &self.found[index as usize];
        let (Some(same), false) = (&node.same, node.flags.unchanged) else {
            return;
        };
        let relevant: Vec<bool> = self
            .parents(index)
            .iter()
            .map(|&parent| self.is_relevant(parent))
            .collect();
        let has_relevant = relevant.contains(&true);
        let is_changed = same
            .iter()
            .zip(&relevant)
            .any(|(same, relevant)| !same && *relevant == has_relevant);
        self.found[index as usize].flags.unchanged = !is_changed;
    }

    /// Queues the parents of a commit that is not excluded. With paths, only those that
    /// simplification keeps.
    fn follow_parents(&mut self, index: Index) -> Result<()> {
        let first_parent = self.options.first_parent;
        if let Some(paths) = &mut self.options.paths {
            let commit = self.nodes.load(self.found[index as usize].id)?;
            let (found, index_of) = (&self.found, &self.index_of);
            let is_relevant = |id: ObjectId| {
                let flags = index_of.get(&id).map(|&index| found[index as usize].flags);
                flags.is_none_or(|flags| !flags.excluded || flags.bottom)
            };
            let simplified = paths.simplify(self.nodes, &commit, first_parent, is_relevant)?;
            let parents = self.indices(&simplified.parents)?;
            let node = &mut self.found[index as usize];
            node.parents = Some(parents);
            node.same = simplified.same;
            node.flags.unchanged = simplified.is_unchanged;
        }
        let followed = if first_parent { 1 } else { usize::MAX };
        for parent in self.parents(index).to_vec().into_iter().take(followed) {
            self.queue(parent)?;
        }
        Ok(())
    }

    /// Sorts as git's `--topo-order`: no commit before all its listed children, and one line of
    /// history at a time.
    fn children_first(&self, list: &[Index]) -> Vec<Index> {
        // Number of children not shown yet, plus one if the commit is listed.
        let mut waiting = vec![0u32; self.found.len()];
        for &index in list {
            waiting[index as usize] = 1;
        }
        for &parent in list.iter().flat_map(|&index| self.parents(index)) {
            if waiting[parent as usize] > 0 {
                waiting[parent as usize] += 1;
            }
        }
        let is_tip = |&&index: &&Index| waiting[index as usize] == 1;
        let mut free: Vec<Index> = list.iter().rev().filter(is_tip).copied().collect();
        let mut order = Vec::with_capacity(list.len());
        while let Some(index) = free.pop() {
            for &parent in self.parents(index) {
                let waiting = &mut waiting[parent as usize];
                if *waiting > 0 {
                    *waiting -= 1;
                    if *waiting == 1 {
                        free.push(parent);
                    }
                }
            }
            waiting[index as usize] = 0;
            order.push(index);
        }
        order
    }
}
