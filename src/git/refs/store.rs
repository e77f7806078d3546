//! The two ways in which git stores refs, behind one interface.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use super::files::RefFiles;
use super::reftable::Reftables;
use super::stored::{Found, LONGEST_CHAIN, RefList, RefValue, StoredRef, is_valid};
use crate::error::Result;
use crate::git::gix_error;

/// The refs of one repository. Every call reads the disk anew.
pub(crate) enum RefStore {
    Files(RefFiles),
    Reftable(Reftables),
}

impl RefStore {
    pub(crate) fn of(repo: &gix::Repository) -> Self {
        let (git_dir, common_dir) = (repo.git_dir().to_owned(), repo.common_dir().to_owned());
        let hash = repo.object_hash();
        if has_reftable(repo) {
            Self::Reftable(Reftables::new(git_dir, common_dir, hash))
        } else {
            Self::Files(RefFiles::new(git_dir, common_dir, hash))
        }
    }

    /// Reads the ref with this full name, such as `HEAD`.
    pub(crate) fn read(&self, name: &[u8]) -> Result<Found> {
        match self {
            Self::Files(files) => files.read(name),
            Self::Reftable(tables) => tables.read(name),
        }
    }

    /// Lists all refs below `refs/`.
    pub(crate) fn list(&self) -> Result<RefList> {
        match self {
            Self::Files(files) => files.list(),
            Self::Reftable(tables) => tables.list(),
        }
    }

    /// Returns the object that the ref finally points to, and the name of the last ref; `None` if
    /// one of the refs is missing or broken.
    pub(crate) fn resolve(&self, name: &[u8]) -> Result<Option<(Vec<u8>, ObjectId)>> {
        let mut name = name.to_owned();
        for _ in 0..LONGEST_CHAIN {
            match self.read(&name)? {
                Found::Ref(StoredRef {
                    value: RefValue::Object(id),
                    ..
                }) => return Ok(Some((name, id))),
                Found::Ref(StoredRef {
                    value: RefValue::Symbolic(next),
                    ..
                }) => name = next,
                Found::Missing | Found::Broken(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Finds the ref that a short name means, by git's rules, and the object it points to.
    pub(crate) fn find(&self, short: &[u8]) -> Result<Option<(Vec<u8>, ObjectId)>> {
        for full in full_names(short) {
            if let Some((_, id)) = self.resolve(&full)? {
                return Ok(Some((full, id)));
            }
        }
        Ok(None)
    }
}

/// The names that a short name may mean, the first that exists being the one it means.
pub(crate) fn full_names(short: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let rules = [
        ("", ""),
        ("refs/", ""),
        ("refs/tags/", ""),
        ("refs/heads/", ""),
        ("refs/remotes/", ""),
        ("refs/remotes/", "/HEAD"),
    ];
    let names = rules.map(|(start, end)| [start.as_bytes(), short, end.as_bytes()].concat());
    names.into_iter().filter(|name| is_valid(name))
}

/// True for a repository whose refs are stored in reftables.
pub(crate) fn has_reftable(repo: &gix::Repository) -> bool {
    let storage = repo.config_snapshot().string("extensions.refStorage");
    storage.is_some_and(|storage| storage.as_slice() == b"reftable")
}

/// Returns the object that a revision in a configuration value names, such as `HEAD:.mailmap`; `None`
/// if there is none. The ref is looked up here; its suffix (`~1`, `^{tree}`, `:path`) is parsed by
/// gix.
pub(crate) fn object_of(repo: &gix::Repository, revision: &[u8]) -> Result<Option<ObjectId>> {
    let end = revision.find_byteset(b"~^:@").unwrap_or(revision.len());
    let (name, rest) = match revision.strip_prefix(b"@") {
        Some(rest) if end == 0 && !rest.starts_with(b"{") => (&b"HEAD"[..], rest),
        _ => revision.split_at(end),
    };
    let id = match RefStore::of(repo).find(name)? {
        Some((_, id)) => repo.rev_parse_single(format!("{id}{}", rest.as_bstr()).as_str()),
        None => repo.rev_parse_single(revision.as_bstr()),
    };
    let id = gix_error::optional(repo.git_dir(), id)?;
    Ok(id.map(gix::Id::detach))
}
