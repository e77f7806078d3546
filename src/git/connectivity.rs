//! Connectivity: whether everything that commits need is stored, down to the blobs.
//!
//! An object that is there may lack what it points to, if whoever stored it was interrupted. Only
//! the histories of refs are known to be whole. The tree of a commit is compared with that of its first
//! parent, and each tree that is new is looked at once, so the work depends on the number of objects.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use gix::ObjectId;
use gix::hashtable::HashSet;
use gix::objs::{Kind, TagRefIter, TreeRefIter};

use super::objects::{Object, ObjectSource, Objects};
use super::promised::Promised;
use super::walk::{Nodes, Tips, Walk, WalkOptions};
use super::window::Window;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::workers::Workers;

/// Number of commits whose trees are compared in one task.
const CHUNK: usize = 64;

/// The objects that a repository has to have, besides commits and tags. A partial clone lacks some.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    pub(crate) trees: bool,
    pub(crate) blobs: bool,
}

/// Missing and damaged objects.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) missing: BTreeSet<ObjectId>,
    /// One error per damaged object.
    pub(super) damages: Vec<Error>,
    /// Number of commits looked at.
    pub(super) commits: u64,
}

impl Findings {
    /// Keeps an error about a damaged object; returns any other.
    fn keep<T>(&mut self, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error @ Error::Corrupt { .. }) => {
                self.damages.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A search for missing and damaged objects.
#[derive(Clone)]
pub(super) struct Look {
    source: ObjectSource,
    needs: Needs,
    /// The objects that a promisor remote provides, if there is one.
    promised: Option<Arc<Promised>>,
    /// Trees that were looked at.
    seen: Arc<Mutex<HashSet<ObjectId>>>,
    cancel: CancelToken,
}

/// The tree of a commit, and that of its first parent.
struct Step {
    commit: ObjectId,
    /// True if only the commit-graph was read: the commit itself may be missing.
    is_unread: bool,
    old: Option<ObjectId>,
    new: ObjectId,
}

impl Look {
    pub(super) fn new(
        source: ObjectSource,
        needs: Needs,
        promised: Option<Promised>,
        cancel: &CancelToken,
    ) -> Self {
        Self {
            source,
            needs,
            promised: promised.map(Arc::new),
            seen: Arc::default(),
            cancel: cancel.clone(),
        }
    }

    /// Looks for the objects that `wanted` reach, and the excluded `tips` do not. Trees are compared on
    /// the `workers`, or without them on the calling thread. A commit that is missing ends the walk.
    ///
    /// # Errors
    ///
    /// Those that say nothing about the objects: of storage, and [`Error::Cancelled`].
    pub(super) fn look(
        &self,
        wanted: &[ObjectId],
        mut tips: Tips,
        workers: Option<&Workers>,
    ) -> Result<Findings> {
        let objects = self.source.objects();
        let mut search = self.search(&objects);
        for id in wanted {
            match search.peel(*id)? {
                Some((Kind::Commit, commit)) => tips.included.push(commit),
                Some((Kind::Tree, tree)) => search.tree(None, tree, false)?,
                _ => {}
            }
        }
        let mut window = workers.map(Window::new);
        let walked = self.walk(&tips, &mut search, window.as_mut());
        search.found.keep(walked)?;
        while let Some(found) = window.as_mut().and_then(|window| window.next(&self.cancel)) {
            search.add(found?);
        }
        Ok(search.found)
    }

    fn search<'a>(&'a self, objects: &'a Objects) -> Search<'a> {
        Search {
            look: self,
            objects,
            found: Findings::default(),
        }
    }

    fn walk(
        &self,
        tips: &Tips,
        search: &mut Search<'_>,
        mut window: Option<&mut Window<Findings>>,
    ) -> Result<()> {
        let nodes = Nodes::new(&self.source)?;
        let mut walk = Walk::new(&self.source, tips, WalkOptions::default(), &self.cancel)?;
        let mut steps = Vec::with_capacity(CHUNK);
        loop {
            let commit = walk.next()?;
            let is_end = commit.is_none();
            if let Some(commit) = commit {
                let parent = commit.parent_ids.first();
                // Objects of the first parent's tree are looked for in their turn, or known.
                let old = parent.map(|parent| nodes.load(*parent)).transpose()?;
                search.found.commits += 1;
                steps.push(Step {
                    commit: commit.id,
                    is_unread: commit.object.is_none(),
                    old: old.map(|old| old.tree_id),
                    new: commit.tree_id,
                });
            }
            if steps.len() == CHUNK || is_end {
                let steps = std::mem::take(&mut steps);
                match window.as_deref_mut() {
                    None => search.steps(&steps)?,
                    Some(window) => {
                        let look = self.clone();
                        window.spawn(move || {
                            let objects = look.source.objects();
                            let mut search = look.search(&objects);
                            search.steps(&steps)?;
                            Ok(search.found)
                        });
                        if window.is_full()
                            && let Some(found) = window.next(&self.cancel)
                        {
                            search.add(found?);
                        }
                    }
                }
            }
            if is_end {
                return Ok(());
            }
        }
    }

    /// Looks for blobs that nothing else needs.
    pub(super) fn look_for_blobs(&self, blobs: &[ObjectId]) -> Result<Findings> {
        let objects = self.source.objects();
        let mut search = self.search(&objects);
        for id in blobs {
            search.object(*id, Kind::Blob, false)?;
        }
        Ok(search.found)
    }

    fn is_promised(&self, id: ObjectId) -> bool {
        let promised = self.promised.as_ref();
        promised.is_some_and(|promised| promised.has(&id))
    }
}

#[cfg(feature = "http")]
impl super::repo::Repo {
    /// Returns an object that is missing, of those that `wanted` reach and `known` do not; `None` if
    /// all are stored. What `known` reach is not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] if one of them is damaged, and those of storage.
    pub(crate) fn missing_object(
        &self,
        wanted: &[ObjectId],
        known: &[ObjectId],
        needs: Needs,
        cancel: &CancelToken,
    ) -> Result<Option<ObjectId>> {
        // The walk of commits ends at one that is missing.
        let missed = super::objects::MissingIds::default();
        let source = self.recording(Arc::clone(&missed)).object_source()?;
        let mut tips = Tips::default();
        for id in known {
            // A ref of the clone itself that is broken is not looked at.
            if let Some(commit) = self.commit_at(*id)? {
                tips.excluded.push(commit.0);
            }
        }
        let found = Look::new(source, needs, None, cancel).look(wanted, tips, None)?;
        let missing = found.missing.first().copied();
        match missing.or_else(|| lock(&missed).iter().min().copied()) {
            Some(id) => Ok(Some(id)),
            None => found.damages.into_iter().next().map_or(Ok(None), Err),
        }
    }
}

/// A part of the search, on one thread.
struct Search<'a> {
    look: &'a Look,
    objects: &'a Objects,
    found: Findings,
}

impl Search<'_> {
    fn add(&mut self, other: Findings) {
        self.found.missing.extend(other.missing);
        self.found.damages.extend(other.damages);
    }

