//! An output file named by the user, which is renamed into place when it is complete.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::durable::file_builder;
use crate::error::{Error, Result};
use crate::no_follow;

/// Replaces a file atomically by a new file with the content `bytes`.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let failed = || Error::storage("write", path);
    let (mut file, part) = part_of(path)?;
    file.write_all(bytes).map_err(failed())?;
    file.sync_all().map_err(failed())?;
    part.persist(path).map_err(|error| failed()(error.error))
}

/// Creates the temporary file of an output file, in the same directory. What a killed run left of it
/// is overwritten. If another process is writing the same output, the file has a name of its own.
fn part_of(path: &Path) -> Result<(File, TempPath)> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = || Error::storage("create a file in", directory);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.len() <= LONGEST_NAME {
        let part = directory.join(format!(".gitfleet-{name}.part"));
        let file = no_follow::open_or_create(&part).map_err(failed())?;
        // Another process may have renamed it just before it was locked.
        if file.try_lock().is_ok() && no_follow::is_at(&file, &part) {
            file.set_len(0).map_err(failed())?;
            let part = TempPath::try_from_path(part).map_err(failed())?;
            return Ok((file, part));
        }
    }
    let file = file_builder().prefix(".gitfleet-").tempfile_in(directory);
    Ok(file.map_err(failed())?.into_parts())
}

/// Longest name, in bytes, to which a prefix and a suffix are added.
const LONGEST_NAME: usize = 200;

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
    file: Option<(File, TempPath)>,
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
                let (file, part) = part_of(&path)?;
                if let Ok(old) = old {
                    // Keep the permissions of the old file.
                    let kept = file.set_permissions(old.permissions());
                    kept.map_err(Error::storage("write", &path))?;
                }
                let handle = file.try_clone().map_err(Error::storage("write", &path))?;
                let file = Some((file, part));
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
            file: Some((file, part)),
            path,
        } = self
        else {
            return Ok(());
        };
        let failed = || Error::storage("write", &path);
        file.sync_all().map_err(failed())?;
        part.persist(&path).map_err(|error| failed()(error.error))
    }
}
