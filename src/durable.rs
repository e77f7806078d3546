//! Files and directories that appear whole: made under a temporary name, synced, renamed.

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};

/// Makes temporary files that are as open to others as any new file, unlike the private ones of the default.
pub(crate) fn file_builder<'a>() -> tempfile::Builder<'a, 'a> {
    builder(0o666)
}

/// The process's umask takes away from `mode` what it takes from every new file.
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

/// fsync of a file, or of a directory's list of names where directories can be synced.
pub(crate) fn sync(path: &Path) -> Result<()> {
    if cfg!(unix) || path.is_file() {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(Error::storage("write", path))?;
    }
    Ok(())
}

/// [`Error::LimitExceeded`] once less than this is free where `path` lies.
#[cfg(feature = "http")]
pub(crate) fn refuse_full_disk(path: &Path, least: u64) -> Result<()> {
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

/// fsync of the files of a directory, and of their names.
#[cfg(feature = "http")]
pub(crate) fn sync_directory(directory: &Path) -> Result<()> {
    for entry in std::fs::read_dir(directory).map_err(Error::storage("read", directory))? {
        sync(&entry.map_err(Error::storage("read", directory))?.path())?;
    }
    sync(directory)
}
