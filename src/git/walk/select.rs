//! The filter for the commits that a walk shows. Commits that are not shown are still walked
//! through.

use std::sync::Arc;

use gix::objs::Kind;

use super::nodes::{Nodes, RawCommit};
use crate::error::Result;
use crate::git::commit::{CommitObject, Ident, in_utf8};
use crate::git::mailmap::Mailmap;
use crate::git::pattern::Pattern;

/// Conditions that a commit must meet to be shown. The default accepts every commit.
#[derive(Default)]
pub(in crate::git) struct Select {
    /// Newest committer time, in seconds since the Unix epoch.
    pub(in crate::git) until: Option<i64>,
    /// Smallest number of parents.
    pub(in crate::git) min_parents: usize,
    /// Largest number of parents; `None` is any number.
    pub(in crate::git) max_parents: Option<usize>,
    /// Conditions for its text.
    pub(in crate::git) text: Option<SelectText>,
}

/// Patterns for the text of a commit. At least one pattern of each list that is not empty must
/// match.
pub(in crate::git) struct SelectText {
    pub(in crate::git) authors: Vec<Pattern>,
    pub(in crate::git) committers: Vec<Pattern>,
    pub(in crate::git) messages: Vec<Pattern>,
    pub(in crate::git) mailmap: Arc<Mailmap>,
}

impl Select {
    /// Returns true if a commit is newer than `until`. git's dates are unsigned: a commit dated
    /// before 1970 counts as later than all others, and if `until` is before 1970, every commit is
    /// newer.
    pub(super) fn is_too_new(&self, seconds: u64) -> bool {
        self.until
            .is_some_and(|until| u64::try_from(until).map_or(true, |until| seconds > until))
    }

    /// Returns true if the commit is shown. Reads the commit if its text is needed and was not read
    /// yet.
    pub(super) fn selects(&self, nodes: &Nodes, commit: &mut RawCommit) -> Result<bool> {
        let parents = commit.parent_ids.len();
        if self.is_too_new(commit.seconds)
            || parents < self.min_parents
            || self.max_parents.is_some_and(|max| parents > max)
        {
            return Ok(false);
        }
        let Some(text) = &self.text else {
            return Ok(true);
        };
        let object = match commit.object.take() {
            Some(object) => object,
            None => nodes.objects.require(commit.id, Kind::Commit)?,
        };
        let is_selected =
            CommitObject::parse(&in_utf8(&object)).is_some_and(|parsed| text.selects(&parsed));
        commit.object = Some(object);
        Ok(is_selected)
    }
}

impl SelectText {
    fn selects(&self, commit: &CommitObject<'_>) -> bool {
        let is_one_of = |patterns: &[Pattern], text: &dyn Fn() -> Vec<u8>| {
            patterns.is_empty() || {
                let text = text();
                patterns.iter().any(|pattern| pattern.matches_a_line(&text))
            }
        };
        is_one_of(&self.authors, &|| self.identity(&commit.author))
            && is_one_of(&self.committers, &|| {
                self.identity(&commit.committer)
            })
            // git counts the empty line before the message as one of its lines.
            && is_one_of(&self.messages, &|| {
                [b"\n", commit.message].concat()
            })
    }

    /// Returns the identity that patterns are matched against: `Name <email>`, after the mailmap.
    fn identity(&self, ident: &Ident<'_>) -> Vec<u8> {
        let (name, email) = self.mailmap.resolve(ident.name, ident.email);
        [&name, &b" <"[..], &email, b">"].concat()
    }
}
