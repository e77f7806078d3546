//! The `diff` attribute, which marks files as text or binary regardless of their bytes.
//!
//! For a log, git reads attributes from the working tree and `info/attributes`, whichever commit is
//! shown. In a bare repository it reads only `info/attributes` (as of git 2.46). The user's own
//! attributes file is not read.

use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::bstr::BStr;
use gix::worktree::stack::state::attributes::Source;

use crate::error::Result;
use crate::git::gix_error;
use crate::git::objects::Objects;

/// The value of the `diff` attribute of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DiffAttribute {
    /// Not set: a file is binary if it contains a NUL near its start.
    Unspecified,
    /// Compared as text, even if it has NUL bytes.
    Text,
    /// `-diff`: treated as binary.
    Binary,
}

impl DiffAttribute {
    /// Returns true if git treats these bytes as binary. If the attribute is unspecified, they are
    /// binary if a NUL is among the first 8,000.
    pub(crate) fn is_binary(self, data: &[u8]) -> bool {
        const BINARY_CHECK_BYTES: usize = 8000;
        match self {
            Self::Unspecified => {
                memchr::memchr(0, &data[..data.len().min(BINARY_CHECK_BYTES)]).is_some()
            }
            Self::Text => false,
            Self::Binary => true,
        }
    }
}

/// Looks up attributes, for one thread.
pub(crate) struct Attributes {
    /// `None` if there is no attribute file to read.
    stack: Option<(gix::worktree::Stack, Outcome)>,
}

impl Attributes {
    pub(crate) fn new(objects: &Objects) -> Result<Self> {
        let repo = objects.repo();
        let corrupt = || gix_error::unreadable(repo.git_dir(), "its attributes");
        let is_bare = repo.workdir().is_none();
        if is_bare && !repo.common_dir().join("info/attributes").is_file() {
            return Ok(Self { stack: None });
        }
        // `git log` does not read the index, so if an attribute file is missing in the working
        // tree, its copy in the index is not used instead.
        let no_index = gix::index::State::new(repo.object_hash());
        let source = if is_bare {
            Source::IdMapping
        } else {
            Source::WorktreeThenIdMapping
        };
        let stack = repo.attributes_only(&no_index, source).map_err(corrupt())?;
        let outcome = stack.selected_attribute_matches(["diff"]);
        Ok(Self {
            stack: Some((stack.detach(), outcome)),
        })
    }

    /// Returns the attribute of `path`; `Unspecified` for a path that no attribute file can name,
    /// such as `..`.
    pub(crate) fn of(&mut self, objects: &Objects, path: &[u8]) -> DiffAttribute {
        let Some((stack, outcome)) = &mut self.stack else {
            return DiffAttribute::Unspecified;
        };
        let path: &BStr = path.into();
        let Ok(platform) = stack.at_entry(path, None, &objects.repo().objects) else {
            return DiffAttribute::Unspecified;
        };
        if !platform.matching_attributes(outcome) {
            return DiffAttribute::Unspecified;
        }
        match outcome
            .iter_selected()
            .next()
            .map(|found| found.assignment.state)
        {
            Some(StateRef::Set) => DiffAttribute::Text,
            Some(StateRef::Unset) => DiffAttribute::Binary,
            Some(StateRef::Value(driver)) => {
                let key = format!("diff.{}.binary", driver.as_bstr());
                match objects.repo().config_snapshot().boolean(key.as_str()) {
                    Some(true) => DiffAttribute::Binary,
                    Some(false) => DiffAttribute::Text,
                    None => DiffAttribute::Unspecified,
                }
            }
            Some(StateRef::Unspecified) | None => DiffAttribute::Unspecified,
        }
    }
}
