//! Revisions and ranges, as gitrevisions(7) describes them and `git rev-parse` reads them.
//!
//! A revision is read from its end: `main~2^{tree}` is the tree of what `main~2` names, and so on
//! ([`name`]), until a ref, an abbreviated id or an entry of a reflog is left ([`base`]).

mod base;
mod message;
mod name;

use gix::ObjectId;

use super::id::ObjectId as Id;
use super::refs::{Head, RefStore};
use super::repo::Repo;
use crate::error::{Error, Result};

/// One revision, or a range.
#[derive(Debug)]
pub(crate) enum Spec {
    /// `A`
    One(ObjectId),
    /// `A..B`: what B has and A has not.
    Range(ObjectId, ObjectId),
    /// `A...B`: what only one of them has.
    Symmetric(ObjectId, ObjectId),
    /// `A^@`: the parents of A.
    Parents(ObjectId),
    /// `A^!`: A without its parents.
    WithoutParents(ObjectId),
}

impl Repo {
    /// Returns the commit that `revision` names: a branch, a tag, a full or abbreviated id,
    /// `HEAD~3`, `v1^{}`, `:/text` ...
    ///
    /// # Errors
    ///
    /// [`Error::RevisionNotFound`] if it names nothing, is ambiguous, or does not name a commit.
    pub fn rev_parse(&self, revision: &str) -> Result<Id> {
        match self.resolve(revision)? {
            Spec::One(id) => self.commit_of(id, revision),
            _ => Err(not_found(
                self,
                revision,
                "it names several commits".to_owned(),
            )),
        }
    }

    /// Resolves a revision or a range.
    pub(crate) fn resolve(&self, revision: &str) -> Result<Spec> {
        let local = self.local();
        let names = Names {
            repo: self,
            store: RefStore::of(&local),
            local,
        };
        names.spec(revision.as_bytes()).map_err(|miss| match miss {
            Miss::Failure(error) => error,
            Miss::Reason(reason) => not_found(self, revision, self.explain(revision, reason)),
        })
    }

    /// Returns the commit that an object is or, for a tag, finally points to.
    pub(crate) fn commit_of(&self, id: ObjectId, revision: &str) -> Result<Id> {
        if let Some(commit) = self.commit_at(id)? {
            return Ok(commit);
        }
        let reason = if self.local().has_object(id) {
            format!("{id} is not a commit")
        } else {
            format!("the repository does not have {id}")
        };
        Err(not_found(self, revision, reason))
    }

    /// The reason why a revision names nothing, in words that fit it as a whole.
    fn explain(&self, revision: &str, reason: String) -> String {
        if revision.is_empty() {
            return "it is empty".to_owned();
        }
        match self.head() {
            Ok(Head::Unborn { name }) if names_head(revision) => {
                format!("HEAD names {name}, which does not exist; name another revision")
            }
            _ => reason,
        }
    }
}

fn not_found(repo: &Repo, revision: &str, reason: String) -> Error {
    Error::RevisionNotFound {
        repo: repo.path().display().to_string(),
        revision: revision.to_owned(),
        reason,
    }
}

fn names_head(revision: &str) -> bool {
    revision
        .strip_prefix("HEAD")
        .or_else(|| revision.strip_prefix('@'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['~', '^', ':']))
}

/// Largest number of `~` and `^` in a revision.
const MOST_PARTS: usize = 500;

/// The result of reading a name when it is not an object.
enum Miss {
    /// The name names nothing, for this reason. Other ways to read it may.
    Reason(String),
    /// Something cannot be read.
    Failure(Error),
}

impl From<Error> for Miss {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

fn miss<T>(reason: impl Into<String>) -> Result<T, Miss> {
    Err(Miss::Reason(reason.into()))
}

/// Reads names in one repository.
struct Names<'a> {
    repo: &'a Repo,
    local: gix::Repository,
    store: RefStore,
}

impl Names<'_> {
    fn spec(&self, text: &[u8]) -> Result<Spec, Miss> {
        use gix::bstr::ByteSlice;
        // Each of these is read within the one that follows it.
        let parts = text.iter().filter(|byte| matches!(byte, b'~' | b'^'));
        if parts.count() > MOST_PARTS {
            return miss(format!("it has more than {MOST_PARTS} parts"));
        }
        let mut reason = None;
        if let Some((from, to)) = text.split_once_str("..") {
            let (is_symmetric, to) = match to.strip_prefix(b".") {
                Some(to) => (true, to),
                None => (false, to),
            };
            match (self.end_of_range(from), self.end_of_range(to)) {
                (Ok(from), Ok(to)) if is_symmetric => return Ok(Spec::Symmetric(from, to)),
                (Ok(from), Ok(to)) => return Ok(Spec::Range(from, to)),
                (Err(Miss::Failure(error)), _) | (_, Err(Miss::Failure(error)))
                    if !matches!(error, Error::InvalidInput { .. }) =>
                {
                    return Err(error.into());
                }
                // `..` may be part of a text to search for.
                (Err(miss), _) | (_, Err(miss)) => reason = Some(miss),
            }
        }
        if let Some(name) = text.strip_suffix(b"^@") {
            return self.commit(name).map(Spec::Parents);
        }
        if let Some(name) = text.strip_suffix(b"^!") {
            return self.commit(name).map(Spec::WithoutParents);
        }
        if let Some((name, number)) = text.split_once_str("^-") {
            let number = match number {
                b"" => Some(1),
                digits => digits.to_str().ok().and_then(|digits| digits.parse().ok()),
            };
            if let Some(number) = number.filter(|number| *number > 0) {
                let commit = self.commit(name)?;
                return Ok(Spec::Range(self.parent(commit, number)?, commit));
            }
        }
        match self.object_or_path(text) {
            Err(Miss::Reason(other)) => Err(reason.unwrap_or(Miss::Reason(other))),
            found => found.map(Spec::One),
        }
    }

    /// One end of a range; an empty one is `HEAD`.
    fn end_of_range(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        self.object_or_path(if name.is_empty() { b"HEAD" } else { name })
    }
}
