//! Connectivity: whether everything that commits need is stored, down to the blobs.
//!
//! An object that is there may lack what it points to, if whoever stored it was interrupted. Only
//! the histories of refs are known to be whole.

use gix::ObjectId;
use gix::objs::{Kind, TagRefIter};

use super::diff::tree::tree_changes;
#[cfg(feature = "http")]
use super::objects::MissingIds;
use super::objects::{ObjectSource, Objects};
use super::repo::Repo;
use super::walk::{Nodes, Tips, Walk, WalkOptions};
use super::window::Window;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
#[cfg(feature = "http")]
use crate::mutex::lock;

/// Number of commits whose trees are compared in one task.
const CHUNK: usize = 64;

/// The objects that a repository has to have, besides commits and tags. A partial clone lacks some.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) trees: bool,
    pub(crate) blobs: bool,
}

#[cfg(feature = "http")]
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
        let source = self.recording(MissingIds::clone(&missed)).object_source()?;
        let mut tips = Tips::default();
        for id in known {
            // A ref of the clone itself that is broken is not looked at.
            if let Some(commit) = self.commit_at(*id)? {
                tips.excluded.push(commit.0);
            }
        }
        let mut look = Look::new(&source, needs);
        let looked = look.look(wanted, tips, cancel);
        let missing = lock(&missed).iter().min().copied();
        match (missing, looked) {
            (Some(id), _) => Ok(Some(id)),
            (None, looked) => looked.map(|()| None),
        }
    }
}

/// A search for missing objects, which `source` records.
pub(super) struct Look<'a> {
    source: &'a ObjectSource,
    needs: Needs,
    /// The tasks that compare trees; `None` compares them on the calling thread.
    window: Option<Window<Vec<Error>>>,
    /// If given, damaged objects are added to it, and the search goes on.
    pub(super) damages: Option<Vec<Error>>,
    /// Number of commits looked at.
    pub(super) commits: u64,
}

/// The tree of a commit, and that of its first parent.
struct Step {
    /// The commit, if only the commit-graph was read: the commit itself may be missing.
    unread: Option<ObjectId>,
    old: Option<ObjectId>,
    new: ObjectId,
}

impl<'a> Look<'a> {
    /// Returns a search that ends at the first damaged object.
    #[cfg(feature = "http")]
    fn new(source: &'a ObjectSource, needs: Needs) -> Self {
        Self {
            source,
            needs,
            window: None,
            damages: None,
            commits: 0,
        }
    }

    /// Returns a search on the threads of `repo` that goes on after damaged objects.
    pub(super) fn thorough(repo: &Repo, source: &'a ObjectSource, needs: Needs) -> Self {
        Self {
            source,
            needs,
            window: Some(Window::new(repo.workers())),
            damages: Some(Vec::new()),
            commits: 0,
        }
    }

    /// Looks for the objects that `wanted` reach, and the excluded `tips` do not. A commit that is
    /// missing ends the search.
    pub(super) fn look(
        &mut self,
        wanted: &[ObjectId],
        mut tips: Tips,
        cancel: &CancelToken,
    ) -> Result<()> {
        let objects = self.source.objects();
        for id in wanted {
            let found = match peel(&objects, *id) {
                Ok(Some((Kind::Commit, commit))) => {
                    tips.included.push(commit);
                    Ok(())
                }
                Ok(Some((Kind::Tree, tree))) => compare(&objects, self.needs, None, tree),
                other => other.map(|_| ()),
            };
            self.note(found.err())?;
        }
        let walked = self.walk(&objects, &tips, cancel);
        self.note(walked.err())?;
        while let Some(found) = self.window.as_mut().and_then(|window| window.next(cancel)) {
            self.note(found?)?;
        }
        Ok(())
    }

    /// Walks the commits, and compares the trees of each with those of its first parent, whose objects
    /// are looked for in their turn, or known.
    fn walk(&mut self, objects: &Objects, tips: &Tips, cancel: &CancelToken) -> Result<()> {
        let nodes = Nodes::new(self.source)?;
        let mut walk = Walk::new(self.source, tips, WalkOptions::default(), cancel)?;
        let mut steps = Vec::with_capacity(CHUNK);
        while let Some(commit) = walk.next()? {
            let parent = commit.parent_ids.first();
            let old = parent.map(|parent| nodes.load(*parent)).transpose()?;
            self.commits += 1;
            steps.push(Step {
                unread: commit.object.is_none().then_some(commit.id),
                old: old.map(|old| old.tree_id),
                new: commit.tree_id,
            });
            if steps.len() == CHUNK {
                self.start(objects, std::mem::take(&mut steps), cancel)?;
            }
        }
        self.start(objects, steps, cancel)
    }

    fn start(&mut self, objects: &Objects, steps: Vec<Step>, cancel: &CancelToken) -> Result<()> {
        let needs = self.needs;
        let Some(window) = &mut self.window else {
            let found = steps.iter().flat_map(|step| step.look(objects, needs));
            for error in found {
                self.note([error])?;
            }
            return Ok(());
        };
        let source = self.source.clone();
        window.spawn(move || {
            let objects = source.objects();
            let found = steps.iter().flat_map(|step| step.look(&objects, needs));
            Ok(found.collect())
        });
        if window.is_full()
            && let Some(found) = window.next(cancel)
        {
            self.note(found?)?;
        }
        Ok(())
    }

    /// Keeps the errors about damaged objects, or returns the first; other errors are returned.
    fn note(&mut self, errors: impl IntoIterator<Item = Error>) -> Result<()> {
        for error in errors {
            match &mut self.damages {
                Some(damages) if matches!(error, Error::Corrupt { .. }) => damages.push(error),
                _ => return Err(error),
            }
        }
        Ok(())
    }
}

impl Step {
    fn look(&self, objects: &Objects, needs: Needs) -> Vec<Error> {
        let commit = self.unread.map_or(Ok(None), |id| objects.size(id));
        let tree = compare(objects, needs, self.old, self.new);
        commit.err().into_iter().chain(tree.err()).collect()
    }
}

/// Follows a tag to the object that it finally points to.
fn peel(objects: &Objects, id: ObjectId) -> Result<Option<(Kind, ObjectId)>> {
    let mut id = id;
    while let Some(object) = objects.read(id)? {
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
fn compare(objects: &Objects, needs: Needs, old: Option<ObjectId>, tree: ObjectId) -> Result<()> {
    if !needs.trees {
        return Ok(());
    }
    for change in tree_changes(objects, old, Some(tree))? {
        if let Some(new) = change.new.filter(|new| needs.blobs && !new.is_submodule()) {
            objects.size(new.id)?;
        }
    }
    Ok(())
}
