//! Where a clone is made, and how it comes to its final name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::durable::{directory_builder, sync};
use crate::error::{Error, Result};

/// Beginning of temporary names; hidden, so that globs over clones do not see them.
const STAGING_PREFIX: &str = ".gitfleet-clone-";

/// A temporary directory beside the destination; removed when dropped before [`Place::finish`].
pub(super) struct Place {
    destination: PathBuf,
    staging: tempfile::TempDir,
}

impl Place {
    /// Refuses a destination that holds something; makes its parent directories.
    pub(super) fn prepare(destination: &Path) -> Result<Self> {
        refuse_occupied(destination)?;
        let destination =
            std::path::absolute(destination).map_err(Error::storage("find", destination))?;
        let parent = destination.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(Error::storage("create", parent))?;
        let staging = directory_builder()
            .prefix(STAGING_PREFIX)
            .tempdir_in(parent)
            .map_err(Error::storage("create a directory in", parent))?;
        Ok(Self {
            destination,
            staging,
        })
    }

    pub(super) fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Writes everything to disk and renames. The destination is looked at again: another process may have been faster.
    pub(super) fn finish(self) -> Result<PathBuf> {
        sync_tree(self.staging.path())?;
        refuse_occupied(&self.destination)?;
        fs::rename(self.staging.path(), &self.destination)
            .map_err(Error::storage("rename the clone to", &self.destination))?;
        let _ = self.staging.keep(); // the name is free again; there is nothing left to remove
        let parent = self.destination.parent().unwrap_or(Path::new("/"));
        sync(parent)?;
        Ok(self.destination)
    }
}

/// [`Error::LimitExceeded`] once less than this is free where `path` lies.
pub(in crate::git) fn refuse_full_disk(path: &Path, least: u64) -> Result<()> {
    #[cfg(unix)]
    if let Ok(disk) = rustix::fs::statvfs(path)
        && disk.f_bavail.saturating_mul(disk.f_frsize) < least
    {
        return Err(Error::LimitExceeded {
            subject: path.display().to_string(),
            what: "bytes, the room that is to stay free on the disk".to_owned(),
            limit: least,
        });
    }
    #[cfg(not(unix))]
    let _ = (path, least);
    Ok(())
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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => occupied("it is a file"),
        Err(source) => Err(Error::Storage {
            action: "read",
            path: destination.to_owned(),
            source,
        }),
    }
}

/// fsync of every file and directory of the repository itself. Files of a working tree are left to the system: git does not
/// sync them either, and they can be checked out again.
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
