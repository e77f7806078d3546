//! Files that are read whole. A pipe, whose read would never end, and a file above a limit are
//! refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Largest file that is read whole, in bytes, where nothing larger is to be expected.
pub(crate) const LARGEST: u64 = 64 << 20;
/// The reason why a pipe, a socket or a device is refused.
pub(crate) const OTHER: &str = "is not a regular file";

/// Reads a file of at most `limit` bytes.
///
/// # Errors
///
/// Those of the file system; [`ErrorKind::InvalidData`] for anything but a regular file, and for a
/// larger one.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|len| len > limit) {
        return Err(invalid(&format!("is larger than {limit} bytes")));
    }
    Ok(text)
}

/// Opens a file for reading, through links, but neither a directory nor a pipe, socket or device.
///
/// # Errors
///
/// As for [`read`].
pub(crate) fn open(path: &Path) -> io::Result<File> {
    refuse_other(&fs::metadata(path)?)?; // opening a device may have an effect
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Without NONBLOCK, opening a pipe waits for another process.
        let flags = rustix::fs::OFlags::NONBLOCK.bits();
        options.custom_flags(i32::try_from(flags).unwrap_or(0));
    }
    let file = options.read(true).open(path)?;
    refuse_other(&file.metadata()?)?;
    Ok(file)
}

fn refuse_other(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(invalid(OTHER));
    }
    Ok(())
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}
