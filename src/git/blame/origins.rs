//! Finds the origins of a path at a commit: git's rules for the files that may take its lines.
//!
//! The parents are searched in order. If a parent has the path with the same blob, it takes all
//! lines. If it has the path with another blob, that file is an origin, unless one of the two is a
//! regular file and the other a symlink or submodule. Then, for each parent that does not have the
//! path, a rename is detected for this path alone, from the files that were deleted between that
//! parent and the commit. A rename with the same blob takes all lines too. Two origins with the
//! same blob count once.

use std::collections::HashSet;
use std::sync::Arc;

use gix::ObjectId;

use super::commits::CommitIndex;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::diff::attributes::DiffAttributes;
use crate::git::diff::renames::{Candidate, Detect, RenameFinder};
use crate::git::diff::tree::{Side, TreeChange, find_path, tree_changes};
use crate::git::objects::Objects;

/// The data of a commit and its parents that origins depend on.
pub(super) struct CommitContext {
    pub(super) files: Files,
    pub(super) parents: Vec<Parent>,
    /// Its changes against the first parent; `None` if only some of them are known.
    pub(super) changes: Option<Arc<Vec<TreeChange>>>,
    /// True if the commit is ignored: its lines move to parents even if it changed them.
    pub(super) is_ignored: bool,
}

pub(super) struct Parent {
    pub(super) commit: CommitIndex,
    pub(super) tree: ObjectId,
}

/// The files of a commit.
pub(super) enum Files {
    Tree(ObjectId),
    /// The paths of the files in the uncommitted state.
    Listed(HashSet<Vec<u8>>),
}

/// A file in a parent that may take lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) parent: CommitIndex,
    pub(super) path: Vec<u8>,
    pub(super) blob: ObjectId,
}

/// The files that may take a path's lines.
#[derive(Debug)]
pub(super) enum Origins {
    /// One file with the same content, which takes all lines.
    Whole(Origin),
    /// Files, in order: each takes the remaining lines that it contains. Empty if the commit added
    /// the path.
    Parts(Vec<Origin>),
}

/// A file that a commit deleted, and its path.
type Deleted = (Vec<u8>, Side);

/// The file that a parent has at a path.
enum InParent {
    Same,
    Other(ObjectId),
    /// A file of another kind: it is not an origin, and no rename is detected.
    OtherKind,
    Absent,
}

/// Finds the origins of one commit's paths.
pub(super) struct OriginFinder<'a> {
    objects: &'a Objects,
    family: &'a CommitContext,
    renames: RenameFinder<'a>,
    /// Files that were deleted between each parent and the commit; `None` until they are needed.
    deleted: Vec<Option<Vec<Deleted>>>,
}

impl<'a> OriginFinder<'a> {
    pub(super) fn new(
        objects: &'a Objects,
        attributes: &'a mut DiffAttributes,
        family: &'a CommitContext,
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            objects,
            family,
            renames: RenameFinder::new(objects, attributes, cancel),
            deleted: family.parents.iter().map(|_| None).collect(),
        }
    }

    /// Finds the origins of a path. `change` is its change against the first parent, and `here` is
    /// its file at the commit.
    pub(super) fn find(&mut self, change: &TreeChange, here: Side) -> Result<Origins> {
        let parents = &self.family.parents;
        let origin = |at: usize, path: &[u8], blob| Origin {
            parent: parents[at].commit,
            path: path.to_owned(),
            blob,
        };
        let mut found: Vec<Option<Origin>> = vec![None; parents.len()];
        let mut absent = Vec::new();
        for (at, parent) in parents.iter().enumerate() {
            let there = if at == 0 {
                change.old
            } else {
                find_path(self.objects, parent.tree, &change.path)?
            };
            match in_parent(here, there) {
                InParent::Same => return Ok(Origins::Whole(origin(at, &change.path, here.id))),
                InParent::Other(blob) => found[at] = Some(origin(at, &change.path, blob)),
                InParent::OtherKind => {}
                InParent::Absent => absent.push(at),
            }
        }
        for at in absent {
            let Some((path, blob)) = self.renamed_from(at, &change.path, here)? else {
                continue;
            };
            if blob == here.id {
                return Ok(Origins::Whole(origin(at, &path, blob)));
            }
            found[at] = Some(origin(at, &path, blob));
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
    ) -> Result<Option<(Vec<u8>, ObjectId)>> {
        let deleted = match self.deleted[at].take() {
            Some(deleted) => deleted,
            None => self.deleted_against_parent(at)?,
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
        let found = self
            .renames
            .find(&sources, &[destination], Detect::Renames)?;
        if let Some(blob) = found.missing {
            return Err(self.objects.corrupt(format!("blob {blob} is missing")));
        }
        let source = found
            .renames
            .first()
            .map(|rename| &deleted[rename.source])
            .map(|(path, side)| (path.clone(), side.id));
        self.deleted[at] = Some(deleted);
        Ok(source)
    }

    fn deleted_against_parent(&self, at: usize) -> Result<Vec<Deleted>> {
        if let (0, Some(changes)) = (at, &self.family.changes) {
            return Ok(deletions(changes));
        }
        let parent = self.family.parents[at].tree;
        match &self.family.files {
            Files::Tree(tree) => Ok(deletions(&tree_changes(
                self.objects,
                Some(parent),
                Some(*tree),
            )?)),
            Files::Listed(files) => {
                let there = tree_changes(self.objects, None, Some(parent))?;
                let gone = there.into_iter().filter(|file| !files.contains(&file.path));
                Ok(gone
                    .filter_map(|file| Some((file.path, file.new?)))
                    .collect())
            }
        }
    }
}

fn in_parent(here: Side, there: Option<Side>) -> InParent {
    let sort = |side: Side| (side.is_regular(), side.is_submodule());
    match there {
        None => InParent::Absent,
        Some(there) if sort(there) != sort(here) => InParent::OtherKind,
        Some(there) if there.id == here.id => InParent::Same,
        Some(there) => InParent::Other(there.id),
    }
}

fn deletions(changes: &[TreeChange]) -> Vec<Deleted> {
    let gone = changes.iter().filter(|change| change.new.is_none());
    gone.filter_map(|change| Some((change.path.clone(), change.old?)))
        .collect()
}