    fn steps(&mut self, steps: &[Step]) -> Result<()> {
        for step in steps {
            if step.is_unread {
                self.object(step.commit, Kind::Commit, false)?;
            }
            let may_be_missing = self.look.is_promised(step.commit);
            self.tree(step.old, step.new, may_be_missing)?;
        }
        Ok(())
    }

    /// Looks for an object of this kind.
    fn object(&mut self, id: ObjectId, kind: Kind, may_be_missing: bool) -> Result<()> {
        let header = self.objects.header(id);
        match self.found.keep(header)? {
            Some(Some((found, _))) => self.compare_kinds(id, kind, found),
            Some(None) if !may_be_missing => {
                self.found.missing.insert(id);
            }
            _ => {}
        }
        Ok(())
    }

    fn compare_kinds(&mut self, id: ObjectId, kind: Kind, found: Kind) {
        if found != kind {
            let what = format!("object {id} is a {found}, expected a {kind}");
            self.found.damages.push(self.objects.corrupt(what));
        }
    }

    /// Reads an object; `None` if it is missing, which is noted, or damaged.
    fn read(&mut self, id: ObjectId, may_be_missing: bool) -> Result<Option<Object>> {
        let read = self.objects.read(id);
        let read = self.found.keep(read)?;
        if matches!(read, Some(None)) && !may_be_missing {
            self.found.missing.insert(id);
        }
        Ok(read.flatten())
    }

