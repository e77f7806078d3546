//! An output file named by the user, which is renamed into place when it is complete.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::durable::file_builder;
use crate::error::{Error, Result};

/// Replaces a file atomically by a new file with the content `bytes`.
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

/// Returns `path` with symbolic links followed. The target of the last link need not exist.
fn place(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&place) else {
            break;
        };
        place = place.parent().unwrap_or(Path::new("")).join(target);
    }
    std::fs::canonicalize(&place).unwrap_or(place)
}

/// Largest number of symbolic links that are followed; the same as in Linux.
const MOST_LINKS: usize = 40;

/// Paths that name files which the process has already opened. Output is appended to such a file,
/// even if it is a regular file.
const OPEN: &[&str] = &["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];

/// A file that is renamed into place when it is complete. Symbolic links are followed. A device or
/// pipe is written to directly.
pub(crate) struct NewFile {
    /// `None` for a device or pipe.
    file: Option<NamedTempFile>,
    path: PathBuf,
}

impl NewFile {
    /// Creates the file. Returns the writer for its content.
    pub(crate) fn create(path: &Path) -> Result<(BufWriter<File>, Self)> {
        let is_open = OPEN.iter().any(|above| path.starts_with(above));
        let path = place(path);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                let reason = "it is a directory".to_owned();
                Err(Error::DestinationExists { path, reason })
            }
            Ok(found) if !found.is_file() || is_open => {
                let device = File::options().append(true).open(&path);
                let device = device.map_err(Error::storage("write", &path))?;
                Ok((BufWriter::new(device), Self { file: None, path }))
            }
            old => {
                let directory = match path.parent() {
                    Some(parent) if !parent.as_os_str().is_empty() => parent,
                    _ => Path::new("."),
                };
                let file = file_builder()
                    .prefix(".gitfleet-")
                    .tempfile_in(directory)
                    .map_err(Error::storage("create a file in", directory))?;
                if let Ok(old) = old {
                    // Keep the permissions of the old file.
                    let kept = std::fs::set_permissions(file.path(), old.permissions());
                    kept.map_err(Error::storage("write", &path))?;
                }
                let handle = file.reopen().map_err(Error::storage("write", &path))?;
                let file = Some(file);
                Ok((BufWriter::new(handle), Self { file, path }))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true for a device or pipe, where output is visible at once.
    pub(crate) fn is_stream(&self) -> bool {
        self.file.is_none()
    }

    /// Moves the file into place. The writer must have been flushed before.
    pub(crate) fn keep(self) -> Result<()> {
        let Self {
            file: Some(file),
            path,
        } = self
        else {
            return Ok(());
        };
        file.as_file()
            .sync_all()
            .map_err(Error::storage("write", &path))?;
        let kept = file.persist(&path).map_err(|error| error.error);
        kept.map(|_| ()).map_err(Error::storage("write", &path))
    }
}
