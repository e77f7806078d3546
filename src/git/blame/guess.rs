//! Finds the lines of a parent that an ignored commit's lines resemble most: git's rule for
//! `--ignore-rev`.
//!
//! A line is represented by the multiset of its pairs of bytes. Within a hunk, the line with the
//! most certain match is matched first. It divides the hunk in two, and other matches must not
//! cross it. The pairs of the matched line are subtracted from those of the parent's line, so that
//! other lines cannot match them again. A line without a match in its hunk is matched with the most
//! similar line of the whole parent, if they share at least ten pairs.
//!
//! These rules are described only in git's source, `blame.c`.

use gix::diff::blob::Hunk;

use crate::git::diff::common_ends::lines;

/// For each hunk and each of its lines, the parent's line that it came from; `None` if the line
/// stays with the commit.
pub(super) type Guesses = Vec<Vec<Option<u32>>>;

/// Maximum distance of a match from the line's expected place, within a hunk.
const SEARCH_DISTANCE: usize = 10;
/// Minimum number of pairs that a line shares with its match if the whole parent is searched.
const MIN_SHARED_PAIRS: u32 = 10;
/// Weight of nearness: a similarity is multiplied by this number minus the distance in lines.
const DISTANCE_WEIGHT: i64 = 1000;

/// Returns guesses for all hunks between two files. Lines are numbered from 0.
pub(super) fn guess(old: &[u8], new: &[u8], hunks: &[Hunk]) -> Guesses {
    let mut old: Vec<Pairs> = lines(old).into_iter().map(Pairs::of).collect();
    let new: Vec<Pairs> = lines(new).into_iter().map(Pairs::of).collect();
    let mut guesses = Vec::with_capacity(hunks.len());
    for hunk in hunks {
        let (before, after) = (range(&hunk.before), range(&hunk.after));
        let nearby = Matching::new(&mut old, &new, before, after.clone()).find();
        let guess = |(line, nearby): (usize, Option<usize>)| {
            let found = nearby.or_else(|| most_similar_in_file(&old, &new[line], line));
            found.and_then(|line| u32::try_from(line).ok())
        };
        guesses.push(after.zip(nearby).map(guess).collect());
    }
    guesses
}

fn range(lines: &std::ops::Range<u32>) -> std::ops::Range<usize> {
    lines.start as usize..lines.end as usize
}

/// Returns the parent's line that shares the most pairs with `line`; `None` if no line shares at
/// least [`MIN_SHARED_PAIRS`]. Among lines that share equally many, the one nearest to `place` is
/// returned; if two are equally near, the last one.
fn most_similar_in_file(old: &[Pairs], line: &Pairs, place: usize) -> Option<usize> {
    let (mut most, mut best) = (MIN_SHARED_PAIRS, None::<usize>);
    for (at, candidate) in old.iter().enumerate() {
        let shared = line.shared(candidate);
        let is_nearer = best.is_none_or(|best| best.abs_diff(place) >= at.abs_diff(place));
        if shared > most || (shared == most && is_nearer) {
            (most, best) = (shared, Some(at));
        }
    }
    best
}

/// The number of occurrences of each pair of adjacent bytes in a line, sorted by pair.
struct Pairs(Vec<(u32, u32)>);

impl Pairs {
    /// Counts the pairs of a line. Letters are lower-cased and white space becomes 0. A 0 is also
    /// added at both ends; a pair of zeros does not count.
    fn of(line: &[u8]) -> Self {
        let normal = |&byte: &u8| match byte {
            b' ' | b'\t' | b'\r' | b'\n' => 0,
            byte => byte.to_ascii_lowercase(),
        };
        // git computes a pair's number from signed bytes: if the first byte is above 127, its sign
        // bits overwrite the second byte.
        let wide = |byte: u8| i32::from(byte.cast_signed()).cast_unsigned();
        let bytes = line.iter().map(normal).chain([0]);
        let mut previous = 0;
        let mut pairs: Vec<u32> = Vec::with_capacity(line.len() + 1);
        for byte in bytes {
            let pair = wide(previous) | (wide(byte) << 8);
            if pair != 0 {
                pairs.push(pair);
            }
            previous = byte;
        }
        pairs.sort_unstable();
        let counted = pairs.chunk_by(|a, b| a == b);
        Self(
            counted
                .map(|same| (same[0], u32::try_from(same.len()).unwrap_or(u32::MAX)))
                .collect(),
        )
    }

