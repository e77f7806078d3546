//! Files and directories that are opened and made without following symbolic links, in directories
//! that a stranger may have prepared.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Opens a regular file for reading and writing; it is created if it is missing, and its content
/// stays. A link, a pipe and a device are refused.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    regular(
        options.read(true).write(true).create(true).truncate(false),
        path,
    )
}

/// Opens an existing regular file for reading. A link, a pipe and a device are refused.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path)
}

/// Opens an existing regular file at its end. A link, a pipe and a device are refused.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().append(true), path)
}

/// Makes an empty file, if there is none.
#[cfg(feature = "http")]
pub(crate) fn mark(path: &Path) -> io::Result<()> {
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // Without NONBLOCK, opening a pipe waits for another process.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    let refused = |what: &str| Err(io::Error::new(ErrorKind::InvalidInput, what));
    match options.open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(file),
        Ok(_) => refused("is not a regular file"),
        Err(_) if is_link(path) => refused("is a symbolic link, which is not followed"),
        Err(error) => Err(error),
    }
}

/// Makes the directory `relative` below `root`, and its parents. A link in the place of one of them
/// is refused.
pub(crate) fn create_dirs(root: &Path, relative: &Path) -> io::Result<()> {
    let mut directory = root.to_owned();
    for part in relative.components() {
        directory.push(part);
        match fs::create_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => real_dir(&directory)?,
            made => made?,
        }
    }
    Ok(())
}

/// Refuses anything but a directory, and a link to one.
pub(crate) fn real_dir(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_dir() {
        return Ok(());
    }
    let what = if found.is_symlink() {
        "is a symbolic link, which is not written through"
    } else {
        "is not a directory"
    };
    let name = path.display();
    Err(io::Error::new(
        ErrorKind::InvalidInput,
        format!("{name} {what}"),
    ))
}

/// The links that a directory may contain.
#[cfg(feature = "http")]
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Links {
    /// Links to files, which are replaced when they are written to.
    ToFiles,
    /// None, because its files are appended to.
    None,
}

/// Refuses links in the place of directories at and below `path`, down to `depth` levels, and those
/// that `links` excludes. The directory may be missing.
#[cfg(feature = "http")]
pub(crate) fn real_tree(path: &Path, depth: usize, links: Links) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    real_dir(path)?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            real_tree(&entry.path(), depth - 1, links)?;
        } else if kind.is_symlink()
            && (links == Links::None || fs::metadata(entry.path()).is_ok_and(|to| to.is_dir()))
        {
            real_dir(&entry.path())?;
        }
    }
    Ok(())
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Returns true if the file is still the one at `path`, and not one that was removed or renamed.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(held), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}
