//! `HEAD`, branches and tags.

mod files;
mod reftable;
mod replacements;
mod store;
mod stored;

use gix::bstr::ByteSlice;

use super::gix_error;
use super::id::ObjectId;
use super::objects::find_header;
use super::peel::peel_tags;
use super::repo::Repo;
use crate::error::Result;
use crate::git_string::GitString;
pub(crate) use replacements::replacements;
pub(crate) use store::{RefStore, full_names, has_reftable, object_of};
pub use stored::BrokenRef;
pub(crate) use stored::is_per_worktree;
pub(crate) use stored::{Found, RefValue, StoredRef};

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
    /// [`Error::Corrupt`](crate::Error::Corrupt) if it cannot be read.
    pub fn head(&self) -> Result<Head> {
        let store = RefStore::of(&self.local());
        let broken = |reason: String| gix_error::damaged(self.path(), "HEAD", reason);
        let mut name: Option<Vec<u8>> = None;
        let id = loop {
            match store.read(name.as_deref().unwrap_or(b"HEAD"))? {
                Found::Ref(StoredRef {
                    value: RefValue::Object(id),
                    ..
                }) => break id,
                // A branch that is a symbolic ref is followed; `HEAD` names the first.
                Found::Ref(_) if name.is_some() => {
                    let Some((_, id)) = store.resolve(b"HEAD")? else {
                        let name = name.unwrap_or_default().into();
                        return Ok(Head::Unborn { name });
                    };
                    break id;
                }
                Found::Ref(StoredRef {
                    value: RefValue::Symbolic(target),
                    ..
                }) => name = Some(target),
                Found::Missing => {
                    let name = name.ok_or_else(|| broken("it is missing".into()))?;
                    return Ok(Head::Unborn { name: name.into() });
                }
                Found::Broken(reason) => {
                    let name = name.as_deref().unwrap_or(b"HEAD").as_bstr();
                    return Err(broken(format!("{name}: {reason}")));
                }
            }
        };
        let commit_id = self
            .commit_at(id)?
            .ok_or_else(|| broken(format!("{id} is missing, or is not a commit")))?;
        Ok(match name {
            Some(name) => Head::Branch {
                name: name.into(),
                commit_id,
            },
            None => Head::Detached { commit_id },
        })
    }

    /// Lists all refs, sorted by name, as `git for-each-ref` does; `HEAD` is not included. Refs that
    /// cannot be read are left out, see [`Repo::broken_refs`], and so are symbolic refs that lead
    /// to no object.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`](crate::Error::Storage) if a directory cannot be read, [`Error::Corrupt`](crate::Error::Corrupt) if a file of many refs
    /// is damaged.
    pub fn refs(&self) -> Result<Vec<Reference>> {
        Ok(self.followed_refs()?.0)
    }

    /// Lists the symbolic refs that lead to no object: their target does not exist, or they form a
    /// circle.
    ///
    /// # Errors
    ///
    /// As for [`Repo::refs`].
    pub(crate) fn dangling_refs(&self) -> Result<Vec<GitString>> {
        Ok(self.followed_refs()?.1)
    }

    /// The refs that lead to an object, and the names of the others.
    fn followed_refs(&self) -> Result<(Vec<Reference>, Vec<GitString>)> {
        let local = self.local();
        let store = RefStore::of(&local);
        let list = store.list()?;
        let (mut refs, mut dangling) = (Vec::with_capacity(list.refs.len()), Vec::new());
        for (name, stored) in &list.refs {
            let (target, peeled) = match list.follow(stored) {
                Some(found) => found,
                // Not a name of the list: `HEAD`, for example, or nothing.
                None => match store.resolve(name)? {
                    Some((_, target)) => (target, None),
                    None => {
                        dangling.push(name.clone().into());
                        continue;
                    }
                },
            };
            refs.push(Reference {
                name: name.clone().into(),
                target_id: ObjectId(target),
                peeled_id: ObjectId(match peeled {
                    Some(peeled) => peeled,
                    None => peel_tags(&local, target)?.unwrap_or(target),
                }),
            });
        }
        Ok((refs, dangling))
    }

    /// Lists the refs that [`Repo::refs`] leaves out because they cannot be read, with the reasons:
    /// empty files, files that are not refs, invalid names. git warns about them.
    ///
    /// # Errors
    ///
    /// As for [`Repo::refs`].
    pub fn broken_refs(&self) -> Result<Vec<BrokenRef>> {
        Ok(RefStore::of(&self.local()).list()?.broken)
    }

    /// Lists the refs whose objects are there, as a server does, and warnings about the others.
    pub(crate) fn complete_refs(&self) -> Result<(Vec<Reference>, Vec<String>)> {
        let local = self.local();
        let (mut refs, mut gone) = (Vec::new(), Vec::new());
        for found in self.refs()? {
            match find_header(&local, found.target_id.0)? {
                Some(_) => refs.push(found),
                None => gone.push(found),
            }
        }
        let broken = self.broken_refs()?.into_iter();
        let broken = broken.map(|one| (one.name, one.reason));
        let gone = gone.into_iter().map(|found| {
            let reason = format!("the object {} is missing", found.target_id);
            (found.name, reason)
        });
        let warnings = broken.chain(gone);
        let warnings =
            warnings.map(|(name, reason)| format!("its ref {name} is left out: {reason}"));
        Ok((refs, warnings.collect()))
    }

    /// Returns true if the repository is empty: it has no refs, and `HEAD` names a branch that does
    /// not exist yet.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`](crate::Error::Corrupt) if its refs cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(matches!(self.head()?, Head::Unborn { .. }) && self.refs()?.is_empty())
    }
}