    fn shared(&self, other: &Self) -> u32 {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = 0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            match a.0.cmp(&b.0) {
                std::cmp::Ordering::Less => left.next(),
                std::cmp::Ordering::Greater => right.next(),
                std::cmp::Ordering::Equal => {
                    shared += a.1.min(b.1);
                    left.next();
                    right.next()
                }
            };
        }
        shared
    }

    fn subtract(&mut self, other: &Self) {
        for (pair, count) in &mut self.0 {
            if let Ok(at) = other.0.binary_search_by_key(pair, |(pair, _)| *pair) {
                *count = count.saturating_sub(other.0[at].1);
            }
        }
        self.0.retain(|(_, count)| *count > 0);
    }
}

/// The certainty of a line's match.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Certainty {
    Unknown,
    NoMatch,
    /// A higher number is more certain.
    Match(i64),
}

/// A part of a hunk: lines of the parent, and lines of the commit as indices into the hunk.
struct HunkPart {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// The search in one hunk.
struct Matching<'a> {
    old: &'a mut [Pairs],
    new: &'a [Pairs],
    old_lines: std::ops::Range<usize>,
    new_lines: std::ops::Range<usize>,
    distance: usize,
    /// The similarity for each line of the hunk and each distance from its expected place; `None`
    /// if it is not computed yet or was discarded.
    similarity: Vec<Option<i64>>,
    certainty: Vec<Certainty>,
    best: Vec<Option<usize>>,
    second_best: Vec<usize>,
}

impl<'a> Matching<'a> {
    fn new(
        old: &'a mut [Pairs],
        new: &'a [Pairs],
        old_lines: std::ops::Range<usize>,
        new_lines: std::ops::Range<usize>,
    ) -> Self {
        let distance = SEARCH_DISTANCE.min(old_lines.len().saturating_sub(1));
        let count = new_lines.len();
        Self {
            old,
            new,
            old_lines,
            new_lines,
            distance,
            similarity: vec![None; count * (2 * distance + 1)],
            certainty: vec![Certainty::Unknown; count],
            best: vec![None; count],
            second_best: vec![0; count],
        }
    }

    fn find(mut self) -> Vec<Option<usize>> {
        if self.old_lines.is_empty() {
            return self.best;
        }
        // Lines of the hunk that are further apart than this are never compared with the same line
        // of the parent.
        let reach = ((2 * self.distance + 1) * self.new_lines.len()).saturating_sub(1)
            / self.old_lines.len();
        // After a match, the part of the hunk before it is searched first. An explicit stack
        // replaces recursion, because hunks may be long.
        let mut stretches = vec![HunkPart {
            old: self.old_lines.clone(),
            new: 0..self.new_lines.len(),
        }];
        while let Some(stretch) = stretches.pop() {
            let Some((line, partner)) = self.most_certain(&stretch) else {
                continue;
            };
            self.old[partner].subtract(&self.new[self.new_lines.start + line]);
            self.invalidate(&stretch, line, partner, reach);
            if line + 1 < stretch.new.end {
                stretches.push(HunkPart {
                    old: partner..stretch.old.end,
                    new: line + 1..stretch.new.end,
                });
            }
            if line > stretch.new.start {
                stretches.push(HunkPart {
                    old: stretch.old.start..partner + 1,
                    new: stretch.new.start..line,
                });
            }
        }
        self.best
    }

