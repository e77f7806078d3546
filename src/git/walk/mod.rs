//! The commits to show and their order, by the rules of `git log`.
//!
//! By default the walk streams, newest committer date first. A queue holds the start commits and
//! the followed parents of the commits walked so far; among equal dates, the one that was queued
//! first comes first. If commits are excluded (`^A`, `A..B`), or if no commit may be shown before
//! all of its children, git lists all commits before it shows the first one, and so does this
//! module ([`limited`]).
//!
//! As in git, the boundary commits of a shallow clone have no parents here.

mod date_queue;
mod limited;
mod nodes;
mod options;
mod revisions;
mod select;
mod simplify;

use std::collections::HashSet;

use gix::ObjectId;

use super::objects::ObjectSource;
use crate::cancel::CancelToken;
use crate::error::Result;
use date_queue::DateQueue;

pub(super) use nodes::{Nodes, RawCommit};
pub(super) use options::{WalkOptions, is_too_old};
pub(super) use revisions::Tips;
pub(super) use select::{Select, SelectText};
pub(super) use simplify::Simplify;

/// The source of the commits to show.
enum Frontier {
    Streamed {
        seen: HashSet<ObjectId>,
        queue: DateQueue<RawCommit>,
    },
    /// Listed in advance, each with true if the commit does not change the chosen paths.
    Listed(std::vec::IntoIter<(ObjectId, bool)>),
}

/// A walk; yields commits until the first error.
pub(super) struct Walk {
    nodes: Nodes,
    options: WalkOptions,
    order: Frontier,
    skipped: u64,
    shown: u64,
    cancel: CancelToken,
}

impl Walk {
    pub(super) fn new(
        source: &ObjectSource,
        tips: &Tips,
        mut options: WalkOptions,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let nodes = Nodes::new(source)?;
        let order = if options.topo_order || !tips.excluded.is_empty() {
            Frontier::Listed(limited::list(&nodes, tips, &mut options, cancel)?.into_iter())
        } else {
            Frontier::Streamed {
                seen: HashSet::new(),
                queue: DateQueue::new(),
            }
        };
        let mut walk = Self {
            nodes,
            options,
            order,
            skipped: 0,
            shown: 0,
            cancel: cancel.clone(),
        };
        for &tip in &tips.included {
            walk.push(tip)?;
        }
        Ok(walk)
    }

    fn push(&mut self, id: ObjectId) -> Result<()> {
        if let Frontier::Streamed { seen, queue } = &mut self.order
            && seen.insert(id)
        {
            let commit = self.nodes.load(id)?;
            queue.push(commit.seconds, commit);
        }
        Ok(())
    }

    /// Returns the next commit to show; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<RawCommit>> {
        if self.options.max_count.is_some_and(|max| self.shown >= max) {
            return Ok(None);
        }
        while let Some((mut commit, is_unchanged)) = self.next_found()? {
            self.cancel.check()?;
            if is_unchanged || !self.options.select.selects(&self.nodes, &mut commit)? {
                continue;
            }
            if self.skipped < self.options.skip {
                self.skipped += 1;
                continue;
            }
            self.shown += 1;
            return Ok(Some(commit));
        }
        Ok(None)
    }

    /// Returns the next commit, with true if it does not change the chosen paths; `None` at the
    /// end.
    fn next_found(&mut self) -> Result<Option<(RawCommit, bool)>> {
        loop {
            let commit = match &mut self.order {
                Frontier::Listed(list) => {
                    let Some((id, is_unchanged)) = list.next() else {
                        return Ok(None);
                    };
                    return Ok(Some((self.nodes.load(id)?, is_unchanged)));
                }
                Frontier::Streamed { queue, .. } => queue.pop(),
            };
            let Some(commit) = commit else {
                return Ok(None);
            };
            // As in git, the ancestors of a commit that is too old are not walked. The ancestors of
            // a commit that is too new are walked.
            if is_too_old(commit.seconds, self.options.since) {
                continue;
            }
            let simplified = match &mut self.options.paths {
                None => None,
                Some(paths) => {
                    Some(
                        paths
                            .simplify(&self.nodes, &commit, self.options.first_parent, |_| true)?,
                    )
                }
            };
            let followed = match &simplified {
                Some(simplified) => &simplified.parents,
                None => &commit.parent_ids,
            };
            let parents = if self.options.first_parent {
                1
            } else {
                usize::MAX
            };
            for &parent in followed.clone().iter().take(parents) {
                self.push(parent)?;
            }
            let is_unchanged = simplified.is_some_and(|simplified| simplified.is_unchanged);
            return Ok(Some((commit, is_unchanged)));
        }
    }
}
