//! What changed between two trees.
//!
//! Two trees are merged entry by entry; subtrees with the same id are never read. Changes come in path order, bytes
//! compared as git does: a directory sorts as if its name ended in `/`, so a file that became a directory is a deletion
//! and additions.

use std::cmp::Ordering;

use gix::ObjectId;
use gix::objs::tree::{EntryKind, EntryRef};
use gix::objs::{Kind, TreeRefIter};

use super::blobs::Objects;
use crate::error::Result;

/// One side of a change: what a tree says about a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Side {
    /// As git normalises it: `100664` of old repositories is `100644`.
    pub(super) mode: EntryKind,
    pub(super) id: ObjectId,
}

impl Side {
    pub(super) fn is_submodule(&self) -> bool {
        self.mode == EntryKind::Commit
    }

    pub(super) fn is_regular(&self) -> bool {
        matches!(self.mode, EntryKind::Blob | EntryKind::BlobExecutable)
    }
}

/// A path whose entry differs; never a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TreeChange {
    pub(super) path: Vec<u8>,
    pub(super) old: Option<Side>,
    pub(super) new: Option<Side>,
}

/// Lists what differs between two trees, in path order; `None` is the empty tree.
pub(super) fn tree_changes(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Result<Vec<TreeChange>> {
    let mut differ = Differ {
        objects,
        path: Vec::new(),
        changes: Vec::new(),
        spare: Vec::new(),
    };
    if old != new {
        differ.trees(old, new)?;
    }
    Ok(differ.changes)
}

struct Differ<'a> {
    objects: &'a Objects,
    path: Vec<u8>,
    changes: Vec<TreeChange>,
    /// Buffers of levels already left.
    spare: Vec<Vec<u8>>,
}

impl Differ<'_> {
    fn trees(&mut self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<()> {
        let objects = self.objects;
        let mut old_buffer = self.spare.pop().unwrap_or_default();
        let mut new_buffer = self.spare.pop().unwrap_or_default();
        {
            let hash = objects.repo().object_hash();
            let old_data = old.map_or(Ok(&b""[..]), |id| {
                objects.require(id, Kind::Tree, &mut old_buffer)
            })?;
            let new_data = new.map_or(Ok(&b""[..]), |id| {
                objects.require(id, Kind::Tree, &mut new_buffer)
            })?;
            let mut old_entries = TreeRefIter::from_bytes(old_data, hash);
            let mut new_entries = TreeRefIter::from_bytes(new_data, hash);
            let (mut old_entry, mut new_entry) = (
                self.next(&mut old_entries, old)?,
                self.next(&mut new_entries, new)?,
            );
            loop {
                let order = match (&old_entry, &new_entry) {
                    (None, None) => break,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some(old), Some(new)) => entry_order(old, new),
                };
                let old_now = if order.is_le() {
                    old_entry.take()
                } else {
                    None
                };
                let new_now = if order.is_ge() {
                    new_entry.take()
                } else {
                    None
                };
                self.entries(old_now, new_now)?;
                if order.is_le() {
                    old_entry = self.next(&mut old_entries, old)?;
                }
                if order.is_ge() {
                    new_entry = self.next(&mut new_entries, new)?;
                }
            }
        }
        self.spare.extend([old_buffer, new_buffer]);
        Ok(())
    }

    fn next<'t>(
        &self,
        entries: &mut TreeRefIter<'t>,
        tree: Option<ObjectId>,
    ) -> Result<Option<EntryRef<'t>>> {
        entries.next().transpose().map_err(|error| {
            let tree = tree.map_or_else(String::new, |id| id.to_string());
            self.objects
                .corrupt(format!("tree {tree} cannot be decoded: {error}"))
        })
    }

    /// Two entries of one name and of one sort (both directories or both not), or one alone.
    fn entries(&mut self, old: Option<EntryRef<'_>>, new: Option<EntryRef<'_>>) -> Result<()> {
        if let (Some(old), Some(new)) = (&old, &new)
            && old.oid == new.oid
            && old.mode.kind() == new.mode.kind()
        {
            return Ok(());
        }
        let Some(entry) = old.as_ref().or(new.as_ref()) else {
            return Ok(());
        };
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(entry.filename);
        if entry.mode.is_tree() {
            self.trees(
                old.map(|entry| entry.oid.to_owned()),
                new.map(|entry| entry.oid.to_owned()),
            )?;
        } else {
            let side = |entry: EntryRef<'_>| Side {
                mode: entry.mode.kind(),
                id: entry.oid.to_owned(),
            };
            self.changes.push(TreeChange {
                path: self.path.clone(),
                old: old.map(side),
                new: new.map(side),
            });
        }
        self.path.truncate(length);
        Ok(())
    }
}

/// git's order of tree entries. A file and a directory of one name are different entries.
fn entry_order(a: &EntryRef<'_>, b: &EntryRef<'_>) -> Ordering {
    let tail = |entry: &EntryRef<'_>| if entry.mode.is_tree() { b'/' } else { 0 };
    let common = a.filename.len().min(b.filename.len());
    a.filename[..common]
        .cmp(&b.filename[..common])
        .then_with(|| {
            let a_next = a.filename.get(common).copied().unwrap_or_else(|| tail(a));
            let b_next = b.filename.get(common).copied().unwrap_or_else(|| tail(b));
            a_next
                .cmp(&b_next)
                .then_with(|| a.filename.len().cmp(&b.filename.len()))
        })
}

/// What a tree has at `path`; `None` for nothing and for a directory.
pub(super) fn find_path(objects: &Objects, tree: ObjectId, path: &[u8]) -> Result<Option<Side>> {
    let mut buffer = Vec::new();
    let mut tree = tree;
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let data = objects.require(tree, Kind::Tree, &mut buffer)?;
        let mut found = None;
        for entry in TreeRefIter::from_bytes(data, objects.repo().object_hash()) {
            let entry = entry.map_err(|error| {
                objects.corrupt(format!("tree {tree} cannot be decoded: {error}"))
            })?;
            if entry.filename == part && entry.mode.is_tree() == parts.peek().is_some() {
                found = Some(Side {
                    mode: entry.mode.kind(),
                    id: entry.oid.to_owned(),
                });
                break;
            }
        }
        let Some(side) = found else { return Ok(None) };
        if parts.peek().is_none() {
            return Ok(Some(side));
        }
        tree = side.id;
    }
    Ok(None)
}
