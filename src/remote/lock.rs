//! A lock that allows one writer of a clone at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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
}

/// Locks a clone for one update, and waits if another holds the lock. Then removes what killed
/// updates left: temporary files among the packs, and locks of refs and of the index.
pub(crate) fn lock_clone(git_dir: &Path, monitor: &TransferMonitor) -> Result<CloneLock> {
    let path = git_dir.join(LOCK);
    let failed = || Error::storage("lock", &path);
    let file = no_follow::open_or_create(&path).map_err(failed())?;
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if monitor.must_stop() => return Err(Error::Cancelled),
            TryLockError::WouldBlock => std::thread::sleep(std::time::Duration::from_millis(50)),
            TryLockError::Error(error) if error.kind() == ErrorKind::Interrupted => {}
            TryLockError::Error(error) => return Err(failed()(error)),
        }
    }
    // An update writes into these directories, and into those below `refs` and `logs` at any depth.
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
    if metadata.len() > 0 {
        remove_leftovers(git_dir, metadata.modified().map_err(failed())?);
    }
    let mut lock = CloneLock {
        file,
        git_dir: git_dir.to_owned(),
    };
    lock.mark().map_err(failed())?;
    Ok(lock)
}

impl CloneLock {
    /// Records the time before locks of refs, or of the index, are taken.
    pub(crate) fn mark(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(b"an update is running\n")
    }
}

impl Drop for CloneLock {
    fn drop(&mut self) {
        // Content tells of an update that was killed, or that could not remove its new files.
        if staged_files(&self.git_dir).next().is_none() {
            let _ = self.file.set_len(0);
        }
    }
}

/// Longest time from [`CloneLock::mark`] until a lock is taken.
const SOON: Duration = Duration::from_secs(10);

/// Removes the new files of the working tree and the locks that a killed update left. A lock that was
/// not taken soon after a mark belongs to another program.
fn remove_leftovers(git_dir: &Path, marked: SystemTime) {
    let is_lock = |entry: &fs::DirEntry| {
        let modified = || entry.metadata()?.modified();
        let after = |modified: SystemTime| modified.duration_since(marked).ok();
        entry.file_name().as_encoded_bytes().ends_with(b".lock")
            && modified().is_ok_and(|modified| after(modified).is_some_and(|after| after < SOON))
    };
    remove(git_dir, |entry| {
        let name = entry.file_name();
        let known = [
            "HEAD.lock",
            "index.lock",
            "packed-refs.lock",
            "shallow.lock",
        ];
        known.iter().any(|known| name == *known) && is_lock(entry)
    });
    let mut directories: Vec<PathBuf> = vec![git_dir.join("refs")];
    while let Some(directory) = directories.pop() {
        remove(&directory, is_lock);
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.extend(inner.map(|entry| entry.path()));
    }
    for entry in staged_files(git_dir) {
        let _: io::Result<()> = fs::remove_dir_all(entry.path());
    }
}

/// The directories of new files that updates left in the working tree.
fn staged_files(git_dir: &Path) -> impl Iterator<Item = fs::DirEntry> {
    let root = git_dir.parent().filter(|_| git_dir.ends_with(".git"));
    let entries = root.and_then(|root| fs::read_dir(root).ok());
    entries.into_iter().flatten().flatten().filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(STAGED_FILES.as_bytes())
    })
}

/// Removes some files of a directory. What cannot be removed stays.
fn remove(directory: &Path, is_left: impl Fn(&fs::DirEntry) -> bool) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(is_left) {
        let path = entry.path();
        let _: io::Result<()> = fs::remove_file(&path);
    }
}
