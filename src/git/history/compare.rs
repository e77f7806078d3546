//! Compares a commit with its parents: changed files and line counts.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;

use super::{Change, ChangeKind, Commit, DiffMerges, LineCounts, MissingBlobs, Renames, Signature};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::commit::{self, CommitObject, Ident};
use crate::git::diff::attributes::DiffAttributes;
use crate::git::diff::line_counts::{count_lines, line_count};
use crate::git::diff::renames::{self, Candidate, Detect, Rename, RenameFinder};
use crate::git::diff::similarity::MAX_SCORE;
use crate::git::diff::tree::{Side, TreeChange, tree_changes_in};
use crate::git::id::ObjectId as Id;
use crate::git::mailmap::Mailmap;
use crate::git::objects::{Object, ObjectSource, Objects};
use crate::git::pathspec::Pathspec;
use crate::git::submodules::IgnoredSubmodules;
use crate::git::walk::{Nodes, RawCommit};

/// Options for comparing commits.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) renames: Renames,
    pub(crate) merges: DiffMerges,
    pub(crate) missing: MissingBlobs,
    /// True if lines are counted. False: no blob is read for counting.
    pub(crate) counts: bool,
    /// Only changes to these paths are listed; `None` is all.
    pub(crate) paths: Option<Pathspec>,
    pub(crate) mailmap: Arc<Mailmap>,
    pub(crate) cancel: CancelToken,
}

/// Compares commits on one thread.
pub(crate) struct Comparer {
    nodes: Nodes,
    objects: Objects,
    attributes: DiffAttributes,
    ignored_submodules: IgnoredSubmodules,
    settings: Settings,
    big_file_bytes: usize,
}

impl Comparer {
    pub(crate) fn new(source: &ObjectSource, settings: Settings) -> Result<Self> {
        let objects = source.objects();
        let attributes = DiffAttributes::new(&objects)?;
        let ignored_submodules = IgnoredSubmodules::read(objects.repo())?;
        let threshold = objects
            .repo()
            .config_snapshot()
            .integer("core.bigFileThreshold");
        // git's default is 512 MiB.
        let big_file_bytes = threshold
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(512 << 20);
        Ok(Self {
            nodes: Nodes::new(source)?,
            objects,
            attributes,
            ignored_submodules,
            settings,
            big_file_bytes,
        })
    }

    pub(crate) fn compare(&mut self, raw: &RawCommit) -> Result<Commit> {
        let object = match &raw.object {
            Some(object) => object.clone(),
            None => self.objects.require(raw.id, Kind::Commit)?,
        };
        let object = commit::in_utf8(&object);
        let Some(commit) = CommitObject::parse(&object) else {
            return Err(self
                .objects
                .corrupt(format!("commit {} cannot be decoded", raw.id)));
        };
        let mut changes = Vec::new();
        let parents: &[ObjectId] = match (raw.parent_ids.len(), self.settings.merges) {
            (0 | 1, _) | (_, DiffMerges::Separate) => &raw.parent_ids,
            (_, DiffMerges::FirstParent) => &raw.parent_ids[..1],
            (_, DiffMerges::None) => &[],
        };
        if raw.parent_ids.is_empty() {
            self.changes(None, commit.tree_id, &mut changes)?;
        }
        for &parent in parents {
            self.changes(Some(parent), commit.tree_id, &mut changes)?;
        }
        let mailmap = &self.settings.mailmap;
        Ok(Commit {
            id: Id(raw.id),
            tree_id: Id(commit.tree_id),
            parent_ids: commit.parent_ids.iter().map(|&id| Id(id)).collect(),
            author: signature(&commit.author, mailmap),
            committer: signature(&commit.committer, mailmap),
            summary: commit::summary(commit.message).into(),
            message: commit.message.into(),
            changes,
        })
    }

