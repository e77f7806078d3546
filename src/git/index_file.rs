//! The index of a working tree.

use std::fs;
use std::io::ErrorKind;

use super::gix_error;
use crate::error::{Error, Result};

/// Reads the index; `None` if there is none. gix takes an index whose metadata cannot be read for
/// one that is missing.
///
/// # Errors
///
/// [`Error::Storage`] if the machine cannot read it, [`Error::Corrupt`] if it is damaged, or if one
/// of its paths is outside of the working tree or in the git directory.
pub(crate) fn read_index(repo: &gix::Repository) -> Result<Option<gix::index::File>> {
    let path = repo.index_path();
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found.map_err(Error::storage("read", &path))?,
    };
    let index = repo.open_index();
    let index = index.map_err(gix_error::unreadable(repo.git_dir(), "its index"))?;
    for entry in index.entries() {
        let path = entry.path(&index);
        if !is_inside(path) {
            let what = format!("its index lists the invalid path `{path}`");
            return Err(Error::Corrupt {
                path: repo.git_dir().to_owned(),
                what,
                source: None,
            });
        }
    }
    Ok(Some(index))
}

/// An index without entries.
pub(crate) fn empty_index(repo: &gix::Repository) -> gix::index::File {
    let empty = gix::index::State::new(repo.object_hash());
    gix::index::File::from_state(empty, repo.index_path())
}

/// True for a path that is below the root of a working tree, and not in a git directory on any file
/// system, as git requires of a path that it writes.
pub(crate) fn is_inside(path: &[u8]) -> bool {
    use gix::validate::path::component;
    let options = component::Options {
        protect_windows: cfg!(windows),
        protect_hfs: true,
        protect_ntfs: true,
    };
    // A sparse index lists directories, with a slash at their ends.
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let mut parts = path.split(|byte| *byte == b'/');
    parts.all(|part| component(part.into(), None, options).is_ok() && !is_dot_git_on_windows(part))
}

/// True for a name that starts with a directory on Windows that is `.git` there. gix does not take
/// `\` for a separator.
fn is_dot_git_on_windows(name: &[u8]) -> bool {
    use gix::bstr::ByteSlice;
    let Some(end) = name.iter().position(|byte| *byte == b'\\') else {
        return false;
    };
    let first = name[..end].to_ascii_lowercase();
    // A stream, trailing dots and trailing blanks do not change the name.
    let stream = first.iter().position(|byte| *byte == b':');
    let first = first[..stream.unwrap_or(end)].trim_end_with(|letter| matches!(letter, '.' | ' '));
    matches!(first, b".git" | b"git~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_outside_and_in_the_git_directory_are_refused() {
        for path in ["a", "a/b.c", "git/x", ".gitignore", "a/.github/b", "d/"] {
            assert!(is_inside(path.as_bytes()), "{path}");
        }
        for path in [
            "",
            "/a",
            "../a",
            "a/../b",
            "a/./b",
            "a//b",
            ".git/config",
            "x/.GIT/y",
            "git~1/a",
            ".git\\config",
            "a/.git",
            ".git ",
            "..",
        ] {
            assert!(!is_inside(path.as_bytes()), "{path}");
        }
    }
}
