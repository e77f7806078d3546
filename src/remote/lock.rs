//! A lock that allows one writer of a clone at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::transport::TransferMonitor;
use crate::error::{Error, Result};
use crate::no_follow;

/// Locks a clone for one update, and waits if another holds the lock. Then removes the temporary
/// files that killed updates left among the packs.
pub(crate) fn lock_clone(git_dir: &Path, monitor: &TransferMonitor) -> Result<File> {
    let path = git_dir.join("gitfleet.lock");
    let failed = || Error::storage("lock", &path);
    let file = no_follow::open_or_create(&path).map_err(failed())?;
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
    for entry in std::fs::read_dir(&packs)
        .map_err(Error::storage("read", &packs))?
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with(".tmp") {
            let _ = std::fs::remove_file(entry.path()); // on failure it stays; git ignores it
        }
    }
    Ok(file)
}
