//! Pathspecs in git's syntax, which select the files of a walk.

use std::path::Path;

use gix::bstr::{BStr, ByteSlice};
use gix::pathspec::{Defaults, Search};

use crate::error::{Error, Result};
use crate::git_string::GitString;

/// A list of pathspecs: files, directories, globs (`*.rs`), exclusions (`:!vendor`) and everything
/// else under "pathspec" in gitglossary, except `:(attr:)`.
#[derive(Clone)]
pub(crate) struct Pathspec(Search);

impl Pathspec {
    /// Parses `specs`. `root` is the top of the working tree, or the git directory; absolute paths
    /// must be below it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a pathspec that cannot be parsed or is outside `root`,
    /// [`Error::Unsupported`] for attributes.
    pub(crate) fn new(specs: &[GitString], root: &Path) -> Result<Self> {
        let root = std::fs::canonicalize(root).map_err(Error::storage("read", root))?;
        let invalid = |spec: &[u8], error: gix::Error| {
            Error::invalid(
                format!("path `{}`", spec.as_bstr()),
                super::gix_error::without_input(&error),
            )
        };
        let mut patterns = Vec::with_capacity(specs.len());
        for spec in specs {
            if spec.is_empty() {
                return Err(Error::invalid(
                    "path ``",
                    "is empty; use `.` to select everything",
                ));
            }
            let parse = |spec: &[u8]| {
                gix::pathspec::parse(spec, Defaults::default())
                    .map_err(|error| invalid(spec, error))
            };
            let mut pattern = parse(spec)?;
            // A path that resolves to the top of the repository selects everything. The pathspec
            // for everything is `:`.
            let mut normal = pattern.clone();
            normal
                .normalize(Path::new(""), &root)
                .map_err(|error| invalid(spec, error))?;
            if matches!(normal.path().as_bytes(), b"" | b".") && !pattern.is_excluded() {
                pattern = parse(b":")?;
            }
            if !pattern.attributes.is_empty() {
                return Err(Error::unsupported(format!(
                    "attributes in path `{}`",
                    spec.as_bstr()
                )));
            }
            // Each pattern is first tried alone, so that the error can name it.
            Search::from_specs([pattern.clone()], None, &root)
                .map_err(|error| invalid(spec, error))?;
            patterns.push(pattern);
        }
        Search::from_specs(patterns, None, &root)
            .map(Self)
            .map_err(|error| invalid(b"", error))
    }

    /// Returns true if `path`, a file or a submodule, is selected.
    pub(crate) fn matches(&mut self, path: &[u8], is_submodule: bool) -> bool {
        let path: &BStr = path.into();
        let found =
            self.0
                .pattern_matching_relative_path(path, Some(is_submodule), &mut |_, _, _, _| false);
        found.is_some_and(|found| !found.is_excluded())
    }

    /// Returns true if `directory` may contain selected files.
    pub(crate) fn may_match_in(&self, directory: &[u8]) -> bool {
        self.0.can_match_relative_path(directory.into(), Some(true))
    }
}
