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