    fn changes(
        &mut self,
        parent: Option<ObjectId>,
        tree: ObjectId,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let old_tree = match parent {
            Some(parent) => Some(self.nodes.load(parent)?.tree_id),
            None => None,
        };
        let paths = self.settings.paths.as_mut();
        let mut found = tree_changes_in(&self.objects, old_tree, Some(tree), paths)?;
        if !self.ignored_submodules.is_empty() {
            found.retain(|change| {
                let mut sides = change.old.iter().chain(&change.new);
                !(sides.all(Side::is_submodule) && self.ignored_submodules.contains(&change.path))
            });
        }
        for paired in self.paired(&found)? {
            self.settings.cancel.check()?;
            let counts = self.counts(&paired)?;
            changes.push(paired.into_change(parent.map(Id), counts));
        }
        Ok(())
    }

    /// Joins the two halves of each renamed or copied file, at the position of its new path.
    fn paired(&mut self, found: &[TreeChange]) -> Result<Vec<Paired>> {
        let detect = match self.settings.renames {
            Renames::On => Some(Detect::Renames),
            Renames::Copies => Some(Detect::Copies),
            Renames::Off => None,
        };
        let (renames, missing) = match detect {
            Some(detect) if found.iter().any(|change| change.old.is_none()) => {
                self.renames(found, detect)?
            }
            _ => (Vec::new(), None),
        };
        // If a missing blob prevents rename detection, this file may be one half of a rename. Its
        // line counts are then unknown.
        let may_be_renamed = |change: &TreeChange| {
            let is_regular = |side: Option<Side>| side.is_some_and(|side| side.is_regular());
            missing.is_some()
                && (change.old.is_none() || change.new.is_none())
                && (is_regular(change.old) || is_regular(change.new))
        };
        // Number of times a file is a source, plus one if it still exists. The last pair of a
        // deleted source is its rename; all earlier pairs are copies.
        let mut uses: Vec<usize> = found
            .iter()
            .map(|change| usize::from(change.new.is_some()))
            .collect();
        let mut source_of = vec![None; found.len()];
        for &(source, destination, score) in &renames {
            uses[source] += 1;
            source_of[destination] = Some((source, score));
        }
        let is_rename_source: Vec<bool> = found
            .iter()
            .zip(&uses)
            .map(|(change, &uses)| change.new.is_none() && uses > 0)
            .collect();
        let mut pairs = Vec::with_capacity(found.len());
        for (at, change) in found.iter().enumerate() {
            if is_rename_source[at] {
                continue;
            }
            let mut change = change.clone();
            let source = source_of[at].map(|(source, score): (usize, u64)| {
                uses[source] -= 1;
                change.old = found[source].old;
                PairSource {
                    path: found[source].path.clone(),
                    score,
                    is_copy: uses[source] > 0,
                }
            });
            let missing = missing.filter(|_| source.is_none() && may_be_renamed(&change));
            pairs.push(Paired {
                change,
                source,
                missing,
            });
        }
        Ok(pairs)
    }

    /// Returns the source, destination (as indices into `found`) and score of each rename and copy,
    /// and a missing blob that is needed to find them all.
    fn renames(&mut self, found: &[TreeChange], detect: Detect) -> Result<FoundRenames> {
        let stays = |change: &TreeChange| change.new.is_some();
        let (mut sources, mut destinations) = (Vec::new(), Vec::new());
        let (mut source_at, mut destination_at) = (Vec::new(), Vec::new());
        for (at, change) in found.iter().enumerate() {
            let path = &change.path;
            match (change.old, change.new) {
                (Some(side), _) if detect == Detect::Copies || !stays(change) => {
                    source_at.push(at);
                    sources.push(Candidate {
                        path,
                        side,
                        stays: stays(change),
                    });
                }
                (None, Some(side)) => {
                    destination_at.push(at);
                    destinations.push(Candidate {
                        path,
                        side,
                        stays: true,
                    });
                }
                _ => {}
            }
        }
        let cancel = &self.settings.cancel;
        let mut finder = RenameFinder::new(&self.objects, &mut self.attributes, cancel);
        let renames::Found { renames, missing } = finder.find(&sources, &destinations, detect)?;
        let indices = |rename: Rename| {
            (
                source_at[rename.source],
                destination_at[rename.destination],
                rename.score,
            )
        };
        Ok((renames.into_iter().map(indices).collect(), missing))
    }

