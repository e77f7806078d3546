//! The names under which a repository is stored.

use std::fmt;
use std::path::{Path, PathBuf};

/// The three directory names under which a repository is stored.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct RepoKey {
    /// The host with its port, or `local`.
    pub host: String,
    /// Its owner on that host.
    pub owner: String,
    /// Its name, without `.git`.
    pub name: String,
}

impl RepoKey {
    /// The key of these names; a final `.git` is removed from the last.
    pub(crate) fn new(host: &[u8], owner: &[u8], name: &[u8]) -> Self {
        let stem = name.strip_suffix(b".git").filter(|stem| !stem.is_empty());
        Self {
            host: file_name(host),
            owner: file_name(owner),
            name: file_name(stem.unwrap_or(name)),
        }
    }

    /// The key of a repository on the local machine.
    pub fn of_path(path: &Path) -> Self {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut absolute = normalised(&absolute);
        if absolute.file_name().is_some_and(|name| name == ".git") {
            absolute.pop();
        }
        let name_of = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name);
            name.map_or_else(|| b"_".to_vec(), |name| name.as_encoded_bytes().to_vec())
        };
        let name = name_of(Some(&absolute));
        Self::new(b"local", &name_of(absolute.parent()), &name)
    }

    /// `<host>/<owner>/<name>` as a relative path.
    pub fn path(&self) -> PathBuf {
        [&self.host, &self.owner, &self.name].iter().collect()
    }
}

impl fmt::Display for RepoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.owner, self.name)
    }
}

/// Resolves `.` and `..` in the text of a path, without following links.
fn normalised(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Encodes a name so that every file system accepts it and the globs `*` and `?` match it: bytes
/// other than letters, digits and `-_~+@.` are percent-encoded.
fn file_name(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        let plain =
            byte.is_ascii_alphanumeric() || b"-_~+@".contains(&byte) || (byte == b'.' && at > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.is_empty() { "_".to_owned() } else { out }
}
