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

/// Replaces a file by one with these bytes.
#[cfg(all(feature = "cli", feature = "http"))]
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = || Error::storage("write", path);
    let mut file = file_builder()
        .prefix(".gitfleet-")
        .tempfile_in(directory)
        .map_err(failed())?;
    file.write_all(bytes).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    Ok(())
}
