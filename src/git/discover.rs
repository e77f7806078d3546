//! Finding the git directory of a path.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::discover::is_git;
use gix::discover::repository::{Kind, Path as Found};

use super::gix_error;
use super::special_files;
use super::view;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::remote_url::without_user_info;

/// The directories in which a repository is looked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Discover {
    /// At the path, then in the directories above it, nearest first, as git commands do.
    #[default]
    Upwards,
    /// At the path only, as `git clone` does.
    Exact,
}

/// The paths of a repository.
pub(super) struct Place {
    /// The directory, or the file of a linked working tree, that was recognised.
    pub(super) found: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) worktree: Option<PathBuf>,
}

/// Finds the git directory at or above `path`, and its working tree. Missing and unreadable
/// directories have errors of their own, distinct from "no repository".
pub(super) fn discover(path: &Path, rule: Discover) -> Result<Place> {
    let not_found = |reason: &str| Error::RepositoryNotFound {
        // An address in the place of a path may contain a password.
        subject: without_user_info(&path.to_string_lossy()),
        reason: reason.to_owned(),
    };
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => not_found("no such directory"),
        _ => Error::storage("read", path)(error),
    })?;
    if !metadata.is_dir() {
        return Err(not_found("is a file, not a directory"));
    }
    fs::read_dir(path).map_err(Error::storage("read", path))?;
    if let Some(found) = at(path)? {
        return Ok(found);
    }
    if rule == Discover::Exact {
        return Err(not_found("not a git repository"));
    }
    // The directories above are those of the file system: `..` after a symbolic link means the
    // directory above its target.
    let resolved = fs::canonicalize(path).map_err(Error::storage("read", path))?;
    let device = device(&resolved);
    for dir in resolved.ancestors().skip(1) {
        if self::device(dir) != device {
            break; // git does not look beyond a mount point either
        }
        if let Some(found) = at(dir)? {
            return Ok(found);
        }
    }
    Err(not_found("not a git repository, and none above it"))
}

/// Returns the repository whose working tree, or bare git directory, is `dir`.
fn at(dir: &Path) -> Result<Option<Place>> {
    // The spelling is kept for messages, but gix takes no path that ends with `..`.
    let resolved;
    let dir = if dir.file_name().is_none() {
        resolved = fs::canonicalize(dir).map_err(Error::storage("read", dir))?;
        &resolved
    } else {
        dir
    };
    for candidate in [dir.join(".git"), dir.to_owned()] {
        if !candidate
            .try_exists()
            .map_err(Error::storage("read", &candidate))?
        {
            continue;
        }
        if !looks_like_git(&candidate)? {
            continue;
        }
        special_files::check(&candidate)?;
        if let Some(kind) = kind(&candidate)? {
            let here = std::env::current_dir().map_err(Error::storage("read", "."))?;
            let place = Found::from_dot_git_dir(candidate.clone(), kind, &here);
            let paths = place.map(Found::into_repository_and_work_tree_directories);
            return Ok(paths.map(|(git_dir, worktree)| Place {
                found: candidate,
                git_dir,
                worktree,
            }));
        }
    }
    Ok(None)
}

/// True for a file, and for a directory that has some of what a git directory has. Others are not
/// looked into, as their files may be anything.
fn looks_like_git(candidate: &Path) -> Result<bool> {
    let metadata = fs::metadata(candidate).map_err(Error::storage("read", candidate))?;
    if !metadata.is_dir() {
        return Ok(true);
    }
    let has = |name: &str| {
        let path = candidate.join(name);
        match fs::metadata(&path) {
            Err(error) if !is_absence(error.kind()) => Err(Error::storage("read", &path)(error)),
            found => Ok(found.is_ok()),
        }
    };
    has("HEAD").or_else(|error| match view::head_link(candidate) {
        Some(_) => Ok(true),
        None => Err(error),
    })?;
    Ok(has("commondir")? || (has("objects")? && has("refs")?))
}

fn kind(candidate: &Path) -> Result<Option<Kind>> {
    // gix takes files whose metadata cannot be read for missing: it is asked again.
    for _ in 0..2 {
        if let Some(kind) = gix_error::optional(candidate, is_git(candidate))? {
            return Ok(Some(kind));
        }
    }
    let is_dir = |name: &str| candidate.join(name).is_dir();
    if view::head_link(candidate).is_none() || !is_dir("objects") || !is_dir("refs") {
        return Ok(None);
    }
    Ok(Some(if candidate.ends_with(".git") {
        Kind::WorkTree {
            linked_git_dir: None,
        }
    } else {
        Kind::PossiblyBare
    }))
}

#[cfg(unix)]
fn device(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|metadata| metadata.dev())
}

#[cfg(not(unix))]
fn device(_path: &Path) -> Option<u64> {
    None
}
