//! The passage of a path: the way its lines move from a commit to its parents. It depends on blobs
//! and trees only, not on the lines that are traced, so it can be computed ahead of the walk, on
//! any thread.

use gix::ObjectId;
use gix::diff::blob::Hunk;

use super::guess::{Guesses, guess};
use super::origins::{CommitContext, Origin, OriginFinder, Origins};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::diff::attributes::DiffAttributes;
use crate::git::diff::lines::{LineDiffer, Whitespace};
use crate::git::diff::tree::{Side, TreeChange};
use crate::git::objects::{Object, ObjectSource, Objects};

/// The destination of a path's lines.
pub(super) enum LinePassage {
    /// All lines go to a file with the same content.
    Whole(Origin),
    /// Parts, in order: each takes the remaining lines that it contains; the others stay at the
    /// commit.
    Parts(Vec<Part>),
    /// The destination is unknown because of this problem with the repository.
    Unknown(String),
}

/// An origin, and the hunks in which the commit's file differs from it.
pub(super) struct Part {
    pub(super) origin: Origin,
    pub(super) hunks: Vec<Hunk>,
    /// Destinations of the lines in the hunks, if the commit is ignored.
    pub(super) guesses: Option<Guesses>,
}

/// Finds passages on one thread.
pub(super) struct LinePassages {
    objects: Objects,
    attributes: DiffAttributes,
    differ: LineDiffer,
    cancel: CancelToken,
}

impl LinePassages {
    pub(super) fn new(
        source: &ObjectSource,
        whitespace: Whitespace,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let objects = source.objects();
        Ok(Self {
            attributes: DiffAttributes::new(&objects)?,
            objects,
            differ: LineDiffer::new(whitespace),
            cancel: cancel.clone(),
        })
    }

    pub(super) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Finds the passage of each of these changes of a commit against its first parent.
    ///
    /// # Errors
    ///
    /// Only [`Error::Cancelled`]; any other error becomes a [`LinePassage::Unknown`].
    pub(super) fn find<'c>(
        &mut self,
        family: &CommitContext,
        changes: impl Iterator<Item = &'c TreeChange>,
    ) -> Result<Vec<LinePassage>> {
        let mut finder =
            OriginFinder::new(&self.objects, &mut self.attributes, family, &self.cancel);
        let mut passages = Vec::new();
        for change in changes {
            self.cancel.check()?;
            let Some(here) = change.new else {
                passages.push(LinePassage::Parts(Vec::new())); // a deleted file has no lines
                continue;
            };
            let found = finder.find(change, here).and_then(|origins| match origins {
                Origins::Whole(origin) => Ok(LinePassage::Whole(origin)),
                Origins::Parts(origins) => parts(
                    &self.objects,
                    &mut self.differ,
                    here,
                    origins,
                    family.is_ignored,
                ),
            });
            passages.push(match found {
                Ok(passage) => passage,
                Err(Error::Corrupt { what, .. }) => LinePassage::Unknown(what),
                // A failure of the machine, for example, is not a fact about the file.
                Err(error) => return Err(error),
            });
        }
        Ok(passages)
    }
}

fn parts(
    objects: &Objects,
    differ: &mut LineDiffer,
    here: Side,
    origins: Vec<Origin>,
    is_ignored: bool,
) -> Result<LinePassage> {
    let mut parts = Vec::with_capacity(origins.len());
    if origins.is_empty() {
        return Ok(LinePassage::Parts(parts));
    }
    let new = blob(objects, here.id)?;
    for origin in origins {
        let old = blob(objects, origin.blob)?;
        let hunks = differ.hunks(&old, &new);
        let guesses = is_ignored.then(|| guess(&old, &new, &hunks));
        parts.push(Part {
            origin,
            hunks,
            guesses,
        });
    }
    Ok(LinePassage::Parts(parts))
}

/// Reads a blob; it is an error if the blob is missing.
pub(super) fn blob(objects: &Objects, id: ObjectId) -> Result<Object> {
    match objects.read(id) {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(objects.corrupt(format!("blob {id} is missing"))),
        Err(Error::Corrupt { .. }) => Err(objects.corrupt(format!("blob {id} is damaged"))),
        Err(error) => Err(error),
    }
}
