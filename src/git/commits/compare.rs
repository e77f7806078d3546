//! One commit against its parents: which files, which lines.

use gix::ObjectId;
use gix::objs::Kind;

use super::{Change, ChangeKind, Commit, LineCounts, Merges, Renames, Signature};
use crate::error::Result;
use crate::git::attributes::Attributes;
use crate::git::commit_object::{self, CommitObject, Ident};
use crate::git::id::ObjectId as Id;
use crate::git::identity::Mailmap;
use crate::git::line_counts::{count_lines, line_count};
use crate::git::objects::{Object, Objects};
use crate::git::renames::{Candidate, RenameFinder};
use crate::git::similarity::MAX_SCORE;
use crate::git::tree_diff::{Side, TreeChange, tree_changes};
use crate::git::walk::RawCommit;

/// Compares commits on one thread.
pub(super) struct Comparer {
    objects: Objects,
    attributes: Attributes,
    renames: Renames,
    merges: Merges,
    big_file_bytes: usize,
}

impl Comparer {
    pub(super) fn new(objects: Objects, renames: Renames, merges: Merges) -> Result<Self> {
        let attributes = Attributes::new(&objects)?;
        let threshold = objects
            .repo()
            .config_snapshot()
            .integer("core.bigFileThreshold");
        // git's own default.
        let big_file_bytes = threshold
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(512 << 20);
        Ok(Self {
            objects,
            attributes,
            renames,
            merges,
            big_file_bytes,
        })
    }

    pub(super) fn compare(&mut self, raw: &RawCommit, mailmap: &Mailmap) -> Result<Commit> {
        let Some(commit) = CommitObject::parse(&raw.data) else {
            return Err(self
                .objects
                .corrupt(format!("commit {} cannot be decoded", raw.id)));
        };
        let mut changes = Vec::new();
        let parents: &[ObjectId] = match (raw.parent_ids.len(), self.merges) {
            (0 | 1, _) | (_, Merges::EachParent) => &raw.parent_ids,
            (_, Merges::FirstParent) => &raw.parent_ids[..1],
            (_, Merges::None) => &[],
        };
        if raw.parent_ids.is_empty() {
            self.changes(None, commit.tree_id, &mut changes)?;
        }
        for &parent in parents {
            self.changes(Some(parent), commit.tree_id, &mut changes)?;
        }
        Ok(Commit {
            id: Id(raw.id),
            tree_id: Id(commit.tree_id),
            parent_ids: commit.parent_ids.iter().map(|&id| Id(id)).collect(),
            author: signature(&commit, &commit.author, mailmap),
            committer: signature(&commit, &commit.committer, mailmap),
            summary: commit.decoded(&commit_object::summary(commit.message)),
            message: commit.decoded(commit.message),
            changes,
        })
    }

    fn changes(
        &mut self,
        parent: Option<ObjectId>,
        tree: ObjectId,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let old_tree = parent.map(|parent| self.tree_of(parent)).transpose()?;
        let found = tree_changes(&self.objects, old_tree, Some(tree))?;
        for paired in self.paired(found)? {
            let counts = self.counts(&paired)?;
            changes.push(paired.into_change(parent.map(Id), counts));
        }
        Ok(())
    }

    fn tree_of(&mut self, commit: ObjectId) -> Result<ObjectId> {
        let data = self.objects.require(commit, Kind::Commit)?;
        match CommitObject::parse(&data) {
            Some(parsed) => Ok(parsed.tree_id),
            None => Err(self
                .objects
                .corrupt(format!("commit {commit} cannot be decoded"))),
        }
    }

    /// Puts each renamed file's two halves together, at the place of its new path.
    fn paired(&mut self, found: Vec<TreeChange>) -> Result<Vec<Paired>> {
        let has_both = |has: fn(&TreeChange) -> bool| found.iter().any(has);
        let may_rename = self.renames == Renames::On
            && has_both(|c| c.old.is_none())
            && has_both(|c| c.new.is_none());
        if !may_rename {
            return Ok(found
                .into_iter()
                .map(|change| Paired {
                    change,
                    source: None,
                })
                .collect());
        }
        let halves = |side: fn(&TreeChange) -> Option<Side>,
                      other: fn(&TreeChange) -> Option<Side>| {
            let lone = found
                .iter()
                .enumerate()
                .filter(move |(_, change)| other(change).is_none());
            lone.filter_map(move |(index, change)| {
                Some((
                    index,
                    Candidate {
                        path: &change.path,
                        side: side(change)?,
                    },
                ))
            })
            .unzip::<_, _, Vec<_>, Vec<_>>()
        };
        let (source_at, sources) = halves(|c| c.old, |c| c.new);
        let (destination_at, destinations) = halves(|c| c.new, |c| c.old);
        let renames =
            RenameFinder::new(&self.objects, &mut self.attributes).find(&sources, &destinations)?;

        let mut slots: Vec<Option<TreeChange>> = found.into_iter().map(Some).collect();
        let mut from: Vec<Option<(TreeChange, u64)>> = slots.iter().map(|_| None).collect();
        for rename in renames {
            let source = slots[source_at[rename.source]].take();
            from[destination_at[rename.destination]] = source.map(|source| (source, rename.score));
        }
        let pairs = slots.into_iter().zip(from).filter_map(|(change, from)| {
            let mut change = change?;
            let source = from.map(|(source, score)| {
                change.old = source.old;
                (source.path, score)
            });
            Some(Paired { change, source })
        });
        Ok(pairs.collect())
    }

