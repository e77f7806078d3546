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
///
/// Directories wait on a stack of our own, not on the thread's: trees may be nested as deep as they like.
pub(super) fn tree_changes(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Result<Vec<TreeChange>> {
    let mut changes = Vec::new();
    if old == new {
        return Ok(changes);
    }
    let mut path: Vec<u8> = Vec::new();
    let mut spare: Vec<Half> = Vec::new();
    let level = |spare: &mut Vec<Half>, old, new, path_len| -> Result<Level> {
        let mut half = |tree| Half::read(spare.pop().unwrap_or_default(), objects, tree);
        Ok(Level {
            old: half(old)?,
            new: half(new)?,
            path_len,
        })
    };
    let mut levels = vec![level(&mut spare, old, new, 0)?];
    while let Some(current) = levels.last_mut() {
        path.truncate(current.path_len);
        let (old, new) = (current.old.peek(objects)?, current.new.peek(objects)?);
        let order = match (&old, &new) {
            (None, None) => {
                let done = levels.pop().map(|level| [level.old, level.new]);
                spare.extend(done.into_iter().flatten());
                continue;
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => entry_order(old, new),
        };
        let (old, new) = (old.filter(|_| order.is_le()), new.filter(|_| order.is_ge()));
        let side = |entry: &EntryRef<'_>| Side {
            mode: entry.mode.kind(),
            id: entry.oid.to_owned(),
        };
        let (old_side, new_side) = (old.as_ref().map(side), new.as_ref().map(side));
        let Some(entry) = old.or(new) else { continue };
        let is_tree = entry.mode.is_tree();
        if old_side != new_side {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.filename);
        }
        if order.is_le() {
            current.old.advance();
        }
        if order.is_ge() {
            current.new.advance();
        }
        if old_side == new_side {
            continue;
        }
        if is_tree {
            let id = |side: Option<Side>| side.map(|side| side.id);
            levels.push(level(&mut spare, id(old_side), id(new_side), path.len())?);
        } else {
            changes.push(TreeChange {
                path: path.clone(),
                old: old_side,
                new: new_side,
            });
        }
    }
    Ok(changes)
}

/// Two directories of one path, and how far they have been read.
struct Level {
    old: Half,
    new: Half,
    /// Length of their path.
    path_len: usize,
}

/// One of them.
#[derive(Default)]
struct Half {
    tree: Option<ObjectId>,
    buffer: Vec<u8>,
    /// Where the next entry starts.
    at: usize,
    /// Where the one after it does.
    next: usize,
}

impl Half {
    /// Reads `tree` into the buffer of a directory that is done with; `None` has no entries.
    fn read(spare: Self, objects: &Objects, tree: Option<ObjectId>) -> Result<Self> {
        let mut buffer = spare.buffer;
        match tree {
            None => buffer.clear(),
            Some(id) => {
                let data = objects.require(id, Kind::Tree, &mut buffer)?;
                // Decoded in place, as a rule; then there is nothing to move.
                let (start, len) = (data.as_ptr().addr(), data.len());
                let offset = start.wrapping_sub(buffer.as_ptr().addr());
                if len == 0 {
                    buffer.clear();
                } else if offset < buffer.len() {
                    buffer.truncate(offset + len);
                    buffer.drain(..offset);
                }
            }
        }
        Ok(Self {
            tree,
            buffer,
            at: 0,
            next: 0,
        })
    }

    /// The next entry, again and again until [`Half::advance`].
    fn peek(&mut self, objects: &Objects) -> Result<Option<EntryRef<'_>>> {
        let rest = &self.buffer[self.at..];
        let mut entries = TreeRefIter::from_bytes(rest, objects.repo().object_hash());
        let entry = entries.next().transpose().map_err(|error| {
            let tree = self.tree.map_or_else(String::new, |id| id.to_string());
            objects.corrupt(format!("tree {tree} cannot be decoded: {error}"))
        })?;
        self.next = self.at + entries.offset_to_next_entry(rest);
        Ok(entry)
    }

    fn advance(&mut self) {
        self.at = self.next;
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
