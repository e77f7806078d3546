//! Files and directories that become visible only when they are complete: they are created under a
//! temporary name, synced and renamed.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Error, Result};

/// Returns a builder of temporary files that have the permissions of any new file, not the private
/// ones that are `tempfile`'s default.
pub(crate) fn file_builder<'a>() -> tempfile::Builder<'a, 'a> {
    builder(0o666)
}

/// Returns a builder of temporary files with the permissions `mode` less the process's umask.
fn builder<'a>(mode: u32) -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Syncs a file to disk, or the entries of a directory where the platform can sync directories.
pub(crate) fn sync(path: &Path) -> Result<()> {
    if cfg!(unix) || path.is_file() {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(Error::storage("write", path))?;
    }
    Ok(())
}

/// Repeats a call that signals interrupt. Python's signal handlers interrupt locking.
pub(crate) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

/// Returns true for an error of the file system that means that a file is missing.
pub(crate) fn is_absence(kind: ErrorKind) -> bool {
    use ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound};
    matches!(
        kind,
        NotFound | NotADirectory | IsADirectory | InvalidFilename
    )
}

/// Returns true for the code of an error that the system has no more descriptors or threads for this
/// process: it may have some later.
pub(crate) fn is_exhausted(code: i32) -> bool {
    // EAGAIN, ENFILE and EMFILE.
    cfg!(unix) && matches!(code, 11 | 35 | 23 | 24)
}

/// Fails if the process may open no more than a few files: a runtime that lacks one panics.
#[cfg(any(feature = "cli", feature = "http"))]
pub(crate) fn refuse_few_descriptors() -> io::Result<()> {
    const NEEDED: usize = 12;
    let mut held = Vec::with_capacity(NEEDED);
    if cfg!(unix) {
        for _ in 0..NEEDED {
            held.push(File::open("/dev/null")?);
        }
    }
    Ok(())
}

/// Returns [`Error::LimitExceeded`] if less than `least` bytes are free on the disk of `path`.
#[cfg(feature = "http")]
pub(crate) fn refuse_full_disk(path: &Path, least: u64) -> Result<()> {
    #[cfg(unix)]
    if let Ok(disk) = rustix::fs::statvfs(path)
        && disk.f_bavail.saturating_mul(disk.f_frsize) < least
    {
        // The path is a temporary directory beside the clone, so its parent is named.
        let place = path.parent().unwrap_or(path);
        return Err(Error::LimitExceeded {
            subject: format!("free space of {}", place.display()),
            what: "bytes have to stay free (--min-free, min_free_bytes)".to_owned(),
            limit: least,
        });
    }
    #[cfg(not(unix))]
    let _ = (path, least);
    Ok(())
}

/// Syncs the files of a directory and its entries to disk.
#[cfg(feature = "http")]
pub(crate) fn sync_directory(directory: &Path) -> Result<()> {
    for entry in std::fs::read_dir(directory).map_err(Error::storage("read", directory))? {
        sync(&entry.map_err(Error::storage("read", directory))?.path())?;
    }
    sync(directory)
}
