//! Which files a revision has.

use super::diff::tree::{TreeChange, tree_changes_in};
use super::gix_error;
use super::id::ObjectId;
use super::pathspec::Pathspec;
use super::repo::Repo;
use crate::error::Result;
use crate::git_string::GitString;

impl Repo {
    /// Paths of the files that `revision` has, links included and submodules not, sorted as git sorts them; no working tree
    /// is needed.
    ///
    /// `patterns` are pathspecs in git's syntax, relative to the top of the repository: `*.py` is every Python file,
    /// however deep. None at all is every file.
    ///
    /// # Errors
    ///
    /// [`Error::RevisionNotFound`](crate::Error::RevisionNotFound) if it names no commit,
    /// [`Error::InvalidInput`](crate::Error::InvalidInput) for a pattern that cannot be read, and
    /// [`Error::Corrupt`](crate::Error::Corrupt) for a tree that cannot.
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

    /// Which of `paths`, relative to the top of the repository, are directories at `revision`; the top is one.
    ///
    /// # Errors
    ///
    /// Those of [`Repo::files`].
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

    /// The top tree of a commit.
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
