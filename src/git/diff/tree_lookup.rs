//! Looks up a few paths in one tree after another, for walks.
//!
//! A tree is read up to the last name that is needed. A directory that is the same as in the
//! previous tree is not read at all.

use gix::ObjectId;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use super::bytes::find_nul;
use super::tree::{Side, TreeChange, mode};
use crate::error::Result;
use crate::git::objects::Objects;

/// Looks up the same paths in every tree.
#[derive(Clone)]
pub(crate) struct TreeLookup {
    paths: Vec<Vec<u8>>,
    root: Directory,
}

/// A directory that contains some of the paths.
#[derive(Clone, Default)]
struct Directory {
    /// Names of files, each with the index of its path.
    files: Vec<(Vec<u8>, usize)>,
    directories: Vec<(Vec<u8>, Self)>,
    /// The tree that was read last, and the entries it has for all paths below this directory.
    last: Option<(ObjectId, Vec<(usize, Side)>)>,
}

impl TreeLookup {
    pub(crate) fn new(paths: &[Vec<u8>]) -> Self {
        let mut root = Directory::default();
        for (index, path) in paths.iter().enumerate() {
            root.add(path, index);
        }
        Self {
            paths: paths.to_vec(),
            root,
        }
    }

    /// Returns the paths that differ between two trees, in no particular order.
    pub(crate) fn changes(
        &mut self,
        objects: &Objects,
        old: ObjectId,
        new: ObjectId,
    ) -> Result<Vec<TreeChange>> {
        if old == new {
            return Ok(Vec::new());
        }
        // The old tree is read last: in the next call it is the new tree, and still cached.
        let new = self.root.look(objects, new)?.to_vec();
        let old = self.root.look(objects, old)?;
        if new == old {
            return Ok(Vec::new());
        }
        let at = |sides: &[(usize, Side)], path| {
            let found = sides.iter().find(|(found, _)| *found == path);
            found.map(|(_, side)| *side)
        };
        let changes = self
            .paths
            .iter()
            .enumerate()
            .map(|(index, path)| TreeChange {
                path: path.clone(),
                old: at(old, index),
                new: at(&new, index),
            });
        Ok(changes.filter(|change| change.old != change.new).collect())
    }
}

impl Directory {
    fn add(&mut self, path: &[u8], index: usize) {
        let Some(slash) = memchr::memchr(b'/', path) else {
            self.files.push((path.to_vec(), index));
            return;
        };
        let (name, rest) = (&path[..slash], &path[slash + 1..]);
        let at = self.directories.iter().position(|(known, _)| known == name);
        let at = at.unwrap_or_else(|| {
            self.directories.push((name.to_vec(), Self::default()));
            self.directories.len() - 1
        });
        self.directories[at].1.add(rest, index);
    }

    fn look(&mut self, objects: &Objects, tree: ObjectId) -> Result<&[(usize, Side)]> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != tree) {
            let data = objects.require(tree, Kind::Tree)?;
            let mut found = Vec::new();
            let corrupt = || objects.corrupt(format!("tree {tree} cannot be decoded"));
            let mut left = self.files.len() + self.directories.len();
            let mut rest: &[u8] = &data;
            while left > 0 && !rest.is_empty() {
                let (entry, after) =
                    Entry::split(rest, tree.kind().len_in_bytes()).ok_or_else(corrupt)?;
                rest = after;
                for (name, directory) in &mut self.directories {
                    if name == entry.name
                        && entry.side().ok_or_else(corrupt)?.mode == EntryKind::Tree
                    {
                        let id = entry.id().ok_or_else(corrupt)?;
                        found.extend_from_slice(directory.look(objects, id)?);
                        left -= 1;
                    }
                }
                for (name, index) in &self.files {
                    if name == entry.name {
                        let side = entry.side().ok_or_else(corrupt)?;
                        if side.mode != EntryKind::Tree {
                            found.push((*index, side));
                            left -= 1;
                        }
                    }
                }
            }
            self.last = Some((tree, found));
        }
        Ok(self.last.as_ref().map_or(&[], |(_, found)| found))
    }
}

/// A tree entry that is not decoded yet.
struct Entry<'a> {
    mode: &'a [u8],
    name: &'a [u8],
    id: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Splits off the first entry. Returns it and the rest of the data; `None` if it is damaged.
    fn split(data: &'a [u8], id_len: usize) -> Option<(Self, &'a [u8])> {
        let name_end = find_nul(data)?;
        // A mode has five or six digits, unless a broken tool wrote it.
        let head = &data[..name_end];
        let space = match (head.get(6), head.get(5)) {
            (Some(b' '), _) if !head[..6].contains(&b' ') => 6,
            _ => memchr::memchr(b' ', head)?,
        };
        let end = name_end + 1 + id_len;
        let entry = Self {
            mode: &head[..space],
            name: &head[space + 1..],
            id: data.get(name_end + 1..end)?,
        };
        (!entry.name.is_empty()).then_some((entry, &data[end..]))
    }

    fn id(&self) -> Option<ObjectId> {
        ObjectId::try_from(self.id).ok()
    }

    fn side(&self) -> Option<Side> {
        Some(Side {
            mode: mode(self.mode)?,
            id: self.id()?,
        })
    }
}
