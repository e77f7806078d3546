//! Pathspecs in git's syntax, which select the files of a walk.

use std::path::Path;

use gix::bstr::{BStr, ByteSlice};
use gix::pathspec::{Defaults, MagicSignature, Pattern, Search, SearchMode};

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
            if is_from_top(&pattern) && !is_normal(pattern.path()) {
                // git does not normalize such a path, and no path in a tree is like it.
                let excluded: &[u8] = if pattern.is_excluded() { b"!" } else { b"" };
                pattern = parse(&[b":(literal)".as_slice(), excluded, b"\0"].concat())?;
            } else if matches!(normal.path().as_bytes(), b"" | b".") && !pattern.is_excluded() {
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
        let mut matched = |is_directory: bool| {
            let found = self.0.pattern_matching_relative_path(
                path,
                Some(is_directory),
                &mut |_, _, _, _| false,
            );
            found.map(|found| {
                // As in git, a pattern that ends with a slash does not match a submodule.
                let is_pattern = found.pattern.path().find_byteset(b"*?[").is_some();
                let is_literal = found.pattern.search_mode == SearchMode::Literal;
                (!found.is_excluded(), is_pattern && !is_literal)
            })
        };
        let as_file = matched(false);
        let found = match matched(is_submodule) {
            Some((_, true)) | None => as_file,
            found => found,
        };
        found.is_some_and(|(is_selected, _)| is_selected)
    }

    /// Returns true if `directory` may contain selected files.
    pub(crate) fn may_match_in(&self, directory: &[u8]) -> bool {
        self.0.can_match_relative_path(directory.into(), Some(true))
    }
}

/// Returns true for a pathspec of the top of the repository: `:/src`, `:(top)src`.
fn is_from_top(pattern: &Pattern) -> bool {
    pattern.signature.contains(MagicSignature::TOP)
}

/// Returns true if a path has no empty part and none of dots.
fn is_normal(path: &BStr) -> bool {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let mut parts = path.split(|byte| *byte == b'/');
    path.is_empty() || parts.all(|part| !matches!(part, b"" | b"." | b".."))
}
