//! Suffixes of a revision: `~2`, `^2`, `^{commit}`, `^{/text}`, `:path`.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::Kind;

use super::{Miss, Names, miss};
use crate::git::gix_error;
use crate::git::peel::peel_tags;

impl Names<'_> {
    /// Reads a name. Paths, as in `HEAD:README.md`, are recognised and refused: they never name
    /// commits.
    pub(super) fn object_or_path(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        if let Some(text) = name.strip_prefix(b":/") {
            return self.youngest_of_all(text);
        }
        if name.starts_with(b":") {
            return miss("it names a file in the index, not a commit");
        }
        let found = self.object(name);
        if matches!(found, Err(Miss::Reason(_)))
            && let Some(colon) = colon_outside_braces(name)
        {
            self.object(&name[..colon])?;
            return miss("it names a file or directory, not a commit");
        }
        found
    }

    /// Reads a name without a path.
    pub(super) fn object(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        if let Some((start, sign, number)) = split_number(name) {
            let Some(number) = number else {
                return miss("its number is too large");
            };
            let commit = self.commit(start)?;
            return match (sign, number) {
                (b'^', 0) => Ok(commit),
                (b'^', number) => self.parent(commit, number),
                (_, number) => self.ancestor(commit, number),
            };
        }
        match split_braces(name) {
            Some((start, wanted)) => self.peel(start, wanted),
            None => self.base(name),
        }
    }

    /// Reads a name of a commit, or of a tag of one.
    pub(super) fn commit(&self, name: &[u8]) -> Result<ObjectId, Miss> {
        let id = self.object(name)?;
        let commit = self.repo.commit_at(id).map_err(Miss::Failure)?;
        commit.map_or_else(
            || miss(format!("{id} is not a commit")),
            |commit| Ok(commit.0),
        )
    }

    /// Returns the parent with this number, from 1.
    pub(super) fn parent(&self, commit: ObjectId, number: usize) -> Result<ObjectId, Miss> {
        let parents = self.parents(commit).map_err(Miss::Failure)?;
        match number.checked_sub(1).and_then(|index| parents.get(index)) {
            Some(parent) => Ok(*parent),
            None => miss(format!(
                "parent number {number} is out of range, {commit} has {}",
                parents.len()
            )),
        }
    }

    fn ancestor(&self, commit: ObjectId, number: usize) -> Result<ObjectId, Miss> {
        let mut id = commit;
        for done in 0..number {
            let parents = self.parents(id).map_err(Miss::Failure)?;
            let Some(parent) = parents.first().copied() else {
                return miss(format!(
                    "ancestor number {number} is out of range, there are {done}"
                ));
            };
            id = parent;
        }
        Ok(id)
    }

    /// Reads `START^{WANTED}`.
    fn peel(&self, start: &[u8], wanted: &[u8]) -> Result<ObjectId, Miss> {
        let to_kind = |kind| {
            let id = self.object(start)?;
            let peeled = self.peeled(id, |object| Ok(object.peel_to_kind(kind)?.id))?;
            peeled.map_or_else(|| miss(format!("{id} is missing, or no {kind}")), Ok)
        };
        match wanted {
            b"commit" | b"/" => to_kind(Kind::Commit),
            b"tag" => to_kind(Kind::Tag),
            b"tree" => to_kind(Kind::Tree),
            b"blob" => to_kind(Kind::Blob),
            b"" | b"object" => {
                let id = self.object(start)?;
                let found = self.peeled(id, |object| Ok(object.id))?;
                let peeled = match wanted {
                    b"object" => found,
                    _ => match found {
                        Some(id) => peel_tags(&self.local, id)?,
                        None => None,
                    },
                };
                peeled.map_or_else(|| miss(format!("the repository does not have {id}")), Ok)
            }
            [b'/', text @ ..] => self.youngest(&[to_kind(Kind::Commit)?], text),
            _ => miss(format!("`^{{{}}}` is not known", wanted.as_bstr())),
        }
    }

    /// Peels an object; `None` if it or the result is missing.
    pub(super) fn peeled<'a>(
        &'a self,
        id: ObjectId,
        peel: impl FnOnce(gix::Object<'a>) -> gix::Result<ObjectId>,
    ) -> Result<Option<ObjectId>, Miss> {
        let peeled = self.local.find_object(id).and_then(peel);
        gix_error::optional(self.repo.path(), peeled).map_err(Miss::Failure)
    }

    pub(super) fn parents(&self, commit: ObjectId) -> crate::error::Result<Vec<ObjectId>> {
        let commit = gix_error::optional(self.repo.path(), self.local.find_commit(commit))?;
        Ok(commit.map_or_else(Vec::new, |commit| {
            commit.parent_ids().map(gix::Id::detach).collect()
        }))
    }
}

/// Splits `NAME~3` or `NAME^2` into the name, the sign and the number, which is 1 if there is none;
/// too large a number is `None`.
fn split_number(name: &[u8]) -> Option<(&[u8], u8, Option<usize>)> {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let (start, digits) = name.split_at(name.len() - digits.count());
    let (&sign, start) = start.split_last()?;
    let number = match digits {
        b"" => Some(1),
        digits => digits.to_str().ok()?.parse().ok(),
    };
    let number = number.filter(|number| i32::try_from(*number).is_ok());
    matches!(sign, b'~' | b'^').then_some((start, sign, number))
}

/// Splits `NAME^{WANTED}` into its two parts.
fn split_braces(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = name.strip_suffix(b"}")?;
    let at = start.rfind(b"^{")?;
    (at > 0).then(|| (&start[..at], &start[at + 2..]))
}

/// Finds the first colon outside braces.
fn colon_outside_braces(name: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    name.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b':' && depth == 0
    })
}
