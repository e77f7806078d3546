//! The temporary directory of a clone, and its renaming to the destination.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::durable::{file_builder, sync, uninterrupted};
use crate::error::{Error, Result};
use crate::no_follow;

/// Prefix of temporary names. The leading dot hides them from globs over clones.
const STAGING_PREFIX: &str = ".gitfleet-clone-";
/// Suffix of the lock file beside a temporary directory. The process that uses the directory holds
/// the lock.
const LOCK_SUFFIX: &str = ".lock";

/// A temporary directory beside the destination; removed if dropped before [`StagingDir::finish`].
pub(crate) struct StagingDir {
    destination: PathBuf,
    staging: PathBuf,
    is_finished: bool,
    /// Locked while this process uses the directory. The operating system releases the lock when
    /// the process ends, even if it is killed.
    lock: Option<File>,
    lock_path: PathBuf,
    /// Parent directories that were created for it, innermost first.
    made: Vec<PathBuf>,
}

impl StagingDir {
    /// Refuses a destination that is not empty. Creates its parent directories and the temporary
    /// directory.
    pub(crate) fn prepare(destination: &Path) -> Result<Self> {
        refuse_occupied(destination)?;
        let destination =
            std::path::absolute(destination).map_err(Error::storage("find", destination))?;
        let parent = destination.parent().unwrap_or(Path::new("/")).to_owned();
        let ancestors = parent.ancestors();
        let made = ancestors
            .take_while(|path| !path.exists())
            .map(Path::to_owned)
            .collect();
        // A concurrent cleanup may remove a directory between its creation and its use.
        let failed = || Error::storage("create a directory in", &parent);
        for _ in 0..ATTEMPTS {
            fs::create_dir_all(&parent).map_err(Error::storage("create", &parent))?;
            let name = file_builder()
                .prefix(STAGING_PREFIX)
                .suffix(LOCK_SUFFIX)
                .tempfile_in(&parent);
            let name = match name {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                name => name.map_err(failed())?,
            };
            let (mut lock, lock_path) = name.keep().map_err(|error| failed()(error.error))?;
            uninterrupted(|| lock.lock()).map_err(failed())?;
            if !lock_path.exists() {
                continue; // a cleanup removed it before it was locked
            }
            // For information only: the lock alone marks the directory as in use.
            let _ = writeln!(lock, "{}", std::process::id());
            let staging = lock_path.with_extension("");
            fs::create_dir(&staging).map_err(failed())?;
            return Ok(Self {
                destination,
                staging,
                is_finished: false,
                lock: Some(lock),
                lock_path,
                made,
            });
        }
        Err(failed()(ErrorKind::NotFound.into()))
    }

    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Syncs everything to disk and renames. The destination is checked again, because another
    /// process may have created it in the meantime.
    pub(crate) fn finish(mut self) -> Result<PathBuf> {
        sync_tree(&self.staging)?;
        refuse_occupied(&self.destination)?;
        if let Err(error) = fs::rename(&self.staging, &self.destination) {
            refuse_occupied(&self.destination)?; // another process was faster
            return Err(Error::storage("rename the clone to", &self.destination)(
                error,
            ));
        }
        self.is_finished = true;
        let parent = self.destination.parent().unwrap_or(Path::new("/"));
        sync(parent)?;
        Ok(self.destination.clone())
    }
}

impl Drop for StagingDir {
    fn drop(&mut self) {
        // Files that cannot be removed now are left to `remove_leftovers`, which finds them by the
        // lock file.
        if self.is_finished || removed(&self.staging) {
            let _ = fs::remove_file(&self.lock_path);
        }
        drop(self.lock.take());
        if !self.is_finished {
            for directory in &self.made {
                let _ = fs::remove_dir(directory); // fails if it is not empty
            }
        }
    }
}

/// Number of attempts to create a temporary directory while other processes clean up.
const ATTEMPTS: usize = 20;

/// Removes the incomplete clones of ended processes from `directory`, which need not exist.
///
/// # Errors
///
/// [`Error::Storage`] if it cannot be listed.
pub fn remove_leftovers(directory: &Path) -> Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        entries => entries.map_err(Error::storage("read", directory))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::storage("read", directory))?;
        let name = entry.file_name();
        let is_lock = name
            .to_str()
            .is_some_and(|name| name.starts_with(STAGING_PREFIX) && name.ends_with(LOCK_SUFFIX));
        if !is_lock {
            continue;
        }
        let path = entry.path();
        let Ok(file) = no_follow::open(&path) else {
            continue; // its process has just finished
        };
        if file.try_lock().is_ok() && removed(&path.with_extension("")) {
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// Removes a directory; returns true if there is none now.
fn removed(directory: &Path) -> bool {
    match fs::remove_dir_all(directory) {
        Err(error) => error.kind() == ErrorKind::NotFound,
        Ok(()) => true,
    }
}

/// Removes the sample hooks of a new repository: a dozen unused files, each of which would be
/// synced to disk.
pub(crate) fn remove_samples(git_dir: &Path) -> Result<()> {
    let hooks = git_dir.join("hooks");
    fs::remove_dir_all(&hooks)
        .and_then(|()| fs::create_dir(&hooks))
        .map_err(Error::storage("empty", hooks))
}

fn refuse_occupied(destination: &Path) -> Result<()> {
    let occupied = |reason: &str| {
        Err(Error::DestinationExists {
            path: destination.to_owned(),
            reason: reason.to_owned(),
        })
    };
    match fs::read_dir(destination) {
        Ok(mut entries) => entries
            .next()
            .map_or(Ok(()), |_| occupied("it is not empty")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => occupied("it is a file"),
        Err(source) => Err(Error::Storage {
            action: "read",
            path: destination.to_owned(),
            source,
        }),
    }
}

/// Syncs every file and directory of the repository itself to disk. Files of a working tree are not
/// synced: git does not sync them either, and they can be checked out again.
fn sync_tree(root: &Path) -> Result<()> {
    let dot_git = root.join(".git");
    let mut directories = vec![if dot_git.is_dir() {
        dot_git
    } else {
        root.to_owned()
    }];
    while let Some(directory) = directories.pop() {
        let failed = || Error::storage("write", &directory);
        for entry in fs::read_dir(&directory).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let kind = entry.file_type().map_err(failed())?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_file() {
                sync(&entry.path())?;
            }
        }
        sync(&directory)?;
    }
    Ok(())
}
