//! Objects in files of their own: the name of each is the hash of its content.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::hash::Kind;
use gix::zlib::{Decompress, FlushDecompress, Status};

use super::found::Found;
use crate::cancel::CancelToken;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::regular_file;
use crate::workers::Workers;

const BUFFER_BYTES: usize = 64 << 10;
const STREAM: &str = "is not one complete zlib stream";

/// Compares the contents of all such objects with their names.
pub(super) fn check(
    object_dirs: &[PathBuf],
    hash: Kind,
    workers: &Workers,
    cancel: &CancelToken,
) -> Result<Found> {
    let mut found = Found::default();
    for dir in object_dirs {
        let ids = ids_below(dir)?;
        let store = gix::odb::loose::Store::at(dir, hash);
        let problems = workers.map(&ids, |id| {
            cancel.check()?;
            check_object(&store.object_path(id), *id)
        })?;
        found.files += ids.len() as u64;
        found.problems.extend(problems.into_iter().flatten());
    }
    Ok(found)
}

fn ids_below(dir: &Path) -> Result<Vec<ObjectId>> {
    let mut ids = Vec::new();
    for first in 0..=u8::MAX {
        let first = format!("{first:02x}");
        let directory = dir.join(&first);
        let entries = match fs::read_dir(&directory) {
            Err(error) if is_absence(error.kind()) => continue,
            entries => entries.map_err(Error::storage("read", &directory))?,
        };
        for entry in entries {
            let name = entry
                .map_err(Error::storage("read", &directory))?
                .file_name();
            let hex = format!("{first}{}", name.to_string_lossy());
            // Other files are temporary ones.
            ids.extend(ObjectId::from_hex(hex.as_bytes()).ok());
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Inflates the file of an object, and compares the hash of its content with its name. git refuses a
/// file with anything before or after the compressed stream, so the stream has to be the whole file.
fn check_object(path: &Path, id: ObjectId) -> Result<Option<String>> {
    let mut file = match regular_file::open(path) {
        Err(error) if is_absence(error.kind()) => return Ok(None), // packed meanwhile
        Err(error) if error.raw_os_error().is_none() => {
            return Ok(Some(format!("object {id}: {} {error}", path.display())));
        }
        opened => opened.map_err(Error::storage("read", path))?,
    };
    let damaged = |reason: &str| {
        let path = path.display();
        Ok(Some(format!("object {id} is damaged: {path} {reason}")))
    };
    let mut hasher = gix::hash::hasher(id.kind());
    let mut inflate = Decompress::new();
    let (mut input, mut output) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let (mut start, mut end) = (0, 0); // the input that is left
    loop {
        if start == end {
            let read = file.read(&mut input);
            (start, end) = (0, read.map_err(Error::storage("read", path))?);
        }
        let (taken, made) = (inflate.total_in(), inflate.total_out());
        let inflated = inflate.decompress(&input[start..end], &mut output, FlushDecompress::None);
        let Ok(status) = inflated else {
            return damaged(STREAM);
        };
        // Both are at most the length of a buffer.
        let taken = usize::try_from(inflate.total_in() - taken).unwrap_or(0);
        let made = usize::try_from(inflate.total_out() - made).unwrap_or(0);
        start += taken;
        hasher.update(&output[..made]);
        match status {
            Status::StreamEnd => break,
            _ if taken == 0 && made == 0 => return damaged(STREAM), // the end is missing
            _ => {}
        }
    }
    let after = file
        .read(&mut input)
        .map_err(Error::storage("read", path))?;
    if start != end || after > 0 {
        return damaged(STREAM);
    }
    match hasher.try_finalize() {
        Ok(computed) if computed == id => Ok(None),
        _ => damaged("has other content"),
    }
}
