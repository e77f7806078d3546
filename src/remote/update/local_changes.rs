//! The index and the working tree before files are updated, and the local changes that prevent it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode, Stage};
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use crate::cancel::CancelToken;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::git::diff::tree::{Side, TreeChange};
use crate::git::gix_error;
use crate::git::index_file::{self, empty_index};
use crate::git::repo::Repo;
use crate::git::worktree::WorkingTree;
use crate::regular_file;

/// The index, and those files of the working tree that the update touches.
pub(crate) struct LocalFiles {
    pub(crate) index: HashMap<Vec<u8>, Side>,
    /// Files that the update touches; `None` if the file does not exist.
    files: HashMap<Vec<u8>, Option<Side>>,
}

impl LocalFiles {
    /// Reads the index, and the files that `changes` touch. The inner error is the reason why files
    /// cannot be updated.
    pub(crate) fn read(
        repo: &Repo,
        has_head: bool,
        changes: &[TreeChange],
        overwrites: bool,
        cancel: &CancelToken,
    ) -> Result<Result<Self, String>> {
        let index = match read_index(repo, overwrites)? {
            Ok(index) => index,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut state = Self {
            index,
            files: HashMap::new(),
        };
        if !has_head {
            return Ok(if state.index.is_empty() || overwrites {
                Ok(state)
            } else {
                Err("files are staged for a first commit".to_owned())
            });
        }
        let local = repo.local();
        let root = local.workdir().unwrap_or(local.git_dir());
        let has_modes = local.config_snapshot().boolean("core.fileMode") != Some(false);
        let touched: HashSet<&[u8]> = changes
            .iter()
            .map(|change| change.path.as_slice())
            .collect();
        let tree = WorkingTree::read(repo, cancel, |path| touched.contains(path))?;
        if tree.parents.len() > 1 && !overwrites {
            return Ok(Err("a merge is not finished".to_owned()));
        }
        for file in tree.files {
            if !touched.contains(file.path.as_slice()) {
                continue;
            }
            let side = match file.side {
                Ok(side) if has_modes => Some(with_mode(root, &file.path, side)?),
                Ok(side) => Some(side),
                Err(Error::Storage { source, .. })
                    if source.kind() == std::io::ErrorKind::NotFound =>
                {
                    None
                }
                Err(_) if overwrites => continue,
                Err(error) => return Ok(Err(error.report())),
            };
            state.files.insert(file.path, side);
        }
        Ok(Ok(state))
    }

    /// Returns true if both the index and the file are equal to `side` already.
    pub(crate) fn is_as(&self, path: &[u8], side: Option<Side>) -> bool {
        let is_file = match side {
            Some(side) if side.is_submodule() => true,
            _ => self.files.get(path).is_some_and(|found| *found == side),
        };
        is_file && self.index.get(path).copied() == side
    }

    /// Returns the first local change, or untracked file in the place of a new file, as a message.
    /// With `overwrites`, changed and untracked files are replaced, as by `git reset --hard`, but
    /// directories that contain untracked files are not.
    pub(crate) fn in_the_way(
        &self,
        root: &Path,
        changes: &[TreeChange],
        overwrites: bool,
        hash: gix::hash::Kind,
    ) -> Result<Option<String>> {
        let removed: HashSet<&[u8]> = changes
            .iter()
            .filter(|change| change.new.is_none() || overwrites)
            .map(|change| change.path.as_slice())
            .collect();
        for TreeChange { path, old, new } in changes {
            let shown = || String::from_utf8_lossy(path);
            let indexed = self.index.get(path).copied();
            if !overwrites {
                if indexed != *old && indexed != *new {
                    return Ok(Some(format!("{} has staged changes", shown())));
                }
                if let Some(Some(found)) = self.files.get(path)
                    && Some(*found) != *old
                    && Some(*found) != *new
                {
                    return Ok(Some(format!("{} has changes", shown())));
                }
            }
            let Some(new) = *new else {
                continue;
            };
            let is_there = if new.is_submodule() {
                indexed.is_none() && is_file_there(root, path, &removed)?
            } else if indexed.is_none() && !overwrites {
                is_untracked_there(root, path, new, &removed, hash)?
            } else {
                is_directory_there(root, path, &removed)?
            };
            if is_there {
                return Ok(Some(format!("{} is in the way, but not tracked", shown())));
            }
        }
        Ok(None)
    }
}

/// Returns the entries of the index. The inner error is the reason why files cannot be updated.
fn read_index(repo: &Repo, overwrites: bool) -> Result<Result<HashMap<Vec<u8>, Side>, String>> {
    let local = repo.local();
    let index = index_file::read_index(&local)?.unwrap_or_else(|| empty_index(&local));
    let mut entries = index.entries().iter();
    let is_sparse = index.is_sparse()
        || index.link().is_some()
        || entries.any(|entry| entry.flags.contains(Flags::SKIP_WORKTREE));
    if is_sparse {
        let reason = "the checkout is sparse, or its index is split";
        return Ok(Err(reason.to_owned()));
    }
    let mut sides = HashMap::new();
    for entry in index.entries() {
        let has_conflict = entry.stage() != Stage::Unconflicted;
        if has_conflict && !overwrites {
            return Ok(Err("a merge has conflicts".to_owned()));
        }
        let side = Side {
            mode: kind(entry.mode),
            // The null id marks a conflict, which is equal to no blob.
            id: if has_conflict {
                entry.id.kind().null()
            } else {
                entry.id
            },
        };
        sides.insert(entry.path(&index).to_vec(), side);
    }
    Ok(Ok(sides))
}

/// Returns `side` with the executable bit of the file in the working tree.
#[cfg(unix)]
fn with_mode(root: &Path, path: &[u8], side: Side) -> Result<Side> {
    use std::os::unix::fs::PermissionsExt;
    if !side.is_regular() {
        return Ok(side);
    }
    let file = root.join(gix_error::path(path.as_bstr())?);
    let found = std::fs::symlink_metadata(&file).map_err(Error::storage("read", &file))?;
    let mode = if found.permissions().mode() & 0o100 == 0 {
        EntryKind::Blob
    } else {
        EntryKind::BlobExecutable
    };
    Ok(Side { mode, ..side })
}

#[cfg(not(unix))]
fn with_mode(_root: &Path, _path: &[u8], side: Side) -> Result<Side> {
    Ok(side)
}

/// The metadata of a file or a link; `None` if it does not exist.
fn metadata(path: &Path) -> Result<Option<std::fs::Metadata>> {
    match std::fs::symlink_metadata(path) {
        Err(error) if is_absence(error.kind()) => Ok(None),
        found => found.map(Some).map_err(Error::storage("read", path)),
    }
}

/// Returns true if the place of a new file is a directory with files that are not in `removed`.
fn is_directory_there(root: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    let file = root.join(gix_error::path(path.as_bstr())?);
    match metadata(&file)? {
        Some(found) if found.is_dir() => has_more_than(&file, path, removed),
        _ => Ok(false),
    }
}

/// Returns true if the place of a new directory is a file that is not in `removed`.
fn is_file_there(root: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    if is_file_above(root, path, removed)? {
        return Ok(true);
    }
    let found = metadata(&root.join(gix_error::path(path.as_bstr())?))?;
    Ok(found.is_some_and(|found| !found.is_dir()) && !removed.contains(path))
}

fn is_file_above(root: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    for end in memchr::memchr_iter(b'/', path) {
        let above = &path[..end];
        match metadata(&root.join(gix_error::path(above.as_bstr())?))? {
            Some(found) if !found.is_dir() => return Ok(!removed.contains(above)),
            Some(_) => {}
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// Returns true if an untracked file is at `path` or in the place of one of its parents. A file
/// that is equal to `new` already does not count.
fn is_untracked_there(
    root: &Path,
    path: &[u8],
    new: Side,
    removed: &HashSet<&[u8]>,
    hash: gix::hash::Kind,
) -> Result<bool> {
    if is_file_above(root, path, removed)? {
        return Ok(true);
    }
    let file = root.join(gix_error::path(path.as_bstr())?);
    let Some(found) = metadata(&file)? else {
        return Ok(false);
    };
    if found.is_dir() {
        return has_more_than(&file, path, removed);
    }
    let content = if found.is_symlink() {
        std::fs::read_link(&file).map(|target| target.into_os_string().into_encoded_bytes())
    } else {
        regular_file::read(&file, u64::MAX)
    };
    let content = content.map_err(Error::storage("read", &file))?;
    let id = gix::objs::compute_hash(hash, Kind::Blob, &content);
    let mode = if found.is_symlink() {
        EntryKind::Link
    } else {
        with_mode(
            root,
            path,
            Side {
                mode: EntryKind::Blob,
                ..new
            },
        )?
        .mode
    };
    Ok(mode != new.mode || id.ok() != Some(new.id))
}

/// Returns true if a directory contains files that are not in `removed`.
fn has_more_than(directory: &Path, path: &[u8], removed: &HashSet<&[u8]>) -> Result<bool> {
    for entry in std::fs::read_dir(directory).map_err(Error::storage("read", directory))? {
        let entry = entry.map_err(Error::storage("read", directory))?;
        let inside = [path, b"/", entry.file_name().as_encoded_bytes()].concat();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_more = if is_directory {
            has_more_than(&entry.path(), &inside, removed)?
        } else {
            !removed.contains(inside.as_slice())
        };
        if is_more {
            return Ok(true);
        }
    }
    Ok(false)
}

fn kind(mode: Mode) -> EntryKind {
    match mode {
        Mode::FILE_EXECUTABLE => EntryKind::BlobExecutable,
        Mode::SYMLINK => EntryKind::Link,
        Mode::COMMIT => EntryKind::Commit,
        Mode::DIR => EntryKind::Tree,
        _ => EntryKind::Blob,
    }
}
