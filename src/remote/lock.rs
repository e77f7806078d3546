//! A lock that allows one writer of a clone at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::transport::TransferMonitor;
use crate::error::{Error, Result};
use crate::no_follow;

/// A locked clone. The lock ends when this is dropped, or with the process.
pub(crate) struct CloneLock {
    /// Has content while the clone is written to, so that the content that remains tells of a writer
    /// that was killed.
    file: File,
}

/// Locks a clone for one update, and waits if another holds the lock. Then removes what killed
/// updates left: temporary files among the packs, and locks of refs and of the index.
pub(crate) fn lock_clone(git_dir: &Path, monitor: &TransferMonitor) -> Result<CloneLock> {
    let path = git_dir.join("gitfleet.lock");
    let failed = || Error::storage("lock", &path);
    let mut file = no_follow::open_or_create(&path).map_err(failed())?;
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if monitor.must_stop() => return Err(Error::Cancelled),
            TryLockError::WouldBlock => std::thread::sleep(std::time::Duration::from_millis(50)),
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
    remove_files(&packs, |entry| {
        entry.file_name().to_string_lossy().starts_with(".tmp")
    });
    let metadata = file.metadata().map_err(failed())?;
    if let (1.., Ok(since)) = (metadata.len(), metadata.modified()) {
        remove_locks(git_dir, since);
    }
    file.rewind()
        .and_then(|()| file.write_all(b"an update is running\n"))
        .map_err(failed())?;
    Ok(CloneLock { file })
}

impl Drop for CloneLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0); // what remains makes the next update look for leftovers
    }
}

/// Removes the locks of refs, the index and the shallow boundary that were made since a writer began
/// that was killed. Older ones, and those of other files, are of other programs.
fn remove_locks(git_dir: &Path, since: SystemTime) {
    let is_left = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let is_new = || entry.metadata()?.modified();
        name.as_encoded_bytes().ends_with(b".lock")
            && name != "gitfleet.lock"
            && is_new().is_ok_and(|modified| modified >= since)
    };
    remove_files(git_dir, is_left);
    let mut directories: Vec<PathBuf> = vec![git_dir.join("refs")];
    while let Some(directory) = directories.pop() {
        remove_files(&directory, is_left);
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.extend(inner.map(|entry| entry.path()));
    }
}

/// Removes some files of a directory. One that cannot be removed stays, and so does a directory.
fn remove_files(directory: &Path, is_left: impl Fn(&fs::DirEntry) -> bool) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(is_left) {
        let _: io::Result<()> = fs::remove_file(entry.path());
    }
}
