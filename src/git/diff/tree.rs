//! Comparison of two trees.
//!
//! Both trees are read side by side, entry by entry; subtrees with the same id are never read.
//! Changes are in path order, with bytes compared as git does: a directory sorts as if its name
//! ended in `/`, so a file that became a directory is a deletion and additions.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use super::bytes::{common_prefix, find_nul};
use crate::error::Result;
use crate::git::objects::{Object, Objects};
use crate::git::pathspec::Pathspec;

/// One side of a change: the mode and id of a path in a tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Side {
    /// The mode as git normalises it: `100664` of old repositories is `100644`.
    pub(crate) mode: EntryKind,
    pub(crate) id: ObjectId,
}

impl Side {
    pub(crate) fn is_submodule(&self) -> bool {
        self.mode == EntryKind::Commit
    }

    pub(crate) fn is_regular(&self) -> bool {
        matches!(self.mode, EntryKind::Blob | EntryKind::BlobExecutable)
    }
}

/// A path whose entry differs; never a directory. A side without the path is `None`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TreeChange {
    pub(crate) path: Vec<u8>,
    pub(crate) old: Option<Side>,
    pub(crate) new: Option<Side>,
}

/// Lists the paths that differ between two trees, in path order; `None` is the empty tree.
pub(crate) fn tree_changes(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Result<Vec<TreeChange>> {
    tree_changes_in(objects, old, new, None)
}

/// As [`tree_changes`], for these paths only; `None` is all paths.
pub(crate) fn tree_changes_in(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    paths: Option<&mut Pathspec>,
) -> Result<Vec<TreeChange>> {
    let mut changes = Vec::new();
    let mut keep = |change| {
        changes.push(change);
        ControlFlow::Continue(())
    };
    compare_trees(objects, old, new, paths, &mut keep)?;
    Ok(changes)
}

/// Returns true if any of these paths differs between two trees.
pub(crate) fn has_changes(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    paths: &mut Pathspec,
) -> Result<bool> {
    let mut found = false;
    let mut stop = |_| {
        found = true;
        ControlFlow::Break(())
    };
    compare_trees(objects, old, new, Some(paths), &mut stop)?;
    Ok(found)
}

/// Calls `visit` for each path that differs. Open directories are kept on a stack in memory, not on
/// the thread's stack, because trees may be nested arbitrarily deep.
fn compare_trees(
    objects: &Objects,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
    mut paths: Option<&mut Pathspec>,
    visit: &mut dyn FnMut(TreeChange) -> ControlFlow<()>,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let mut path: Vec<u8> = Vec::new();
    let level = |old, new, path_len| -> Result<Level> {
        Ok(Level {
            old: TreeCursor::read(objects, old)?,
            new: TreeCursor::read(objects, new)?,
            path_len,
        })
    };
    let mut levels = vec![level(old, new, 0)?];
    while let Some(current) = levels.last_mut() {
        skip_common(&mut current.old, &mut current.new);
        let (old, new) = (current.old.entry(objects)?, current.new.entry(objects)?);
        let order = match (&old, &new) {
            (None, None) => {
                levels.pop();
                continue;
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => entry_order(old, new),
        };
        let (old, new) = (old.filter(|_| order.is_le()), new.filter(|_| order.is_ge()));
        let Some(entry) = old.as_ref().or(new.as_ref()) else {
            continue;
        };
        let (old_side, new_side) = (
            old.as_ref().map(TreeEntry::side),
            new.as_ref().map(TreeEntry::side),
        );
        let (old_end, new_end) = (
            old.as_ref().map(|entry| entry.end),
            new.as_ref().map(|entry| entry.end),
        );
        path.truncate(current.path_len);
        if old_side != new_side {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(entry.name);
        }
        let is_tree = entry.mode == EntryKind::Tree;
        let is_submodule = entry.mode == EntryKind::Commit;
        current.old.at = old_end.unwrap_or(current.old.at);
        current.new.at = new_end.unwrap_or(current.new.at);
        if old_side == new_side {
            continue;
        }
        let is_meant = paths.as_deref_mut().is_none_or(|paths| {
            if is_tree {
                paths.may_match_in(&path)
            } else {
                paths.matches(&path, is_submodule)
            }
        });
        if !is_meant {
            continue;
        }
        if is_tree {
            let id = |side: Option<Side>| side.map(|side| side.id);
            levels.push(level(id(old_side), id(new_side), path.len())?);
            continue;
        }
        let change = TreeChange {
            path: path.clone(),
            old: old_side,
            new: new_side,
        };
        if visit(change).is_break() {
            break;
        }
    }
    Ok(())
}

/// The directories of both trees at one path.
struct Level {
    old: TreeCursor,
    new: TreeCursor,
    /// Length of that path.
    path_len: usize,
}

/// A tree and a read position in it.
struct TreeCursor {
    /// `None` is the empty tree.
    tree: Option<(ObjectId, Object)>,
    /// Offset of the next entry.
    at: usize,
}

struct TreeEntry<'a> {
    mode: EntryKind,
    name: &'a [u8],
    id: ObjectId,
    /// Offset of the entry after it.
    end: usize,
}

impl TreeEntry<'_> {
    fn side(&self) -> Side {
        Side {
            mode: self.mode,
            id: self.id,
        }
    }
}

