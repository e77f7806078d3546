//! A lock for the place of a clone, so that processes with one directory of clones wait for each
//! other.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::no_follow;

/// Number of attempts to make the file for a lock.
const MOST_ATTEMPTS: usize = 100;
/// Time between two attempts to lock.
const PAUSE: Duration = Duration::from_millis(50);

/// A locked place; the lock ends when this is dropped, or with the process.
pub(super) struct PlaceLock {
    _file: File,
    path: PathBuf,
}

/// Waits until no other process makes or updates the clone at `relative` below `root`. The
/// directories between are made; a link in the place of one is refused.
///
/// # Errors
///
/// [`Error::Cancelled`], and [`Error::Storage`] if the file for the lock cannot be made.
pub(super) fn lock_place(root: &Path, relative: &Path, cancel: &CancelToken) -> Result<PlaceLock> {
    let place = root.join(relative);
    let directory = place.parent().unwrap_or(Path::new("."));
    let below = relative.parent().unwrap_or(Path::new(""));
    let name = place.file_name().unwrap_or_default().display();
    let path = directory.join(format!(".gitfleet-lock-{name}"));
    let failed = || Error::storage("lock", &path);
    let mut attempts = 0;
    loop {
        if !root.as_os_str().is_empty() {
            fs::create_dir_all(root).map_err(Error::storage("create", root))?;
        }
        no_follow::create_dirs(root, below).map_err(Error::storage("create", directory))?;
        let file = match no_follow::open_or_create(&path) {
            // The directory was removed by a process that had made it.
            Err(error) if error.kind() == ErrorKind::NotFound && attempts < MOST_ATTEMPTS => {
                attempts += 1;
                cancel.check()?;
                std::thread::sleep(PAUSE);
                continue;
            }
            file => file.map_err(failed())?,
        };
        match file.try_lock() {
            // The process that held it may have removed the file.
            Ok(()) if !no_follow::is_at(&file, &path) => {}
            Ok(()) => return Ok(PlaceLock { _file: file, path }),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            // A file system without locks: its users cannot be kept apart.
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {
                return Ok(PlaceLock { _file: file, path });
            }
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
        }
        cancel.check()?;
    }
}

fn has_no_locks(error: &std::io::Error) -> bool {
    // ENOLCK, ENOSYS and ENOTSUP on Linux.
    let is_code = matches!(error.raw_os_error(), Some(37 | 38 | 95)) && cfg!(target_os = "linux");
    is_code || error.kind() == ErrorKind::Unsupported
}

impl Drop for PlaceLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        // Directories that were made for a clone that failed are removed again.
        for directory in self.path.ancestors().skip(1).take(2) {
            let _ = fs::remove_dir(directory); // fails if it is not empty
        }
    }
}
