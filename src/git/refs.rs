//! `HEAD`, branches and tags, and the resolution of revisions.

use gix::bstr::ByteSlice;

use super::gix_error;
use super::id::ObjectId;
use super::repo::Repo;
use crate::error::{Error, Result};
use crate::git_string::GitString;

/// The state of `HEAD`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Head {
    /// `HEAD` names a branch that exists.
    Branch {
        /// Full name, as in `refs/heads/main`.
        name: GitString,
        /// The commit that the branch points to.
        commit_id: ObjectId,
    },
    /// `HEAD` names a commit directly.
    Detached {
        /// The commit.
        commit_id: ObjectId,
    },
    /// `HEAD` names a branch that does not exist.
    Unborn {
        /// Full name, as in `refs/heads/main`.
        name: GitString,
    },
}

impl Head {
    /// Returns the commit that `HEAD` resolves to; `None` if it names a branch that does not exist.
    pub fn commit_id(&self) -> Option<ObjectId> {
        match self {
            Self::Branch { commit_id, .. } | Self::Detached { commit_id } => Some(*commit_id),
            Self::Unborn { .. } => None,
        }
    }
}

/// A branch, tag or other ref.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reference {
    /// Full name, as in `refs/tags/v1`.
    pub name: GitString,
    /// The object it points to: usually a commit, or the tag object of an annotated tag.
    pub target_id: ObjectId,
    /// The object that an annotated tag finally points to; `target_id` for all other refs.
    pub peeled_id: ObjectId,
}

impl Repo {
    /// Returns the state of `HEAD`.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if it cannot be read.
    pub fn head(&self) -> Result<Head> {
        let repo = self.local();
        let corrupt = || gix_error::unreadable(self.path(), "HEAD");
        let mut head = repo.head().map_err(corrupt())?;
        if head.is_unborn() {
            let name = head
                .referent_name()
                .map_or_else(GitString::default, |name| name.as_bstr().to_vec().into());
            return Ok(Head::Unborn { name });
        }
        let name = head
            .referent_name()
            .map(|name| name.as_bstr().to_vec().into());
        let commit_id = ObjectId(head.peel_to_commit().map_err(corrupt())?.id);
        Ok(match name {
            Some(name) => Head::Branch { name, commit_id },
            None => Head::Detached { commit_id },
        })
    }

    /// Lists all refs, sorted by name, as `git for-each-ref` does; `HEAD` is not included.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if a ref cannot be read.
    pub fn refs(&self) -> Result<Vec<Reference>> {
        let repo = self.local();
        let platform = repo
            .references()
            .map_err(gix_error::unreadable(self.path(), "its refs"))?;
        let mut refs = Vec::new();
        for reference in platform
            .all()
            .map_err(gix_error::unreadable(self.path(), "its refs"))?
        {
            let mut reference =
                reference.map_err(|error| gix_error::damaged(self.path(), "a ref", error))?;
            let name = reference.name().as_bstr().to_vec();
            if !name.starts_with(b"refs/") {
                continue;
            }
            let what = format!("ref {}", name.as_bstr());
            // As in git, a symbolic ref to a missing branch is not an error; it is left out.
            let Ok(target) = reference.follow_to_object() else {
                continue;
            };
            let target_id = ObjectId(target.detach());
            let peeled_id = ObjectId(
                reference
                    .peel_to_id()
                    .map_err(gix_error::unreadable(self.path(), what))?
                    .detach(),
            );
            refs.push(Reference {
                name: name.into(),
                target_id,
                peeled_id,
            });
        }
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(refs)
    }

    /// Returns true if the repository is empty: it has no refs, and `HEAD` names a branch that does
    /// not exist yet.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if its refs cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(matches!(self.head()?, Head::Unborn { .. }) && self.refs()?.is_empty())
    }

    /// Returns the commit that `revision` names: a branch, a tag, a full or abbreviated id,
    /// `HEAD~3`, `v1^{}` ...
    ///
    /// # Errors
    ///
    /// [`Error::RevisionNotFound`] if it names nothing, is ambiguous, or does not name a commit.
    pub fn rev_parse(&self, revision: &str) -> Result<ObjectId> {
        let repo = self.local();
        let not_found = |reason: String| Error::RevisionNotFound {
            repo: self.path().display().to_string(),
            revision: revision.to_owned(),
            reason,
        };
        if let (true, Head::Unborn { name }) = (names_head(revision), self.head()?) {
            return Err(not_found(format!(
                "HEAD names {}, which does not exist; name another revision",
                name.as_bstr()
            )));
        }
        let unknown =
            |error: gix::Error| gix_error::revision_not_found(self.path(), revision, &error);
        let id = repo.rev_parse_single(revision).map_err(unknown)?;
        let object = id.object().map_err(unknown)?;
        let peeled = object
            .peel_to_commit()
            .map_err(|_| not_found("is not a commit".to_owned()))?;
        Ok(ObjectId(peeled.id))
    }
}

fn names_head(revision: &str) -> bool {
    revision
        .strip_prefix("HEAD")
        .or_else(|| revision.strip_prefix('@'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['~', '^', ':']))
}
