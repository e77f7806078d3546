//! Refs as they are stored, and the rules for their names.

use std::collections::BTreeMap;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::git_string::GitString;

/// Number of refs that are read to follow one, as in git.
pub(super) const LONGEST_CHAIN: usize = 5;

/// The value of a ref.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RefValue {
    /// An object.
    Object(ObjectId),
    /// Another ref, by its full name.
    Symbolic(Vec<u8>),
}

/// A ref as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StoredRef {
    pub(crate) value: RefValue,
    /// The object after following annotated tags, if the store records it.
    pub(crate) peeled: Option<ObjectId>,
}

impl StoredRef {
    pub(super) fn object(id: ObjectId) -> Self {
        Self {
            value: RefValue::Object(id),
            peeled: None,
        }
    }

    pub(super) fn symbolic(name: &[u8]) -> Self {
        Self {
            value: RefValue::Symbolic(name.to_owned()),
            peeled: None,
        }
    }
}

/// A ref that cannot be read, and is left out of lists.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BrokenRef {
    /// Its full name, or the path of its file if that is not a valid name.
    pub name: GitString,
    /// The reason why it cannot be read.
    pub reason: String,
}

/// All refs below `refs/`, by name.
#[derive(Debug, Default)]
pub(crate) struct RefList {
    pub(crate) refs: BTreeMap<Vec<u8>, StoredRef>,
    pub(crate) broken: Vec<BrokenRef>,
}

impl RefList {
    pub(super) fn add_broken(&mut self, name: &[u8], reason: &str) {
        self.broken.push(BrokenRef {
            name: name.to_owned().into(),
            reason: reason.to_owned(),
        });
    }

    /// Returns the object that a ref finally points to, if all refs on the way are in this list,
    /// and the object after following annotated tags, if it is stored.
    pub(super) fn follow<'a>(
        &'a self,
        mut stored: &'a StoredRef,
    ) -> Option<(ObjectId, Option<ObjectId>)> {
        for _ in 0..LONGEST_CHAIN {
            match &stored.value {
                RefValue::Object(id) => return Some((*id, stored.peeled)),
                RefValue::Symbolic(name) => stored = self.refs.get(name)?,
            }
        }
        None
    }
}

/// The result of reading one ref.
#[derive(Debug)]
pub(crate) enum Found {
    Ref(StoredRef),
    Missing,
    /// Its bytes are not a ref; the text is the reason.
    Broken(String),
}

/// True for a full name of a ref: one below `refs/`, or one in capitals such as `HEAD`.
pub(super) fn is_valid(name: &[u8]) -> bool {
    gix::validate::reference::name(name.as_bstr()).is_ok()
}

/// True for a ref that each working tree has for itself.
pub(crate) fn is_per_worktree(name: &[u8]) -> bool {
    const PER_WORKTREE: [&[u8]; 3] = [b"refs/bisect/", b"refs/worktree/", b"refs/rewritten/"];
    !name.starts_with(b"refs/") || PER_WORKTREE.iter().any(|start| name.starts_with(start))
}
