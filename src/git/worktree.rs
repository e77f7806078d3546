//! The uncommitted state: the working tree's files as a commit whose parents are `HEAD` and the
//! commits that are being merged into it.
//!
//! As in git, the files are those of the index, so a file that was moved with `git mv` is followed.
//! Their content is the working tree's, with line endings and encodings converted as by `git add`.
//! Filter programs are not run.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::index::entry::Mode;
use gix::objs::Kind;
use gix::objs::tree::EntryKind;

use super::diff::tree::Side;
use super::gix_error;
use super::history::Signature;
use super::id::ObjectId as Id;
use super::index_file::{empty_index, read_index};
use super::objects::Object;
use super::repo::Repo;
use super::time::Timestamp;
use super::to_git::ToGit;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git_string::GitString;
use crate::regular_file;
use crate::unix_time;

/// A file of a tree or of the working tree.
pub(crate) struct FileEntry {
    pub(crate) path: Vec<u8>,
    /// Its mode and blob, or the reason why it cannot be read.
    pub(crate) side: Result<Side>,
}

/// The working tree's files, and the commits that they are based on.
pub(crate) struct WorkingTree {
    /// `HEAD`, then the commits that are being merged.
    pub(crate) parents: Vec<ObjectId>,
    /// Every file in the index, in path order. A file that cannot be read has an error.
    pub(crate) files: Vec<FileEntry>,
    /// The content of the files that were selected for reading, by blob id.
    pub(crate) blobs: HashMap<ObjectId, Object>,
}

impl WorkingTree {
    /// Reads the index, and the content of the files for which `is_wanted` returns true.
    pub(crate) fn read(
        repo: &Repo,
        cancel: &CancelToken,
        mut is_wanted: impl FnMut(&[u8]) -> bool,
    ) -> Result<Self> {
        let local = repo.local();
        let Some(root) = local.workdir() else {
            return Err(Error::invalid(
                "blame of the working tree",
                format!("{} has no working tree", repo.path().display()),
            ));
        };
        let mut parents = vec![repo.rev_parse("HEAD")?.0];
        parents.extend(merge_heads(local.git_dir())?);
        let index = read_index(&local)?.unwrap_or_else(|| empty_index(&local));
        let mut to_git = ToGit::open(&local)?;

        let mut tree = Self {
            parents,
            files: Vec::new(),
            blobs: HashMap::new(),
        };
        for entry in index.entries() {
            cancel.check()?;
            let path = entry.path(&index);
            let is_again = tree
                .files
                .last()
                .is_some_and(|last| last.path == path.as_bytes());
            let Some(mode) = kind(entry.mode).filter(|_| !is_again) else {
                continue; // a submodule, or another stage of a conflict
            };
            let mut side = Side { mode, id: entry.id };
            let mut failure = None;
            if is_wanted(path) {
                let file = gix_error::path(path)?;
                let data = content(&root.join(&file), &mut side);
                let data = data.and_then(|data| match side.mode {
                    EntryKind::Link => Ok(data),
                    _ => to_git.convert(&local, &index, path, data),
                });
                match data {
                    Ok(data) => {
                        let id = gix::objs::compute_hash(local.object_hash(), Kind::Blob, &data);
                        side.id =
                            id.map_err(|error| Error::internal(format!("hashing: {error}")))?;
                        tree.blobs.insert(side.id, Object::blob(data));
                    }
                    Err(error) => failure = Some(error),
                }
            }
            tree.files.push(FileEntry {
                path: path.to_vec(),
                side: failure.map_or(Ok(side), Err),
            });
        }
        Ok(tree)
    }
}

/// The author that git shows for uncommitted lines, with the current time.
pub(crate) fn not_committed_yet() -> Signature {
    let name = GitString::from("Not Committed Yet");
    let email = GitString::from("not.committed.yet");
    Signature {
        raw_name: name.clone(),
        raw_email: email.clone(),
        name,
        email,
        time: Timestamp {
            seconds: unix_time::now(),
            offset_minutes: 0,
        },
    }
}

/// Reads the commits of an unfinished merge; empty if there is none.
fn merge_heads(git_dir: &Path) -> Result<Vec<ObjectId>> {
    let file = git_dir.join("MERGE_HEAD");
    let text = match regular_file::read(&file, regular_file::LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::storage("read", &file)(error)),
    };
    let id = |line: &[u8]| {
        ObjectId::from_hex(line.trim_ascii())
            .map_err(|error| gix_error::damaged(git_dir, "MERGE_HEAD", error))
    };
    text.lines().map(id).collect()
}

fn kind(mode: Mode) -> Option<EntryKind> {
    match mode {
        Mode::FILE => Some(EntryKind::Blob),
        Mode::FILE_EXECUTABLE => Some(EntryKind::BlobExecutable),
        Mode::SYMLINK => Some(EntryKind::Link),
        _ => None,
    }
}

/// Returns a file's content as it is on disk, and sets the mode in `side` to that of the working
/// tree.
fn content(file: &Path, side: &mut Side) -> Result<Vec<u8>> {
    let unreadable = || Error::storage("read", file);
    let metadata = std::fs::symlink_metadata(file).map_err(unreadable())?;
    if metadata.is_symlink() {
        let target = std::fs::read_link(file).map_err(unreadable())?;
        side.mode = EntryKind::Link;
        return Ok(target.into_os_string().into_encoded_bytes());
    }
    if !metadata.is_file() {
        let reason = "it is neither a regular file nor a symbolic link";
        return Err(unreadable()(std::io::Error::other(reason)));
    }
    if side.mode == EntryKind::Link {
        side.mode = EntryKind::Blob;
    }
    regular_file::read(file, u64::MAX).map_err(|error| {
        // The permissions of a file are a fact about it, not a failure of the machine.
        unreadable()(match error.kind() {
            ErrorKind::PermissionDenied => std::io::Error::new(error.kind(), error.to_string()),
            _ => error,
        })
    })
}

/// Returns the all-zero id, which stands for uncommitted lines.
pub(crate) fn zero(repo: &Repo) -> Id {
    Id(repo.local().object_hash().null())
}