    /// Follows a tag to the object that it finally points to.
    fn peel(&mut self, id: ObjectId) -> Result<Option<(Kind, ObjectId)>> {
        let (mut id, mut stated) = (id, None);
        while let Some(object) = self.read(id, false)? {
            if let Some(stated) = stated {
                self.compare_kinds(id, stated, object.kind);
            }
            if object.kind != Kind::Tag {
                return Ok(Some((object.kind, id)));
            }
            let tag = TagRefIter::from_bytes(&object, id.kind());
            let next = tag.target_id().ok();
            stated = stated_kind(&object, id);
            let (Some(next), Some(_)) = (next, stated) else {
                let error = self.objects.corrupt(format!("tag {id} cannot be decoded"));
                self.found.damages.push(error);
                return Ok(None);
            };
            id = next;
        }
        Ok(None)
    }

    /// Looks for the objects of a tree that are not in `old`.
    fn tree(&mut self, old: Option<ObjectId>, tree: ObjectId, may_be_missing: bool) -> Result<()> {
        if !self.look.needs.trees {
            return Ok(());
        }
        let mut todo = vec![(old, tree, may_be_missing)];
        while let Some((old, tree, may_be_missing)) = todo.pop() {
            if old == Some(tree) || !lock(&self.look.seen).insert(tree) {
                continue;
            }
            self.look.cancel.check()?;
            let Some(object) = self.read(tree, may_be_missing)? else {
                continue;
            };
            self.compare_kinds(tree, Kind::Tree, object.kind);
            if object.kind != Kind::Tree {
                continue;
            }
            // An error is noted when the old tree itself is looked at.
            let old = old.and_then(|old| self.objects.read(old).ok().flatten());
            let old = old.filter(|old| old.kind == Kind::Tree);
            self.entries(tree, &object, old.as_ref(), &mut todo)?;
        }
        Ok(())
    }

    /// Looks for the blobs of one tree that are not in `old`, and adds its trees to `todo`.
    fn entries(
        &mut self,
        tree: ObjectId,
        object: &Object,
        old: Option<&Object>,
        todo: &mut Vec<(Option<ObjectId>, ObjectId, bool)>,
    ) -> Result<()> {
        let is_promised = self.look.is_promised(tree);
        let old: &[u8] = old.map_or(&[], |old| old);
        let mut old = TreeRefIter::from_bytes(old, tree.kind())
            .map_while(std::result::Result::ok)
            .peekable();
        for entry in TreeRefIter::from_bytes(object, tree.kind()) {
            let Ok(entry) = entry else {
                let error = self
                    .objects
                    .corrupt(format!("tree {tree} cannot be decoded"));
                self.found.damages.push(error);
                return Ok(());
            };
            // Entries are sorted. If they are not, more of them are looked at than necessary.
            while old.next_if(|old| old.cmp(&entry).is_lt()).is_some() {}
            let same_name = old.next_if(|old| old.filename == entry.filename);
            let id = entry.oid.to_owned();
            if same_name.is_some_and(|old| old.oid == entry.oid && old.mode == entry.mode) {
                continue;
            }
            // As in git, an unknown mode is that of a blob.
            match entry.mode.value() & 0o170_000 {
                0o040_000 => {
                    let old = same_name.filter(|old| old.mode.is_tree());
                    todo.push((old.map(|old| old.oid.to_owned()), id, is_promised));
                }
                0o160_000 => {} // a submodule
                _ => {
                    if self.look.needs.blobs {
                        self.object(id, Kind::Blob, is_promised)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The kind of its target that a tag states.
fn stated_kind(tag: &Object, id: ObjectId) -> Option<Kind> {
    TagRefIter::from_bytes(tag, id.kind()).find_map(|token| match token {
        Ok(gix::objs::tag::ref_iter::Token::TargetKind(kind)) => Some(kind),
        _ => None,
    })
}
