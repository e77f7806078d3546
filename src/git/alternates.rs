//! The object directories of a repository: its own, and the alternates that it borrows from.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::is_absence;
use crate::regular_file;

/// Longest chain of alternates that git follows.
const DEEPEST: usize = 5;

/// Returns an object directory and its alternates, each once, as git follows them.
pub(super) fn object_dirs(first: &Path) -> io::Result<Vec<PathBuf>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut next = vec![(first.to_owned(), 0)];
    while let Some((dir, depth)) = next.pop() {
        let dir = match fs::canonicalize(dir) {
            Err(error) if is_absence(error.kind()) => continue, // as in git
            dir => dir?,
        };
        if depth > DEEPEST || !seen.insert(dir.clone()) {
            continue;
        }
        let alternates =
            match regular_file::read(&dir.join("info/alternates"), regular_file::LARGEST) {
                Ok(text) => gix::odb::alternate::parse(&text).map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            };
        next.extend(
            alternates
                .into_iter()
                .rev()
                .map(|path| (dir.join(path), depth + 1)),
        );
        found.push(dir);
    }
    Ok(found)
}
