//! The files to blame.

use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use crate::error::{Error, Result};
use crate::git::diff::tree::{find_entry, tree_changes};
use crate::git::objects::Objects;
use crate::git::worktree::FileEntry;
use crate::git_string::GitString;

/// Returns the files of a tree, in path order and without submodules. If `paths` are given, only
/// those and the files below them are looked up.
pub(super) fn files_in(
    objects: &Objects,
    tree: ObjectId,
    paths: Option<&[GitString]>,
) -> Result<Vec<FileEntry>> {
    let Some(paths) = paths else {
        return below(objects, tree, b"");
    };
    let mut files = Vec::new();
    for path in paths {
        if path.is_empty() {
            return below(objects, tree, b"");
        }
        match find_entry(objects, tree, path)? {
            Some(side) if side.mode == EntryKind::Tree => {
                files.append(&mut below(objects, side.id, path)?);
            }
            Some(side) if !side.is_submodule() => files.push(FileEntry {
                path: path.to_vec(),
                side: Ok(side),
            }),
            _ => {}
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// Returns every file below the directory `prefix`, whose tree is `tree`.
fn below(objects: &Objects, tree: ObjectId, prefix: &[u8]) -> Result<Vec<FileEntry>> {
    let files = tree_changes(objects, None, Some(tree))?.into_iter();
    let files = files.filter_map(|file| file.new.map(|side| (file.path, side)));
    let at = |path: Vec<u8>| {
        if prefix.is_empty() {
            path
        } else {
            [prefix, b"/", &path].concat()
        }
    };
    Ok(files
        .filter(|(_, side)| !side.is_submodule())
        .map(|(path, side)| FileEntry {
            path: at(path),
            side: Ok(side),
        })
        .collect())
}

/// Returns those of `files` that are at or below one of `paths`; all of them if `paths` is `None`.
/// A path without any file is returned as an entry with an error.
pub(super) fn choose(
    mut files: Vec<FileEntry>,
    paths: Option<&[GitString]>,
    revision: &str,
) -> Vec<FileEntry> {
    let Some(paths) = paths else {
        return files;
    };
    let mut wanted = PathFilter::new(paths);
    files.retain(|file| wanted.has(&file.path));
    for path in wanted.missing() {
        let failure = Error::PathNotFound {
            revision: revision.to_owned(),
            path: String::from_utf8_lossy(path).into_owned(),
        };
        files.push(FileEntry {
            path: path.to_vec(),
            side: Err(failure),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    files
}

/// The requested files and directories.
pub(super) struct PathFilter<'a> {
    /// The value is true if a file was found there.
    paths: HashMap<&'a [u8], bool>,
}

impl<'a> PathFilter<'a> {
    pub(super) fn new(paths: &'a [GitString]) -> Self {
        let paths = paths.iter().map(|path| (path.as_bytes(), false));
        Self {
            paths: paths.collect(),
        }
    }

    /// Returns true if a file is requested, by its path or by that of a directory above it, and
    /// marks the paths that match as found.
    pub(super) fn has(&mut self, path: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', path);
        let ends = [0, path.len()].into_iter().chain(slashes);
        let mut is_wanted = false;
        for end in ends {
            if let Some(is_found) = self.paths.get_mut(&path[..end]) {
                (is_wanted, *is_found) = (true, true);
            }
        }
        is_wanted
    }

    fn missing(&self) -> impl Iterator<Item = &'a [u8]> {
        let missing = self.paths.iter().filter(|(_, is_found)| !**is_found);
        missing.map(|(path, _)| *path)
    }
}
