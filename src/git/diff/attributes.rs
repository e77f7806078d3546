//! The `diff` attribute: which files count as text whatever their bytes say, and which as binary.
//!
//! git reads attributes for a log from the working tree and `info/attributes`, whichever commit is shown; in a
//! bare repository only from `info/attributes` (as of git 2.46). The user's own attributes file is not read.

use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::bstr::BStr;
use gix::worktree::stack::state::attributes::Source;

use crate::error::Result;
use crate::git::gix_error;
use crate::git::objects::Objects;

/// What the `diff` attribute says about a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DiffAttribute {
    /// Nothing: the bytes decide.
    Unspecified,
    /// Compare as text, NUL bytes or not.
    Text,
    /// `-diff`: show nothing of it.
    Binary,
}

impl DiffAttribute {
    /// Whether git calls these bytes binary: a NUL among the first 8,000, unless the attribute decides.
    pub(crate) fn is_binary(self, data: &[u8]) -> bool {
        const LOOKED_AT: usize = 8000;
        match self {
            Self::Unspecified => memchr::memchr(0, &data[..data.len().min(LOOKED_AT)]).is_some(),
            Self::Text => false,
            Self::Binary => true,
        }
    }
}

/// Answers for one thread.
pub(crate) struct Attributes {
    /// `None` if no attribute can be set anywhere.
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
        // git log has no index at hand: an attribute file that is not in the working tree counts for nothing.
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

    /// What the attributes say about `path`. A path no attribute file can name (`..`) has none.
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
