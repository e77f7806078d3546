//! Following tags to a commit with this library's own reader, which finds the intact copy of an
//! object in a pack if its loose file is damaged. gix does not.

use gix::objs::{Kind, TagRefIter};

use super::id::ObjectId;
use super::repo::Repo;
use crate::error::Result;

/// Longest chain of tags that is followed.
const LONGEST_CHAIN: usize = 100;

/// Returns the object that a tag finally points to, or the object itself; `None` if one is missing or
/// a tag cannot be parsed. gix's own function panics then.
pub(crate) fn peel_tags(repo: &gix::Repository, id: gix::ObjectId) -> Option<gix::ObjectId> {
    let mut id = id;
    for _ in 0..LONGEST_CHAIN {
        if repo.find_header(id).ok()?.kind() != Kind::Tag {
            return Some(id);
        }
        let tag = repo.find_object(id).ok()?;
        id = TagRefIter::from_bytes(&tag.data, id.kind())
            .target_id()
            .ok()?;
    }
    None
}

impl Repo {
    /// Returns the commit that an object is or, for a tag, finally points to; `None` if it is of
    /// another kind or missing.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`](crate::Error::Corrupt) if it cannot be read.
    pub(super) fn commit_at(&self, id: gix::ObjectId) -> Result<Option<ObjectId>> {
        // gix is asked first, because it keeps its list of packs between calls.
        let local = self.local();
        let commit = local.find_object(id).and_then(gix::Object::peel_to_commit);
        match commit {
            Ok(commit) => Ok(Some(ObjectId(commit.id))),
            Err(_) => self.intact_commit_at(id),
        }
    }

    fn intact_commit_at(&self, id: gix::ObjectId) -> Result<Option<ObjectId>> {
        let source = self.object_source()?;
        let objects = source.objects();
        let mut id = id;
        for _ in 0..LONGEST_CHAIN {
            let Some(object) = objects.read(id)? else {
                return Ok(None);
            };
            match object.kind {
                Kind::Commit => return Ok(Some(ObjectId(id))),
                Kind::Tag => {
                    let tag = TagRefIter::from_bytes(&object, id.kind());
                    match tag.target_id() {
                        Ok(target) => id = target,
                        Err(_) => return Ok(None),
                    }
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}
