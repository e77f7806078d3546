//! Which commits, in which order: `git log`'s default, newest committer date first.
//!
//! A priority queue holds the commits whose children have been shown or that nobody showed yet; among equal dates the one
//! queued first comes first. The parents of a shallow clone's boundary commits do not exist here, as in git.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;
use gix::objs::Kind;

use super::commit_object::CommitObject;
use super::objects::{Object, Objects};
use super::source;
use crate::error::Result;

/// What to walk.
#[derive(Clone, Debug, Default)]
pub(super) struct WalkOptions {
    pub(super) first_parent: bool,
    /// Oldest committer time that is shown and walked through, in seconds since the epoch.
    pub(super) since: Option<i64>,
    /// Newest committer time that is shown.
    pub(super) until: Option<i64>,
    pub(super) max_count: Option<u64>,
}

/// A commit as the walk found it.
pub(super) struct RawCommit {
    pub(super) id: ObjectId,
    /// The object's bytes.
    pub(super) data: Object,
    /// Parents after shallow boundaries are taken off: what there is to compare with.
    pub(super) parent_ids: Vec<ObjectId>,
}

struct Queued {
    seconds: i64,
    order: Reverse<u64>,
    commit: RawCommit,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.seconds, self.order).cmp(&(other.seconds, other.order))
    }
}

/// The walk; yields commits until the first error.
pub(super) struct Walk {
    objects: Objects,
    options: WalkOptions,
    shallow: HashSet<ObjectId>,
    seen: HashSet<ObjectId>,
    queue: BinaryHeap<Queued>,
    queued_count: u64,
    shown_count: u64,
}

impl Walk {
    pub(super) fn new(
        objects: Objects,
        tips: impl IntoIterator<Item = ObjectId>,
        options: WalkOptions,
    ) -> Result<Self> {
        let shallow = shallow_commits(&objects)?;
        let mut walk = Self {
            objects,
            options,
            shallow,
            seen: HashSet::new(),
            queue: BinaryHeap::new(),
            queued_count: 0,
            shown_count: 0,
        };
        for tip in tips {
            walk.push(tip)?;
        }
        Ok(walk)
    }

    fn push(&mut self, id: ObjectId) -> Result<()> {
        if !self.seen.insert(id) {
            return Ok(());
        }
        let data = self.objects.require(id, Kind::Commit)?;
        let Some(commit) = CommitObject::parse(&data) else {
            return Err(self
                .objects
                .corrupt(format!("commit {id} cannot be decoded")));
        };
        let seconds = commit.committer.time.seconds;
        let parent_ids = if self.shallow.contains(&id) {
            Vec::new()
        } else {
            commit.parent_ids
        };
        self.queued_count += 1;
        self.queue.push(Queued {
            seconds,
            order: Reverse(self.queued_count),
            commit: RawCommit {
                id,
                data,
                parent_ids,
            },
        });
        Ok(())
    }

    /// The next commit to show; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<RawCommit>> {
        if self
            .options
            .max_count
            .is_some_and(|max| self.shown_count >= max)
        {
            return Ok(None);
        }
        while let Some(Queued {
            seconds, commit, ..
        }) = self.queue.pop()
        {
            // As in git, what is too old hides what lies behind it; what is too new does not.
            if self.options.since.is_some_and(|since| seconds < since) {
                continue;
            }
            let parents = if self.options.first_parent {
                1
            } else {
                usize::MAX
            };
            for &parent in commit.parent_ids.iter().take(parents) {
                self.push(parent)?;
            }
            if self.options.until.is_none_or(|until| seconds <= until) {
                self.shown_count += 1;
                return Ok(Some(commit));
            }
        }
        Ok(None)
    }
}

/// Commits whose parents a shallow clone left out.
pub(super) fn shallow_commits(objects: &Objects) -> Result<HashSet<ObjectId>> {
    let repo = objects.repo();
    let commits = repo.shallow_commits().map_err(source::unreadable(
        repo.git_dir(),
        "its list of shallow commits",
    ))?;
    Ok(commits
        .iter()
        .flat_map(|commits| commits.iter().copied())
        .collect())
}
