//! Where a path at a commit came from: git's rules for the origins that may take its lines.
//!
//! For each parent, in order: if the path is there with the same blob, that parent takes everything. If it is there with
//! another blob, that is an origin; but not if one is a file and the other a symlink or submodule. For each parent in which
//! the path is not there at all: a rename found for this path alone, from whatever was deleted between that parent and
//! the commit. A rename with the same blob takes everything too. Two origins with the same blob count once.

use gix::ObjectId;

use super::history::{CommitIndex, History};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::attributes::Attributes;
use crate::git::objects::Objects;
use crate::git::renames::{Candidate, Detect, RenameFinder};
use crate::git::tree_diff::{Side, TreeChange, find_path, tree_changes};

/// A file in a parent that may take lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) parent: CommitIndex,
    pub(super) path: Vec<u8>,
    pub(super) blob: ObjectId,
}

/// Where a path's lines may go.
#[derive(Debug)]
pub(super) enum Origins {
    /// One file with the same content takes all of them.
    Whole(Origin),
    /// These take what they have, in order. None at all: the commit added the path.
    Parts(Vec<Origin>),
}

/// A file that a commit deleted, and its path.
type Deleted = (Vec<u8>, Side);

/// What a parent has at a path.
enum InParent {
    Same,
    Other(ObjectId),
    /// A file of another sort: no origin, and no reason to look for a rename.
    OtherSort,
    Absent,
}

/// Looks for the origins of one commit's paths.
pub(super) struct OriginFinder<'a> {
    objects: &'a Objects,
    attributes: &'a mut Attributes,
    history: &'a History,
    commit: CommitIndex,
    cancel: &'a CancelToken,
    /// Deleted files between each parent and the commit, once asked for.
    deleted: Vec<Option<Vec<Deleted>>>,
}

impl<'a> OriginFinder<'a> {
    pub(super) fn new(
        objects: &'a Objects,
        attributes: &'a mut Attributes,
        history: &'a History,
        commit: CommitIndex,
        cancel: &'a CancelToken,
    ) -> Self {
        let deleted = history.parents(commit).iter().map(|_| None).collect();
        Self {
            objects,
            attributes,
            history,
            commit,
            cancel,
            deleted,
        }
    }

    /// Finds the origins of `change`, the path's change against the first parent; `all` are all such changes.
    pub(super) fn find(
        &mut self,
        change: &TreeChange,
        here: Side,
        all: &[TreeChange],
    ) -> Result<Origins> {
        let parents = self.history.parents(self.commit);
        let origin = |parent: CommitIndex, path: &[u8], blob| Origin {
            parent,
            path: path.to_owned(),
            blob,
        };
        let mut found: Vec<Option<Origin>> = vec![None; parents.len()];
        let mut absent = Vec::new();
        for (at, &parent) in parents.iter().enumerate() {
            let there = if at == 0 {
                change.old
            } else {
                find_path(self.objects, self.history.tree(parent), &change.path)?
            };
            match in_parent(here, there) {
                InParent::Same => return Ok(Origins::Whole(origin(parent, &change.path, here.id))),
                InParent::Other(blob) => found[at] = Some(origin(parent, &change.path, blob)),
                InParent::OtherSort => {}
                InParent::Absent => absent.push(at),
            }
        }
        for at in absent {
            let Some((path, blob)) = self.renamed_from(at, &change.path, here, all)? else {
                continue;
            };
            if blob == here.id {
                return Ok(Origins::Whole(origin(parents[at], &path, blob)));
            }
            found[at] = Some(origin(parents[at], &path, blob));
        }
        let mut parts: Vec<Origin> = Vec::new();
        for origin in found.into_iter().flatten() {
            if parts.iter().all(|part| part.blob != origin.blob) {
                parts.push(origin);
            }
        }
        Ok(Origins::Parts(parts))
    }

    fn renamed_from(
        &mut self,
        at: usize,
        path: &[u8],
        here: Side,
        all: &[TreeChange],
    ) -> Result<Option<(Vec<u8>, ObjectId)>> {
        let deleted = match self.deleted[at].take() {
            Some(deleted) => deleted,
            None if at == 0 => deletions(all),
            None => {
                let parent = self.history.tree(self.history.parents(self.commit)[at]);
                deletions(&tree_changes(
                    self.objects,
                    Some(parent),
                    Some(self.history.tree(self.commit)),
                )?)
            }
        };
        let sources: Vec<_> = deleted
            .iter()
            .map(|(path, side)| Candidate {
                path,
                side: *side,
                stays: false,
            })
            .collect();
        let destination = Candidate {
            path,
            side: here,
            stays: true,
        };
        let renames = RenameFinder::new(self.objects, self.attributes, self.cancel).find(
            &sources,
            &[destination],
            Detect::Renames,
        )?;
        if let Some(blob) = renames.missing {
            return Err(self.objects.corrupt(format!("blob {blob} is missing")));
        }
        let source = renames
            .renames
            .first()
            .map(|rename| &deleted[rename.source])
            .map(|(path, side)| (path.clone(), side.id));
        self.deleted[at] = Some(deleted);
        Ok(source)
    }
}

fn in_parent(here: Side, there: Option<Side>) -> InParent {
    let sort = |side: Side| (side.is_regular(), side.is_submodule());
    match there {
        None => InParent::Absent,
        Some(there) if sort(there) != sort(here) => InParent::OtherSort,
        Some(there) if there.id == here.id => InParent::Same,
        Some(there) => InParent::Other(there.id),
    }
}

fn deletions(changes: &[TreeChange]) -> Vec<Deleted> {
    let gone = changes.iter().filter(|change| change.new.is_none());
    gone.filter_map(|change| Some((change.path.clone(), change.old?)))
        .collect()
}