    fn counts(&mut self, paired: &Paired) -> Result<LineCounts> {
        let TreeChange { path, old, new } = &paired.change;
        let old_path = paired.source.as_ref().map_or(path, |source| &source.path);
        if !self.settings.counts {
            return Ok(LineCounts::Missing);
        }
        if let Some(blob) = paired.missing {
            return self.missing(Some(blob), path);
        }
        let objects = &self.objects;
        let Some(old_data) = content(objects, *old)? else {
            return self.missing(old.map(|side| side.id), old_path);
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
            return self.missing(new.map(|side| side.id), path);
        };
        let mut is_binary = |side: &Option<Side>, path: &[u8], data: &[u8]| -> Result<bool> {
            let attribute = match side {
                Some(side) if side.is_regular() => self.attributes.of(objects, path)?,
                _ => self.attributes.of_others(),
            };
            Ok(data.len() > self.big_file_bytes || attribute.is_binary(data))
        };
        if is_binary(old, old_path, &old_data)? || is_binary(new, path, &new_data)? {
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

impl Comparer {
    /// Returns the counts of a file whose blob is missing; or an error, if the settings require
    /// one.
    fn missing(&self, blob: Option<ObjectId>, path: &[u8]) -> Result<LineCounts> {
        match (self.settings.missing, blob) {
            (MissingBlobs::Error, Some(blob)) => {
                let path = String::from_utf8_lossy(path);
                Err(self
                    .objects
                    .corrupt(format!("blob {blob}, needed for {path}, is missing")))
            }
            _ => Ok(LineCounts::Missing),
        }
    }
}

/// Returns the bytes that git compares for one side: none, those of a blob, or one line for a
/// submodule. `None` if the blob is missing.
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

/// A change, with the source of a renamed or copied file.
struct Paired {
    change: TreeChange,
    source: Option<PairSource>,
    /// A missing blob that is needed to tell if this file was renamed.
    missing: Option<ObjectId>,
}

type FoundRenames = (Vec<(usize, usize, u64)>, Option<ObjectId>);

struct PairSource {
    path: Vec<u8>,
    score: u64,
    is_copy: bool,
}

impl Paired {
    fn into_change(self, parent_id: Option<Id>, counts: LineCounts) -> Change {
        let TreeChange { path, old, new } = self.change;
        let kind = match (&old, &new, &self.source) {
            (_, _, Some(source)) if source.is_copy => ChangeKind::Copied,
            (_, _, Some(_)) => ChangeKind::Renamed,
            (None, _, _) => ChangeKind::Added,
            (_, None, _) => ChangeKind::Deleted,
            (Some(old), Some(new), None) if sort(old) != sort(new) => ChangeKind::TypeChanged,
            _ => ChangeKind::Modified,
        };
        let similarity = |source: &PairSource| u8::try_from(source.score * 100 / MAX_SCORE).ok();
        Change {
            parent_id,
            path: path.into(),
            kind,
            old_mode: old.map(mode),
            new_mode: new.map(mode),
            old_blob_id: old.map(|side| Id(side.id)),
            new_blob_id: new.map(|side| Id(side.id)),
            similarity: self.source.as_ref().and_then(similarity),
            old_path: self.source.map(|source| source.path.into()),
            counts,
        }
    }
}

/// The type of a file: regular, symlink or submodule.
fn sort(side: &Side) -> (bool, bool) {
    (side.is_regular(), side.is_submodule())
}

fn mode(side: Side) -> &'static str {
    std::str::from_utf8(side.mode.as_octal_str()).unwrap_or_default()
}

/// Resolves `ident`, a part of a commit in UTF-8, through the mailmap.
pub(crate) fn signature(ident: &Ident<'_>, mailmap: &Mailmap) -> Signature {
    let (raw_name, raw_email) = (ident.name.to_vec(), ident.email.to_vec());
    let (name, email) = mailmap.resolve(&raw_name, &raw_email);
    Signature {
        name: name.into(),
        email: email.into(),
        time: ident.time,
        raw_name: raw_name.into(),
        raw_email: raw_email.into(),
    }
}
