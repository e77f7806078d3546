//! Pairs added files with the deleted files they came from: git's three steps, in git's order.
//!
//! 1. **Exact**: the same blob.
//! 2. **Same base name**, if the name is unique on both sides, from 75 % similarity.
//! 3. **The best of the rest**, from 50 % similarity, unless there are more than 1000 x 1000 pairs
//!    to compare.
//!
//! Each source and each destination is used at most once. With copies, files that still exist are
//! sources too, a source may have many destinations, and the second step is left out. History looks
//! up all destinations of a commit at once. Blame looks up one path at a time, and all sources are
//! available to each path.
//!
//! Steps 2 and 3 read blobs. If one is missing, as in a partial clone, their result cannot be
//! known: then only the pairs of step 1 are returned, with the id of the missing blob.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;

use super::attributes::DiffAttributes;
use super::similarity::{Fingerprint, MAX_SCORE, MIN_SCORE, sizes_rule_out};
use super::tree::Side;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::objects::Objects;

/// git's `diff.renameLimit`.
const RENAME_LIMIT: usize = 1000;
/// 75 %: half-way from 50 % to 100 %.
const MIN_BASE_NAME_SCORE: u64 = MIN_SCORE + (MAX_SCORE - MIN_SCORE) / 2;
/// Largest number of sources with the same blob that git considers for one destination.
const EXACT_CANDIDATES: usize = 100;
/// Number of best sources that git keeps for each destination.
const BEST_CANDIDATES: usize = 4;

/// A possible source or destination of a rename or copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) path: &'a [u8],
    pub(crate) side: Side,
    /// True if the file still exists. Then it cannot have been renamed, only copied.
    pub(crate) stays: bool,
}

/// The kind of pairs to find.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Detect {
    Renames,
    Copies,
}

impl<'a> Candidate<'a> {
    fn base_name(&self) -> &'a [u8] {
        memchr::memrchr(b'/', self.path).map_or(self.path, |slash| &self.path[slash + 1..])
    }
}

/// A destination and its source, as indices into the lists passed to [`RenameFinder::find`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rename {
    pub(crate) source: usize,
    pub(crate) destination: usize,
    /// The score, 0 to [`MAX_SCORE`].
    pub(crate) score: u64,
}

/// The result of [`RenameFinder::find`].
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) renames: Vec<Rename>,
    /// A blob that is needed but missing. If there is one, only exact renames are listed.
    pub(crate) missing: Option<ObjectId>,
}

/// Finds renames. Sizes and fingerprints of blobs are kept for later searches.
pub(crate) struct RenameFinder<'a> {
    objects: &'a Objects,
    attributes: &'a mut DiffAttributes,
    cancel: &'a CancelToken,
    files: HashMap<ObjectId, File>,
    missing: Option<ObjectId>,
}

struct File {
    /// `None` if the repository does not have the blob.
    size: Option<u64>,
    fingerprint: Option<Fingerprint>,
}

