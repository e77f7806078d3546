//! The submodules whose changes git leaves out: those with `ignore = all` in `.gitmodules` or in the
//! repository's configuration.

use std::collections::HashMap;
use std::fs;

use gix::bstr::{BString, ByteSlice};

use super::gix_error;
use super::index_file::read_index;
use super::objects::find_object;
use super::refs::object_of;
use crate::error::{Error, Result};
use crate::regular_file;

/// Finds the submodules to leave out. Only repositories with a working tree have any, as in git.
pub(crate) struct IgnoredSubmodules {
    /// `diff.ignoreSubmodules`, for submodules without a setting of their own.
    default: bool,
    by_path: HashMap<BString, bool>,
}

impl IgnoredSubmodules {
    pub(crate) fn read(repo: &gix::Repository) -> Result<Self> {
        let config = repo.config_snapshot();
        let is_all = |value: &[u8]| value == b"all";
        let mut ignored = Self {
            default: config
                .string("diff.ignoreSubmodules")
                .is_some_and(|value| is_all(&value)),
            by_path: HashMap::new(),
        };
        let Some(text) = gitmodules(repo)? else {
            return Ok(ignored);
        };
        let Ok(file) = gix::config::File::try_from(text.as_bstr()) else {
            return Ok(ignored); // the settings of a file that cannot be parsed do not count
        };
        // A name may have several sections; the last value counts. Of two names with one path, the
        // last counts.
        let (mut names, mut ignore) = (HashMap::new(), HashMap::new());
        for section in file.sections_by_name("submodule").into_iter().flatten() {
            let Some(name) = section.header().subsection_name() else {
                continue;
            };
            if !is_valid_name(name) {
                continue;
            }
            if let Some(path) = section.value("path") {
                names.insert(path, name.to_owned());
            }
            if let Some(value) = section.value("ignore").filter(|value| is_known(value)) {
                ignore.insert(name.to_owned(), value);
            }
        }
        for (path, name) in names {
            let own = config.string(format!("submodule.{name}.ignore").as_str());
            let value = own.or_else(|| ignore.get(&name).cloned());
            if let Some(value) = value {
                ignored.by_path.insert(path, is_all(&value));
            }
        }
        Ok(ignored)
    }

    /// True if changes of the submodule at `path` are left out.
    pub(crate) fn contains(&self, path: &[u8]) -> bool {
        self.by_path
            .get(path.as_bstr())
            .copied()
            .unwrap_or(self.default)
    }

    /// True if no submodule is left out.
    pub(crate) fn is_empty(&self) -> bool {
        !self.default && !self.by_path.values().any(|is_ignored| *is_ignored)
    }
}

/// As in git, names that lead out of the directory of submodules are left out.
fn is_valid_name(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    !name.is_empty() && parts.all(|part| part != b"..")
}

fn is_known(value: &[u8]) -> bool {
    matches!(value, b"all" | b"dirty" | b"untracked" | b"none")
}

/// The text of `.gitmodules` in the working tree, else in the index, else in `HEAD`.
fn gitmodules(repo: &gix::Repository) -> Result<Option<Vec<u8>>> {
    const NAME: &[u8] = b".gitmodules";
    let Some(root) = repo.workdir() else {
        return Ok(None);
    };
    let file = root.join(".gitmodules");
    let metadata = gix_error::optional(&file, fs::metadata(&file))?;
    if metadata.is_some_and(|metadata| metadata.is_file()) {
        return regular_file::read(&file, regular_file::LARGEST)
            .map(Some)
            .map_err(Error::storage("read", &file));
    }
    // A history does not need the index otherwise, so one that is damaged counts as empty.
    let index = match read_index(repo) {
        Err(Error::Corrupt { .. }) => None,
        index => index?,
    };
    let entry = index
        .as_ref()
        .and_then(|index| index.entry_by_path(NAME.as_bstr()));
    let id = match entry.map(|entry| entry.id) {
        Some(id) => Some(id),
        None => object_of(repo, b"HEAD:.gitmodules")?,
    };
    let Some(id) = id else {
        return Ok(None);
    };
    let blob = find_object(repo, id)?;
    Ok(blob.map(|blob| blob.detach().data))
}