    fn counts(&mut self, paired: &Paired) -> Result<LineCounts> {
        let TreeChange { path, old, new } = &paired.change;
        let old_path = paired.source.as_ref().map_or(path, |(path, _)| path);
        let objects = &self.objects;
        let Some(old_data) = content(objects, *old)? else {
            return Ok(LineCounts::Missing);
        };
        let is_same = old
            .zip(*new)
            .is_some_and(|(old, new)| old.id == new.id && old.is_submodule() == new.is_submodule());
        let new_data = if is_same {
            Some(old_data.clone())
        } else {
            content(objects, *new)?
        };
        let Some(new_data) = new_data else {
            return Ok(LineCounts::Missing);
        };
        let mut is_binary = |side: &Option<Side>, path: &[u8], data: &[u8]| {
            side.is_some_and(|side| {
                !side.is_submodule()
                    && (data.len() > self.big_file_bytes
                        || self.attributes.of(objects, path).is_binary(data))
            })
        };
        if is_binary(old, old_path, &old_data) || is_binary(new, path, &new_data) {
            return Ok(LineCounts::Binary);
        }
        let (additions, deletions) = match (old, new) {
            _ if is_same => (0, 0),
            (None, _) => (line_count(&new_data), 0),
            (_, None) => (0, line_count(&old_data)),
            _ => count_lines(&old_data, &new_data),
        };
        Ok(LineCounts::Lines {
            additions,
            deletions,
        })
    }
}

/// What git compares for one side: nothing, a blob's bytes, or one line for a submodule. `None` if the blob is missing.
fn content(objects: &Objects, side: Option<Side>) -> Result<Option<Object>> {
    match side {
        None => Ok(Some(Object::blob(Vec::new()))),
        Some(side) if side.is_submodule() => {
            let line = format!("Subproject commit {}\n", side.id);
            Ok(Some(Object::blob(line.into_bytes())))
        }
        Some(side) => objects.read(side.id),
    }
}

/// A change, and for a renamed file its old path and score.
struct Paired {
    change: TreeChange,
    source: Option<(Vec<u8>, u64)>,
}

impl Paired {
    fn into_change(self, parent_id: Option<Id>, counts: LineCounts) -> Change {
        let TreeChange { path, old, new } = self.change;
        let kind = match (&old, &new, &self.source) {
            (_, _, Some(_)) => ChangeKind::Renamed,
            (None, _, _) => ChangeKind::Added,
            (_, None, _) => ChangeKind::Deleted,
            (Some(old), Some(new), None) if sort(old) != sort(new) => ChangeKind::TypeChanged,
            _ => ChangeKind::Modified,
        };
        let (old_path, score) = self.source.unzip();
        Change {
            parent_id,
            path,
            old_path,
            kind,
            old_mode: old.map(mode),
            new_mode: new.map(mode),
            old_blob_id: old.map(|side| Id(side.id)),
            new_blob_id: new.map(|side| Id(side.id)),
            similarity: score.and_then(|score| u8::try_from(score * 100 / MAX_SCORE).ok()),
            counts,
        }
    }
}

/// Regular, symlink or submodule.
fn sort(side: &Side) -> (bool, bool) {
    (side.is_regular(), side.is_submodule())
}

fn mode(side: Side) -> &'static str {
    std::str::from_utf8(side.mode.as_octal_str()).unwrap_or_default()
}

/// `ident` in UTF-8 where the commit says how it is encoded, and after the mailmap.
pub(in crate::git) fn signature(
    commit: &CommitObject<'_>,
    ident: &Ident<'_>,
    mailmap: &Mailmap,
) -> Signature {
    let (name, email) = (commit.decoded(ident.name), commit.decoded(ident.email));
    let (name, email) = mailmap.resolve(&Ident {
        name: &name,
        email: &email,
        time: ident.time,
    });
    Signature {
        name,
        email,
        time: ident.time,
    }
}