impl<'a> RenameFinder<'a> {
    pub(crate) fn new(
        objects: &'a Objects,
        attributes: &'a mut DiffAttributes,
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            objects,
            attributes,
            cancel,
            files: HashMap::new(),
            missing: None,
        }
    }

    /// Pairs `destinations` with `sources`, both in path order.
    pub(crate) fn find(
        &mut self,
        sources: &[Candidate<'_>],
        destinations: &[Candidate<'_>],
        detect: Detect,
    ) -> Result<Found> {
        let mut pairs = Pairs {
            detect,
            source_used: sources.iter().map(|source| source.stays).collect(),
            paired: vec![false; destinations.len()],
            found: Vec::new(),
        };
        if sources.is_empty() || destinations.is_empty() {
            return Ok(Found::default());
        }
        exact(sources, destinations, &mut pairs);
        let certain = pairs.found.len();
        self.missing = None;
        if detect == Detect::Renames {
            self.same_base_name(sources, destinations, &mut pairs)?;
        }
        if self.missing.is_none() {
            self.by_similarity(sources, destinations, &mut pairs)?;
        }
        if self.missing.is_some() {
            pairs.found.truncate(certain);
        }
        Ok(Found {
            renames: pairs.found,
            missing: self.missing,
        })
    }

    fn same_base_name(
        &mut self,
        sources: &[Candidate<'_>],
        destinations: &[Candidate<'_>],
        pairs: &mut Pairs,
    ) -> Result<()> {
        let source_by_name = unique_base_names(sources, &pairs.source_used);
        let destination_by_name = unique_base_names(destinations, &pairs.paired);
        for (source, candidate) in sources.iter().enumerate() {
            let name = candidate.base_name();
            if pairs.source_used[source] || source_by_name.get(name) != Some(&Some(source)) {
                continue;
            }
            let Some(&Some(destination)) = destination_by_name.get(name) else {
                continue;
            };
            let score = self.score(
                &sources[source],
                &destinations[destination],
                MIN_BASE_NAME_SCORE,
            )?;
            if score >= MIN_BASE_NAME_SCORE {
                pairs.add(source, destination, score);
            }
        }
        Ok(())
    }

    fn by_similarity(
        &mut self,
        sources: &[Candidate<'_>],
        destinations: &[Candidate<'_>],
        pairs: &mut Pairs,
    ) -> Result<()> {
        let sources_left: Vec<usize> = (0..sources.len())
            .filter(|&source| pairs.may_use(source))
            .collect();
        let destinations_left: Vec<usize> = (0..destinations.len())
            .filter(|&destination| !pairs.paired[destination])
            .collect();
        if sources_left.len() * destinations_left.len() > RENAME_LIMIT * RENAME_LIMIT {
            return Ok(());
        }
        let mut candidates: Vec<Scored> = Vec::new();
        for &destination in &destinations_left {
            self.cancel.check()?;
            let mut best: Vec<Scored> = Vec::with_capacity(BEST_CANDIDATES);
            for &source in &sources_left {
                let score = self.score(&sources[source], &destinations[destination], MIN_SCORE)?;
                let same_name =
                    sources[source].base_name() == destinations[destination].base_name();
                keep_best(
                    &mut best,
                    Scored {
                        score,
                        same_name,
                        source,
                        destination,
                    },
                );
            }
            candidates.extend(best);
        }
        // The sort is stable: among equals, the earlier destination wins, then the earlier of its
        // four candidates.
        candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.rank()));
        candidates.retain(|candidate| candidate.score >= MIN_SCORE);
        // Renames are assigned first, then copies.
        for may_share in [false, true] {
            for candidate in &candidates {
                let is_free = !pairs.source_used[candidate.source] || may_share;
                if is_free
                    && pairs.may_use(candidate.source)
                    && !pairs.paired[candidate.destination]
                {
                    pairs.add(candidate.source, candidate.destination, candidate.score);
                }
            }
        }
        Ok(())
    }

    /// Returns the similarity of two regular files; 0 for anything else, for a missing blob, and if
    /// the sizes rule out `min_score`.
    fn score(
        &mut self,
        source: &Candidate<'_>,
        destination: &Candidate<'_>,
        min_score: u64,
    ) -> Result<u64> {
        if !source.side.is_regular() || !destination.side.is_regular() {
            return Ok(0);
        }
        let sizes = (self.size(source.side.id)?, self.size(destination.side.id)?);
        let (Some(old_size), Some(new_size)) = sizes else {
            let blob = if sizes.0.is_none() {
                source
            } else {
                destination
            };
            self.missing = Some(blob.side.id);
            return Ok(0);
        };
        if sizes_rule_out(old_size, new_size, min_score)
            || !self.read(source)?
            || !self.read(destination)?
        {
            return Ok(0);
        }
        let print = |candidate: &Candidate<'_>| {
            self.files
                .get(&candidate.side.id)
                .and_then(|file| file.fingerprint.as_ref())
        };
        Ok(print(source)
            .zip(print(destination))
            .map_or(0, |(old, new)| old.score(new)))
    }

    fn size(&mut self, id: ObjectId) -> Result<Option<u64>> {
        match self.files.entry(id) {
            Entry::Occupied(entry) => Ok(entry.get().size),
            Entry::Vacant(entry) => {
                let size = self.objects.size(id)?;
                Ok(entry
                    .insert(File {
                        size,
                        fingerprint: None,
                    })
                    .size)
            }
        }
    }

    /// Makes sure that the file's fingerprint is known. Returns false if its blob is missing.
    fn read(&mut self, candidate: &Candidate<'_>) -> Result<bool> {
        let id = candidate.side.id;
        let Some(file) = self.files.get_mut(&id) else {
            return Ok(false);
        };
        if file.fingerprint.is_none() {
            let Some(data) = self.objects.read(id)? else {
                return Ok(false);
            };
            let is_binary = self
                .attributes
                .of(self.objects, candidate.path)?
                .is_binary(&data);
            file.fingerprint = Some(Fingerprint::new(&data, is_binary));
        }
        Ok(true)
    }
}

struct Pairs {
    detect: Detect,
    source_used: Vec<bool>,
    paired: Vec<bool>,
    found: Vec<Rename>,
}

impl Pairs {
    /// Returns true if the source is unused, or may be used again.
    fn may_use(&self, source: usize) -> bool {
        self.detect == Detect::Copies || !self.source_used[source]
    }

    fn add(&mut self, source: usize, destination: usize, score: u64) {
        self.source_used[source] = true;
        self.paired[destination] = true;
        self.found.push(Rename {
            source,
            destination,
            score,
        });
    }
}

/// Pairs each destination with a source that has the same blob. An unused source, and one with the
/// same base name, is preferred; among equals, the first in path order.
fn exact(sources: &[Candidate<'_>], destinations: &[Candidate<'_>], pairs: &mut Pairs) {
    let mut by_id: HashMap<ObjectId, Vec<usize>> = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        by_id.entry(source.side.id).or_default().push(index);
    }
    for (index, destination) in destinations.iter().enumerate() {
        let Some(same) = by_id.get(&destination.side.id) else {
            continue;
        };
        let usable = |&&source: &&usize| {
            let (old, new) = (sources[source].side, destination.side);
            pairs.may_use(source)
                && ((old.is_regular() && new.is_regular()) || old.mode == new.mode)
        };
        let worth = |source: usize| {
            let has_name = sources[source].base_name() == destination.base_name();
            u8::from(!pairs.source_used[source]) + u8::from(has_name)
        };
        let best = same
            .iter()
            .filter(usable)
            .take(EXACT_CANDIDATES)
            .min_by_key(|&&source| std::cmp::Reverse(worth(source)))
            .copied();
        if let Some(source) = best {
            pairs.add(source, index, MAX_SCORE);
        }
    }
}

/// Maps base names of unused candidates to their index, or to `None` if a name occurs more than
/// once.
fn unique_base_names<'a>(
    candidates: &[Candidate<'a>],
    used: &[bool],
) -> HashMap<&'a [u8], Option<usize>> {
    let mut by_name = HashMap::new();
    for (index, candidate) in candidates
        .iter()
        .enumerate()
        .filter(|&(index, _)| !used[index])
    {
        by_name
            .entry(candidate.base_name())
            .and_modify(|found| *found = None)
            .or_insert(Some(index));
    }
    by_name
}

#[derive(Clone, Copy)]
struct Scored {
    score: u64,
    same_name: bool,
    source: usize,
    destination: usize,
}

impl Scored {
    fn rank(&self) -> (u64, bool) {
        (self.score, self.same_name)
    }
}

/// Fills four slots, then replaces the worst candidate (the first of equals) if the new one is
/// better. A candidate with a score of 0 also takes a slot. This changes which slots later
/// candidates get, and therefore which of two equal candidates comes first.
fn keep_best(best: &mut Vec<Scored>, candidate: Scored) {
    if best.len() < BEST_CANDIDATES {
        best.push(candidate);
        return;
    }
    if let Some(worst) = best.iter_mut().min_by_key(|kept| kept.rank())
        && worst.rank() < candidate.rank()
    {
        *worst = candidate;
    }
}
