//! Changed-path filters of commit-graph files: the paths that a commit may have changed against its
//! first parent (gitformat-commit-graph, "Bloom Filter Data"; `git commit-graph write
//! --changed-paths`).
//!
//! A filter can prove that a commit did not change a path. It cannot prove that a commit changed
//! one.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::regular_file;
use gix::commitgraph::Position;

const SEEDS: [u32; 2] = [0x293a_e76f, 0x7e64_6e2c];
/// Version 1 of git's filters. It hashes bytes above 127 differently from [`murmur3`], so it is
/// used for ASCII paths only.
const ASCII_ONLY: u32 = 1;
const BYTES: u32 = 2;
/// Length of the header before the filters: version, number of hashes and bits per entry.
const DATA_HEADER: usize = 12;

/// The filters of all layers of a commit-graph.
pub(crate) struct ChangedPaths {
    layers: Vec<Layer>,
}

/// One file of a commit-graph. Commits are numbered across all files.
struct Layer {
    commits: u32,
    filters: Option<Filters>,
}

struct Filters {
    /// The end offset of each commit's filter, as big-endian numbers of 32 bits.
    ends: Vec<u8>,
    bytes: Vec<u8>,
    hashes: u32,
    version: u32,
}

/// The hashes of a path.
pub(crate) struct Key {
    hashes: [u32; 2],
    is_ascii: bool,
}

impl Key {
    pub(crate) fn new(path: &[u8]) -> Self {
        Self {
            hashes: SEEDS.map(|seed| murmur3(seed, path)),
            is_ascii: path.is_ascii(),
        }
    }
}

impl ChangedPaths {
    /// Reads the filters below an `objects` directory, for a commit-graph of `commits` commits.
    /// `None` if there are no filters, or if they do not fit the commit-graph.
    pub(crate) fn open(objects: &Path, commits: u32) -> Option<Self> {
        let info = objects.join("info");
        let files: Vec<PathBuf> = match regular_file::read(
            &info.join("commit-graphs/commit-graph-chain"),
            regular_file::LARGEST,
        ) {
            Ok(chain) => {
                let file = |hash: &str| info.join(format!("commit-graphs/graph-{hash}.graph"));
                String::from_utf8_lossy(&chain).lines().map(file).collect()
            }
            Err(_) => vec![info.join("commit-graph")],
        };
        let layers = files.iter().map(|file| Layer::open(file));
        let layers = layers.collect::<Option<Vec<Layer>>>()?;
        let is_whole = layers.iter().map(|layer| layer.commits).sum::<u32>() == commits;
        let has_any = layers.iter().any(|layer| layer.filters.is_some());
        (is_whole && has_any).then_some(Self { layers })
    }

    /// Returns true if the commit at this position of the graph is known not to have changed any of
    /// these paths against its first parent.
    pub(crate) fn is_unchanged(&self, commit: Position, paths: &[Key]) -> bool {
        let mut position = commit.0;
        for layer in &self.layers {
            if position < layer.commits {
                let filters = layer.filters.as_ref();
                return filters.is_some_and(|filters| filters.is_unchanged(position, paths));
            }
            position -= layer.commits;
        }
        false
    }
}

impl Layer {
    fn open(path: &Path) -> Option<Self> {
        let mut file = regular_file::open(path).ok()?;
        let mut header = [0; 8];
        file.read_exact(&mut header).ok()?;
        let mut table = vec![0; (usize::from(header[6]) + 1) * 12];
        file.read_exact(&mut table).ok()?;
        let (entries, _) = table.as_chunks::<12>();
        let mut chunk = |name: &[u8], most: Option<u64>| {
            let at = entries.iter().position(|entry| entry.starts_with(name))?;
            let offset = |entry: &[u8; 12]| Some(u64::from_be_bytes(entry[4..].try_into().ok()?));
            let (start, end) = (offset(&entries[at])?, offset(entries.get(at + 1)?)?);
            if end > file.metadata().ok()?.len() {
                return None;
            }
            let start = most.map_or(start, |most| start.max(end.saturating_sub(most)));
            let mut bytes = vec![0; usize::try_from(end.checked_sub(start)?).ok()?];
            file.seek(SeekFrom::Start(start)).ok()?;
            file.read_exact(&mut bytes).ok()?;
            Some(bytes)
        };
        // The last entry of the fan-out table is the total number of commits.
        let commits = number(&chunk(b"OIDF", Some(4))?, 0)?;
        let filters = chunk(b"BIDX", None).zip(chunk(b"BDAT", None));
        Some(Self {
            commits,
            filters: filters.and_then(|(ends, bytes)| Filters::new(commits, ends, bytes)),
        })
    }
}

impl Filters {
    fn new(commits: u32, ends: Vec<u8>, bytes: Vec<u8>) -> Option<Self> {
        let version = number(&bytes, 0)?;
        let hashes = number(&bytes, 4)?;
        let is_known = matches!(version, ASCII_ONLY | BYTES) && hashes > 0;
        (is_known && ends.len() == commits as usize * 4).then_some(Self {
            ends,
            bytes,
            hashes,
            version,
        })
    }

    fn is_unchanged(&self, position: u32, paths: &[Key]) -> bool {
        let filter = self.filter(position as usize).unwrap_or_default();
        let may_have = |path: &Key| {
            filter.is_empty()
                || (self.version == ASCII_ONLY && !path.is_ascii)
                || (0..self.hashes).all(|number| {
                    let hash = path.hashes[0].wrapping_add(number.wrapping_mul(path.hashes[1]));
                    let bit = u64::from(hash) % (filter.len() as u64 * 8);
                    let byte = usize::try_from(bit / 8).unwrap_or(usize::MAX);
                    filter[byte] & (1 << (bit % 8)) != 0
                })
        };
        !paths.iter().any(may_have)
    }

    fn filter(&self, position: usize) -> Option<&[u8]> {
        let start = match position.checked_sub(1) {
            Some(before) => number(&self.ends, before * 4)?,
            None => 0,
        };
        let end = number(&self.ends, position * 4)?;
        self.bytes
            .get(DATA_HEADER + start as usize..DATA_HEADER + end as usize)
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Murmur3 with 32 bits, as Austin Appleby published it.
fn murmur3(seed: u32, data: &[u8]) -> u32 {
    let mix = |word: u32| {
        word.wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593)
    };
    let (words, rest) = data.as_chunks::<4>();
    let mut hash = seed;
    for word in words {
        hash ^= mix(u32::from_le_bytes(*word));
        hash = hash
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    hash ^= mix(u32::from_le_bytes(last));
    hash ^= u32::try_from(data.len()).unwrap_or(u32::MAX);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of git's own test suite.
    #[test]
    fn hashes_are_gits() {
        assert_eq!(murmur3(0, b""), 0);
        assert_eq!(murmur3(0, b"Hello world!"), 0x627b_0c2c);
        let line = b"The quick brown fox jumps over the lazy dog";
        assert_eq!(murmur3(0, line), 0x2e4f_f723);
    }
}
