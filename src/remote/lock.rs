//! A lock that allows one writer of a clone at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::transport::TransferMonitor;
use crate::error::{Error, Result};
use crate::git::special_files;
use crate::jitter::random_bits;
use crate::no_follow::{self, Links};
use crate::regular_file;

/// The file of the lock.
const LOCK: &str = "gitfleet.lock";
/// The content of the file while the clone is written to; the name of the directory of new files
/// follows.
const MARK: &[u8] = b"an update is running\n";
/// Longest content of the file, in bytes.
const LONGEST: u64 = 4 << 10;
/// Start of the name of the directory in which new files are written, in the root of a working
/// tree, before they are renamed into place.
const STAGED_FILES: &str = ".gitfleet-files-";

/// A locked clone. The lock ends when this is dropped, or with the process.
pub(crate) struct CloneLock {
    /// Has content while the clone is written to, so that the content that remains tells of a writer
    /// that was killed.
    file: File,
    /// The name of the directory of new files in the working tree.
    staging_name: String,
    /// Its path, once it was made.
    staged: Option<PathBuf>,
}

/// Locks a clone for one update, and waits if another holds the lock. Then removes what killed
/// updates left: temporary files among the packs, and locks of refs and of the index.
pub(crate) fn lock_clone(repo: &gix::Repository, monitor: &TransferMonitor) -> Result<CloneLock> {
    let git_dir = repo.common_dir();
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
    for (name, depth, links) in [
        ("objects", 0, Links::ToFiles),
        ("objects/pack", 0, Links::ToFiles),
        ("refs", 100, Links::ToFiles),
        ("logs", 100, Links::None),
    ] {
        let path = git_dir.join(name);
        no_follow::real_tree(&path, depth, links).map_err(Error::storage("write to", &path))?;
    }
    // A linked working tree has refs and logs of its own.
    for (name, links) in [("refs", Links::ToFiles), ("logs", Links::None)] {
        let own = repo.git_dir().join(name);
        no_follow::real_tree(&own, 100, links).map_err(Error::storage("write to", &own))?;
        special_files::check_tree(&own)?;
        special_files::check_tree(&git_dir.join(name))?;
    }
    remove(&git_dir.join("objects/pack"), is_temporary);
    let metadata = file.metadata().map_err(failed())?;
    if metadata.len() > 0 {
        let text = regular_file::read(&path, LONGEST).map_err(failed())?;
        remove_leftovers(repo, &text, metadata.modified().map_err(failed())?);
    }
    let mut lock = CloneLock {
        file,
        staging_name: format!("{STAGED_FILES}{:016x}", random_bits()),
        staged: None,
    };
    lock.mark().map_err(failed())?;
    Ok(lock)
}

impl CloneLock {
    /// Records the time before locks of refs, or of the index, are taken.
    pub(crate) fn mark(&mut self) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(MARK)?;
        self.file.write_all(self.staging_name.as_bytes())
    }

    /// Creates the directory in which new files are written before they are renamed into place; it
    /// is on the same file system. If this process is killed, the next lock removes it.
    pub(crate) fn staging(&mut self, root: &Path) -> Result<tempfile::TempDir> {
        self.staged = Some(root.join(&self.staging_name));
        tempfile::Builder::new()
            .prefix(&self.staging_name)
            .rand_bytes(0)
            .tempdir_in(root)
            .map_err(Error::storage("create a directory in", root))
    }
}

impl Drop for CloneLock {
    fn drop(&mut self) {
        // Content tells of an update that was killed, or that could not remove its new files.
        let is_gone = |path: &PathBuf| {
            let found = fs::symlink_metadata(path);
            found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        if self.staged.as_ref().is_none_or(is_gone) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Longest time from [`CloneLock::mark`] until a lock is taken.
const SOON: Duration = Duration::from_secs(10);

/// Removes the new files of the working tree and the locks that a killed update left. A lock that was
/// not taken soon after a mark belongs to another program.
fn remove_leftovers(repo: &gix::Repository, text: &[u8], marked: SystemTime) {
    let git_dir = repo.common_dir();
    let is_lock = |entry: &fs::DirEntry| {
        let modified = || entry.metadata()?.modified();
        let after = |modified: SystemTime| modified.duration_since(marked).ok();
        entry.file_name().as_encoded_bytes().ends_with(b".lock")
            && modified().is_ok_and(|modified| after(modified).is_some_and(|after| after < SOON))
    };
    for directory in [git_dir, repo.git_dir()] {
        remove(directory, |entry| {
            let name = entry.file_name();
            let known = [
                "HEAD.lock",
                "index.lock",
                "packed-refs.lock",
                "shallow.lock",
            ];
            known.iter().any(|known| name == *known) && is_lock(entry)
        });
    }
    let mut directories: Vec<PathBuf> = vec![git_dir.join("refs")];
    while let Some(directory) = directories.pop() {
        remove(&directory, is_lock);
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        directories.extend(inner.map(|entry| entry.path()));
    }
    // Only the directory that the killed update named is its own.
    let name = text.strip_prefix(MARK).unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    let is_ours = name
        .strip_prefix(STAGED_FILES)
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let Some(root) = repo.workdir().filter(|_| is_ours) {
        let _: io::Result<()> = fs::remove_dir_all(root.join(&*name));
    }
}

/// True for a temporary file of gix among the packs. Those of git have a dash in their names.
fn is_temporary(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let rest = name.as_encoded_bytes().strip_prefix(b".tmp");
    rest.is_some_and(|rest| rest.iter().all(u8::is_ascii_alphanumeric))
}

/// Removes some files of a directory. What cannot be removed stays.
fn remove(directory: &Path, is_left: impl Fn(&fs::DirEntry) -> bool) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(is_left) {
        let path = entry.path();
        let _: io::Result<()> = fs::remove_file(&path);
    }
}
