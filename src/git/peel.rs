//! Following tags to a commit with this library's own reader, which finds the intact copy of an
//! object in a pack if its loose file is damaged. gix does not.

use gix::objs::{Kind, TagRefIter};

use super::gix_error;
use super::id::ObjectId;
use super::objects::{find_header, find_object};
use super::repo::Repo;
use crate::error::Result;

/// Longest chain of tags that is followed.
const LONGEST_CHAIN: usize = 100;

/// Returns the object that a tag finally points to, or the object itself; `None` if one is missing or
/// a tag cannot be parsed. gix's own function panics then.
///
/// # Errors
///
/// [`Error::Storage`](crate::Error::Storage) if the machine cannot read one.
pub(crate) fn peel_tags(
    repo: &gix::Repository,
    id: gix::ObjectId,
) -> Result<Option<gix::ObjectId>> {
    let mut id = id;
    for _ in 0..LONGEST_CHAIN {
        match find_header(repo, id)? {
            Some((Kind::Tag, _)) => {}
            Some(_) => return Ok(Some(id)),
            None => return Ok(None),
        }
        let Some(tag) = find_object(repo, id)? else {
            return Ok(None);
        };
        match TagRefIter::from_bytes(&tag.data, id.kind()).target_id() {
            Ok(target) => id = target,
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
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
            Err(error) => {
                gix_error::optional::<()>(self.path(), Err(error))?;
                self.intact_commit_at(id)
            }
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
