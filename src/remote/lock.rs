//! A lock that allows one writer of a clone at a time.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::transport::TransferMonitor;
use crate::error::{Error, Result};
use crate::no_follow;

/// The file of the lock.
const LOCK: &str = "gitfleet.lock";
/// Prefix of the directories in which new files are written, in the root of a working tree, before
/// they are renamed into place.
pub(crate) const STAGED_FILES: &str = ".gitfleet-files-";

/// A locked clone. The lock ends when this is dropped, or with the process.
pub(crate) struct CloneLock {
    /// Has content while the clone is written to, so that the content that remains tells of a writer
    /// that was killed.
    file: File,
    git_dir: PathBuf,
    /// The time at which the lock was taken, by the file system's clock.
    since: SystemTime,
}

/// Locks a clone for one update, and waits if another holds the lock. Then removes what killed
/// updates left: temporary files among the packs, and locks of refs and of the index.
pub(crate) fn lock_clone(git_dir: &Path, monitor: &TransferMonitor) -> Result<CloneLock> {
    let path = git_dir.join(LOCK);
    let failed = || Error::storage("lock", &path);
    let mut file = no_follow::open_or_create(&path).map_err(failed())?;
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if monitor.must_stop() => return Err(Error::Cancelled),
            TryLockError::WouldBlock => std::thread::sleep(std::time::Duration::from_millis(50)),
            TryLockError::Error(error) if error.kind() == ErrorKind::Interrupted => {}
            TryLockError::Error(error) => return Err(failed()(error)),
        }
    }
    // What an update writes must not end up behind a link. `refs` and `logs` are as deep as names.
    for (name, depth) in [
        ("objects", 0),
        ("objects/pack", 0),
        ("refs", 100),
        ("logs", 100),
    ] {
        let path = git_dir.join(name);
        no_follow::real_tree(&path, depth).map_err(Error::storage("write to", &path))?;
    }
    let packs = git_dir.join("objects/pack");
    remove(&packs, |entry| {
        entry.file_name().as_encoded_bytes().starts_with(b".tmp")
    });
    let metadata = file.metadata().map_err(failed())?;
    let since = metadata.modified().map_err(failed())?;
    let since = if metadata.len() > 0 && !remove_leftovers(git_dir, since) {
        since
    } else {
        file.rewind()
            .and_then(|()| file.write_all(b"an update is running\n"))
            .and_then(|()| file.metadata()?.modified())
            .map_err(failed())?
    };
    Ok(CloneLock {
        since,
        git_dir: git_dir.to_owned(),
        file,
    })
}

impl Drop for CloneLock {
    fn drop(&mut self) {
        // Content makes the next update look for leftovers again.
        if remove_leftovers(&self.git_dir, self.since) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Removes what a writer left that began at `since` and was killed, or whose removals failed: locks
/// of refs, the index and the shallow boundary, and new files of the working tree. Older locks are
/// of other programs. Returns true if nothing is left.
fn remove_leftovers(git_dir: &Path, since: SystemTime) -> bool {
    let is_lock = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let modified = || entry.metadata()?.modified();
        name.as_encoded_bytes().ends_with(b".lock")
            && name != LOCK
            && modified().is_ok_and(|modified| modified >= since)
    };
    let mut is_clean = remove(git_dir, is_lock);
    let mut directories: Vec<PathBuf> = vec![git_dir.join("refs")];
    while let Some(directory) = directories.pop() {
        is_clean &= remove(&directory, is_lock);
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.extend(inner.map(|entry| entry.path()));
    }
    if git_dir.ends_with(".git")
        && let Some(root) = git_dir.parent()
    {
        is_clean &= remove(root, |entry| {
            let name = entry.file_name();
            name.as_encoded_bytes().starts_with(STAGED_FILES.as_bytes())
        });
    }
    is_clean
}

/// Removes some files and directories of a directory. Returns true if none of them is left.
fn remove(directory: &Path, is_left: impl Fn(&fs::DirEntry) -> bool) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut is_clean = true;
    for entry in entries.filter(is_left) {
        let path = entry.path();
        let removed = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        is_clean &= removed.is_ok();
    }
    is_clean
}
