//! Connectivity: whether everything that commits need is stored, down to the blobs.
//!
//! An object that is there may lack what it points to, if whoever stored it was interrupted. Only
//! the histories of refs are known to be whole.

use gix::ObjectId;
use gix::objs::{Kind, TagRefIter};

use super::diff::tree::tree_changes;
use super::objects::{MissingIds, Objects};
use super::repo::Repo;
use super::walk::{Nodes, Tips, Walk, WalkOptions};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::mutex::lock;

/// The objects that a repository has to have, besides commits and tags. A partial clone lacks some.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) trees: bool,
    pub(crate) blobs: bool,
}

impl Repo {
    /// Returns an object that is missing, of those that `wanted` reach and `known` do not; `None` if
    /// all are stored. What `known` reach is not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`](crate::Error::Corrupt) if one of them is damaged, and those of storage.
    pub(crate) fn missing_object(
        &self,
        wanted: &[ObjectId],
        known: &[ObjectId],
        needs: Needs,
        cancel: &CancelToken,
    ) -> Result<Option<ObjectId>> {
        let missed = MissingIds::default();
        let repo = self.recording(MissingIds::clone(&missed));
        let mut tips = Tips::default();
        for id in known {
            // A ref of the clone itself that is broken is not looked at.
            if let Some(commit) = self.commit_at(*id)? {
                tips.excluded.push(commit.0);
            }
        }
        let looked = Look::new(&repo, needs)?.look(wanted, tips, cancel);
        let missing = lock(&missed).iter().min().copied();
        match (missing, looked) {
            (Some(id), _) => Ok(Some(id)),
            (None, looked) => looked.map(|()| None),
        }
    }
}

/// A search for missing objects, which the repository records.
struct Look<'a> {
    repo: &'a Repo,
    objects: Objects,
    needs: Needs,
}

impl<'a> Look<'a> {
    fn new(repo: &'a Repo, needs: Needs) -> Result<Self> {
        Ok(Self {
            repo,
            objects: repo.object_source()?.objects(),
            needs,
        })
    }

    /// Looks for the objects that `wanted` reach, and the excluded `tips` do not. A commit or a tree
    /// that is missing ends the search.
    fn look(&self, wanted: &[ObjectId], mut tips: Tips, cancel: &CancelToken) -> Result<()> {
        for id in wanted {
            match self.peel(*id)? {
                Some((Kind::Commit, commit)) => tips.included.push(commit),
                Some((Kind::Tree, tree)) => self.tree(None, tree)?,
                _ => {}
            }
        }
        let source = self.repo.object_source()?;
        let nodes = Nodes::new(&source)?;
        let mut walk = Walk::new(&source, &tips, WalkOptions::default(), cancel)?;
        while let Some(commit) = walk.next()? {
            let parent = commit.parent_ids.first();
            // Objects of the first parent's tree were found there, or are known.
            let old = parent.map(|parent| nodes.load(*parent)).transpose()?;
            self.tree(old.map(|old| old.tree_id), commit.tree_id)?;
        }
        Ok(())
    }

    /// Follows a tag to the object that it finally points to.
    fn peel(&self, id: ObjectId) -> Result<Option<(Kind, ObjectId)>> {
        let mut id = id;
        while let Some(object) = self.objects.read(id)? {
            if object.kind != Kind::Tag {
                return Ok(Some((object.kind, id)));
            }
            let Ok(target) = TagRefIter::from_bytes(&object, id.kind()).target_id() else {
                return Ok(None);
            };
            id = target;
        }
        Ok(None)
    }

    /// Looks for the objects of a tree that are not in `old`.
    fn tree(&self, old: Option<ObjectId>, tree: ObjectId) -> Result<()> {
        if !self.needs.trees {
            return Ok(());
        }
        for change in tree_changes(&self.objects, old, Some(tree))? {
            if let Some(new) = change
                .new
                .filter(|new| self.needs.blobs && !new.is_submodule())
            {
                self.objects.size(new.id)?;
            }
        }
        Ok(())
    }
}
