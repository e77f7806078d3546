//! The similarity of two files, as git's rename detection computes it.
//!
//! This is not a line diff: each file is cut into chunks that end at a newline or after 64 bytes,
//! chunks are hashed, and the bytes per hash are compared. (The score depends on the hash function,
//! so the function must be the one of git.)

use std::collections::HashMap;

use crate::git::int_hash::IntHash;

/// 100 %: every byte is in the other file too.
pub(crate) const MAX_SCORE: u64 = 60_000;
/// 50 %: the default of git's `-M`.
pub(crate) const MIN_SCORE: u64 = 30_000;

const CHUNK_BYTES: u32 = 64;
const HASH_PRIME: u32 = 107_927;

/// Number of bytes per chunk hash of one file.
pub(crate) struct Fingerprint {
    bytes_by_hash: HashMap<u32, u64, IntHash>,
    size: u64,
}

impl Fingerprint {
    /// Hashes a file. In text (`is_binary` is false), the `\r` of a `\r\n` is left out.
    pub(crate) fn new(data: &[u8], is_binary: bool) -> Self {
        let mut bytes_by_hash: HashMap<u32, u64, _> = HashMap::default();
        let (mut high, mut low, mut length) = (0u32, 0u32, 0u32);
        for (at, &byte) in data.iter().enumerate() {
            if byte == b'\r' && !is_binary && data.get(at + 1) == Some(&b'\n') {
                continue;
            }
            let old = high;
            high = ((high << 7) ^ (low >> 25)).wrapping_add(u32::from(byte));
            low = (low << 7) ^ (old >> 25);
            length += 1;
            if length == CHUNK_BYTES || byte == b'\n' {
                *bytes_by_hash.entry(chunk_hash(high, low)).or_default() += u64::from(length);
                (high, low, length) = (0, 0, 0);
            }
        }
        if length > 0 {
            *bytes_by_hash.entry(chunk_hash(high, low)).or_default() += u64::from(length);
        }
        Self {
            bytes_by_hash,
            size: data.len() as u64,
        }
    }

    /// Returns the score of a rename from `self` to `other`, 0 to [`MAX_SCORE`].
    pub(crate) fn score(&self, other: &Self) -> u64 {
        let larger = self.size.max(other.size);
        if larger == 0 || other.size == 0 {
            return 0;
        }
        let shared: u64 = self
            .bytes_by_hash
            .iter()
            .map(|(hash, bytes)| {
                other
                    .bytes_by_hash
                    .get(hash)
                    .map_or(0, |other| *bytes.min(other))
            })
            .sum();
        shared * MAX_SCORE / larger
    }
}

/// Returns true if the sizes alone rule out a score of `min_score`, so that neither file needs to
/// be read.
pub(crate) fn sizes_rule_out(old_size: u64, new_size: u64, min_score: u64) -> bool {
    old_size.max(new_size) * (MAX_SCORE - min_score) < old_size.abs_diff(new_size) * MAX_SCORE
}

fn chunk_hash(high: u32, low: u32) -> u32 {
    high.wrapping_add(low.wrapping_mul(0x61)) % HASH_PRIME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(old: &[u8], new: &[u8]) -> u64 {
        Fingerprint::new(old, false).score(&Fingerprint::new(new, false))
    }

    #[test]
    fn similarity_is_full_for_equal_files_and_0_for_others() {
        assert_eq!(score(b"a\nb\nc\n", b"a\nb\nc\n"), MAX_SCORE);
        assert_eq!(score(b"a\nb\n", b"x\ny\n"), 0);
        assert_eq!(score(b"", b""), 0);
        assert_eq!(score(b"a\nb\n", b"a\nc\n"), MAX_SCORE / 2);
    }

    #[test]
    fn carriage_returns_count_in_binary_files_only() {
        let text = Fingerprint::new(b"one\r\ntwo\r\n", false);
        assert_eq!(
            text.score(&Fingerprint::new(b"one\ntwo\n", false)),
            8 * MAX_SCORE / 10
        );
        let binary = Fingerprint::new(b"one\r\ntwo\r\n", true);
        assert_eq!(binary.score(&Fingerprint::new(b"one\ntwo\n", false)), 0);
    }
}
