//! The files of a revision.

use super::diff::tree::{TreeChange, tree_changes_in};
use super::gix_error;
use super::id::ObjectId;
use super::pathspec::Pathspec;
use super::repo::Repo;
use crate::error::Result;
use crate::git_string::GitString;

impl Repo {
    /// Lists the paths of the files in `revision`, in git's order. Symlinks are included,
    /// submodules are not. No working tree is needed.
    ///
    /// `patterns` are pathspecs in git's syntax, relative to the top of the repository: `*.py`
    /// matches every Python file, at any depth. An empty list matches every file.
    ///
    /// # Errors
    ///
    /// [`Error::RevisionNotFound`](crate::Error::RevisionNotFound) if `revision` does not name a
    /// commit, [`Error::InvalidInput`](crate::Error::InvalidInput) if a pattern cannot be parsed,
    /// and [`Error::Corrupt`](crate::Error::Corrupt) if a tree cannot be read.
    pub fn files(&self, revision: &str, patterns: &[GitString]) -> Result<Vec<GitString>> {
        let commit = self.rev_parse(revision)?;
        let mut wanted = if patterns.is_empty() {
            None
        } else {
            Some(Pathspec::new(patterns, self.path())?)
        };
        let tree = self.tree_of(commit)?;
        let source = self.object_source()?;
        let found = tree_changes_in(&source.objects(), None, Some(tree), wanted.as_mut())?;
        let is_file = |file: &TreeChange| file.new.is_some_and(|side| !side.is_submodule());
        let files = found.into_iter().filter(is_file);
        Ok(files.map(|file| file.path.into()).collect())
    }

    /// Returns, for each of `paths`, true if it is a directory at `revision`. Paths are relative to
    /// the top of the repository; the top itself, an empty path, is a directory.
    ///
    /// # Errors
    ///
    /// The same as those of [`Repo::files`].
    pub fn are_directories(&self, revision: &str, paths: &[GitString]) -> Result<Vec<bool>> {
        let id = self.tree_of(self.rev_parse(revision)?)?;
        let local = self.local();
        let found = local.find_tree(id).and_then(|tree| {
            let is_directory = |path: &GitString| {
                if path.is_empty() {
                    return Ok(true);
                }
                let entry = tree.lookup_entry(path.split(|&byte| byte == b'/'))?;
                Ok(entry.is_some_and(|entry| entry.mode().is_tree()))
            };
            paths.iter().map(is_directory).collect()
        });
        found.map_err(gix_error::unreadable(self.path(), format!("tree {id}")))
    }

    /// Returns the id of a commit's root tree.
    pub(crate) fn tree_of(&self, commit: ObjectId) -> Result<gix::ObjectId> {
        let local = self.local();
        let found = local.find_commit(commit.0);
        let tree = found.and_then(|commit| Ok(commit.tree_id()?.detach()));
        tree.map_err(gix_error::unreadable(
            self.path(),
            format!("commit {commit}"),
        ))
    }
}
