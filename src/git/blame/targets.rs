//! The files to blame.

use gix::ObjectId;

use crate::error::{Error, Result};
use crate::git::objects::Objects;
use crate::git::tree_diff::{Side, tree_changes};

/// A file to blame.
pub(super) struct Target {
    pub(super) path: Vec<u8>,
    /// What it is; or why it cannot be blamed.
    pub(super) side: Result<Side>,
}

/// Every file of a tree, in path order; submodules are none.
pub(super) fn files_in(objects: &Objects, tree: ObjectId) -> Result<Vec<Target>> {
    let files = tree_changes(objects, None, Some(tree))?.into_iter();
    let files = files.filter_map(|file| file.new.map(|side| (file.path, side)));
    Ok(files
        .filter(|(_, side)| !side.is_submodule())
        .map(|(path, side)| Target {
            path,
            side: Ok(side),
        })
        .collect())
}

/// Those of `files` that `paths` name, as files or as directories for all in them; `None` is all. A path that names
/// nothing is a target that cannot be blamed.
pub(super) fn choose(
    mut files: Vec<Target>,
    paths: Option<&[Vec<u8>]>,
    revision: &str,
) -> Vec<Target> {
    let Some(paths) = paths else {
        return files;
    };
    let mut is_found = vec![false; paths.len()];
    files.retain(|file| {
        let mut is_wanted = false;
        for (wanted, is_found) in paths.iter().zip(&mut is_found) {
            if is_in(&file.path, wanted) {
                (is_wanted, *is_found) = (true, true);
            }
        }
        is_wanted
    });
    for (path, _) in paths.iter().zip(is_found).filter(|(_, is_found)| !is_found) {
        let failure = Error::PathNotFound {
            revision: revision.to_owned(),
            path: String::from_utf8_lossy(path).into_owned(),
        };
        files.push(Target {
            path: path.clone(),
            side: Err(failure),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    files
}

/// Whether `path` is `wanted`, or lies in that directory.
pub(super) fn is_in(path: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty()
        || path
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}