impl TreeCursor {
    fn read(objects: &Objects, tree: Option<ObjectId>) -> Result<Self> {
        let tree = tree
            .map(|id| Ok((id, objects.require(id, Kind::Tree)?)))
            .transpose()?;
        Ok(Self { tree, at: 0 })
    }

    fn rest(&self) -> &[u8] {
        self.tree.as_ref().map_or(&[], |(_, data)| &data[self.at..])
    }

    /// Decodes the next entry: its mode in octal, a space, its name, a NUL, its id in bytes. `None`
    /// at the end.
    fn entry(&self, objects: &Objects) -> Result<Option<TreeEntry<'_>>> {
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(None);
        }
        let parsed = || {
            let hash_len = objects.repo().object_hash().len_in_bytes();
            let name_end = find_nul(rest)?;
            let space = memchr::memchr(b' ', &rest[..name_end])?;
            let id_end = name_end + 1 + hash_len;
            if space + 1 == name_end {
                return None; // git refuses empty names too
            }
            Some(TreeEntry {
                mode: mode(&rest[..space])?,
                name: &rest[space + 1..name_end],
                id: ObjectId::try_from(rest.get(name_end + 1..id_end)?).ok()?,
                end: self.at + id_end,
            })
        };
        parsed().map(Some).ok_or_else(|| {
            let tree = self
                .tree
                .as_ref()
                .map_or_else(String::new, |(id, _)| id.to_string());
            objects.corrupt(format!("tree {tree} cannot be decoded"))
        })
    }
}

/// Moves both cursors past the next entries that both trees have in common. Trees of neighbouring
/// commits are mostly equal, byte by byte.
fn skip_common(old: &mut TreeCursor, new: &mut TreeCursor) {
    let (Some((id, _)), Some(_)) = (&old.tree, &new.tree) else {
        return;
    };
    let hash_len = id.kind().len_in_bytes();
    let rest = old.rest();
    let same = common_prefix(rest, new.rest());
    let mut at = 0;
    while let Some(name_end) = find_nul(&rest[at..]) {
        let end = at + name_end + 1 + hash_len;
        if end > same {
            break;
        }
        at = end;
    }
    old.at += at;
    new.at += at;
}

/// Parses an entry's mode, and normalises modes of old versions and other tools as git does. `None`
/// if it is not octal.
pub(crate) fn mode(octal: &[u8]) -> Option<EntryKind> {
    if octal.is_empty() {
        return None;
    }
    let mut mode = 0u32;
    for &digit in octal {
        if !(b'0'..=b'7').contains(&digit) {
            return None;
        }
        mode = (mode << 3) | u32::from(digit - b'0');
    }
    Some(match mode & 0o170_000 {
        0o040_000 => EntryKind::Tree,
        0o120_000 => EntryKind::Link,
        0o100_000 if mode & 0o100 != 0 => EntryKind::BlobExecutable,
        0o100_000 => EntryKind::Blob,
        _ => EntryKind::Commit,
    })
}

/// git's order of tree entries. A file and a directory of the same name are different entries.
fn entry_order(a: &TreeEntry<'_>, b: &TreeEntry<'_>) -> Ordering {
    let tail = |entry: &TreeEntry<'_>| {
        if entry.mode == EntryKind::Tree {
            b'/'
        } else {
            0
        }
    };
    let common = a.name.len().min(b.name.len());
    a.name[..common].cmp(&b.name[..common]).then_with(|| {
        let a_next = a.name.get(common).copied().unwrap_or_else(|| tail(a));
        let b_next = b.name.get(common).copied().unwrap_or_else(|| tail(b));
        a_next
            .cmp(&b_next)
            .then_with(|| a.name.len().cmp(&b.name.len()))
    })
}

/// Looks up the file at `path`; `None` if there is nothing, or a directory.
pub(crate) fn find_path(objects: &Objects, tree: ObjectId, path: &[u8]) -> Result<Option<Side>> {
    let found = find_entry(objects, tree, path)?;
    Ok(found.filter(|side| side.mode != EntryKind::Tree))
}

/// Looks up the entry at `path`, which may be a directory; `None` if there is nothing.
pub(crate) fn find_entry(objects: &Objects, tree: ObjectId, path: &[u8]) -> Result<Option<Side>> {
    let mut tree = tree;
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let mut cursor = TreeCursor::read(objects, Some(tree))?;
        let mut found = None;
        while let Some(entry) = cursor.entry(objects)? {
            let is_way = entry.mode == EntryKind::Tree || parts.peek().is_none();
            if entry.name == part && is_way {
                found = Some(entry.side());
                break;
            }
            cursor.at = entry.end;
        }
        let Some(side) = found else { return Ok(None) };
        if parts.peek().is_none() {
            return Ok(Some(side));
        }
        tree = side.id;
    }
    Ok(None)
}