    /// Returns the line with the most certain match, the first of equals, and its partner in the
    /// parent.
    fn most_certain(&mut self, stretch: &HunkPart) -> Option<(usize, usize)> {
        let mut most = None;
        for line in stretch.new.clone() {
            if self.certainty[line] == Certainty::Unknown {
                self.match_line(line, &stretch.old);
            }
            if let (Certainty::Match(certainty), Some(partner)) =
                (self.certainty[line], self.best[line])
                && most.is_none_or(|(most, _, _)| certainty > most)
            {
                most = Some((certainty, line, partner));
            }
        }
        most.map(|(_, line, partner)| (line, partner))
    }

    /// Finds the two most similar lines near the line's place.
    fn match_line(&mut self, line: usize, old: &std::ops::Range<usize>) {
        let place = self.place(line);
        let (mut best, mut second) = ((0, old.start), (0, old.start));
        let from = place.saturating_sub(self.distance).max(old.start);
        let until = (place + self.distance + 1).min(old.end);
        for at in from..until {
            let slot = self.slot(line, place, at);
            let similarity = *self.similarity[slot].get_or_insert_with(|| {
                let shared = self.new[self.new_lines.start + line].shared(&self.old[at]);
                let away = i64::try_from(at.abs_diff(place)).unwrap_or(DISTANCE_WEIGHT);
                i64::from(shared) * (DISTANCE_WEIGHT - away)
            });
            if similarity > best.0 {
                second = best;
                best = (similarity, at);
            } else if similarity > second.0 {
                second = (similarity, at);
            }
        }
        if best.0 == 0 {
            self.certainty[line] = Certainty::NoMatch;
            self.best[line] = None;
        } else {
            self.certainty[line] = Certainty::Match(best.0 * 2 - second.0);
            self.best[line] = Some(best.1);
            self.second_best[line] = second.1;
        }
    }

    /// Discards the results that the match of `line` with `partner` changes: similarities with
    /// `partner`, and matches that would cross it.
    fn invalidate(&mut self, stretch: &HunkPart, line: usize, partner: usize, reach: usize) {
        let from = line.saturating_sub(reach).max(stretch.new.start);
        let until = (line + reach + 1).min(stretch.new.end);
        for other in from..until {
            let place = self.place(other);
            if partner.abs_diff(place) <= self.distance {
                let slot = self.slot(other, place, partner);
                self.similarity[slot] = None;
            }
            let Certainty::Match(_) = self.certainty[other] else {
                continue;
            };
            let (Some(best), second) = (self.best[other], self.second_best[other]) else {
                continue;
            };
            let crosses = match other.cmp(&line) {
                std::cmp::Ordering::Less => best >= partner || second >= partner,
                std::cmp::Ordering::Greater => best <= partner || second <= partner,
                std::cmp::Ordering::Equal => false,
            };
            if crosses {
                self.certainty[other] = Certainty::Unknown;
            }
        }
    }

    /// Returns the parent's line at the same relative place in the hunk.
    fn place(&self, line: usize) -> usize {
        (line * 2 + 1) * self.old_lines.len() / (self.new_lines.len() * 2) + self.old_lines.start
    }

    /// Returns the index in `similarity` for a line of the hunk and the parent's line `at`.
    fn slot(&self, line: usize, place: usize, at: usize) -> usize {
        line * (2 * self.distance + 1) + at + self.distance - place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(a: &[u8], b: &[u8]) -> u32 {
        Pairs::of(a).shared(&Pairs::of(b))
    }

    #[test]
    fn similarity_is_pairs_in_common() {
        assert_eq!(shared(b"cat mat", b"father rather"), 2);
        assert_eq!(shared(b"tim", b"mit"), 0);
        assert_eq!(shared(b"Darth   Radar\n", b"darth radar"), 12);
    }

    #[test]
    fn reformatted_line_is_matched_with_its_old_line() {
        let (old, new) = (
            b"int a(){return 1;}\nint b;\n",
            b"int a() { return 1; }\nint b ;\n",
        );
        let hunk = Hunk {
            before: 0..2,
            after: 0..2,
        };
        assert_eq!(guess(old, new, &[hunk]), [[Some(0), Some(1)]]);
    }
}
