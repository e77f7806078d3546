//! Counts the lines that differ between two blobs, as `git log --numstat` does.
//!
//! Lines keep their terminator: a last line without `\n` differs from the same text with one, and
//! `\r` is content.
//!
//! git searches with Myers' algorithm. Before that, it sets aside frequent lines that are
//! surrounded by many unmatched ones. During the search, it stops looking for the shortest edit
//! after too many steps. Two facts make counting cheaper than finding the lines:
//!
//! - As long as git does not give up, it finds a shortest edit, and every shortest edit has the
//!   same counts. So the *length* of the shortest edit is enough.
//! - Common lines at both ends do not change that length. They only affect which lines git sets
//!   aside, and git sets aside none if fewer than [`MIN_UNMATCHED`] lines have no match. So most of
//!   the time the ends need not be examined line by line at all.
//!
//! If an edit is so long that git may give up, the whole search is done as git does it.

use gix::diff::blob::{Algorithm, Diff, InternedInput, sources::byte_lines};

use super::common_ends::{CommonEnds, lines};
use super::line_table::LineTable;

/// Longest edit for which git is sure to find the shortest one. A step of the search covers two
/// edits, and git gives up after 256 steps at the earliest.
const MOST_EDITS: usize = 510;
/// Fewest unmatched lines for which git may set a frequent line aside. It does so if there are
/// more than three times as many unmatched lines around it as frequent lines. The line itself is
/// counted twice, once for each side, so at least 3 * 2 + 1 unmatched lines are needed.
pub(crate) const MIN_UNMATCHED: usize = 7;
/// Number of lines before and after a frequent one that decide if it is set aside.
const WINDOW: usize = 100;
/// Upper limit of [`frequent_from`]: a line that the other file has this often is always frequent,
/// however long the line's own file is.
const MOST_FREQUENT: usize = 1024;

/// Number of lines in `data`; the last one counts with or without a newline.
pub(crate) fn line_count(data: &[u8]) -> u64 {
    let unfinished = data.last().is_some_and(|&last| last != b'\n');
    memchr::memchr_iter(b'\n', data).count() as u64 + u64::from(unfinished)
}

/// Returns the numbers of lines added and deleted between `old` and `new`.
pub(crate) fn count_lines(old: &[u8], new: &[u8]) -> (u64, u64) {
    if old == new {
        return (0, 0);
    }
    let ends = CommonEnds::of(old, new);
    let (old_middle, new_middle) = (ends.without(old), ends.without(new));
    if old_middle.is_empty() || new_middle.is_empty() {
        return (line_count(new_middle), line_count(old_middle));
    }
    let (old_lines, new_lines) = (lines(old_middle), lines(new_middle));
    let edits = if old_lines.len().max(new_lines.len()) < MIN_UNMATCHED {
        edit_distance(&old_lines, &new_lines, MOST_EDITS)
    } else {
        edits(&old_lines, &new_lines, ends.head(old), ends.tail(old))
    };
    match edits {
        // Edits are additions plus deletions, and the sizes give additions minus deletions.
        Some(edits) => {
            let (old, new) = (old_lines.len(), new_lines.len());
            let additions = (edits + new - old) / 2;
            (additions as u64, (edits - additions) as u64)
        }
        None => full_search(old, new),
    }
}

/// Returns the additions and deletions found by git's complete search, for cases in which
/// [`count_lines`] has no shortcut.
fn full_search(old: &[u8], new: &[u8]) -> (u64, u64) {
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let diff = Diff::compute(Algorithm::Myers, &input);
    (
        u64::from(diff.count_additions()),
        u64::from(diff.count_removals()),
    )
}

/// Returns the length of git's edit between the middles of two files that have `head` and `tail` in
/// common; `None` if git may not find the shortest one.
fn edits(old: &[&[u8]], new: &[&[u8]], head: &[u8], tail: &[u8]) -> Option<usize> {
    let mut table = LineTable::with_capacity(old.len() + new.len());
    let old: Vec<u32> = old.iter().map(|line| table.add(line)).collect();
    let new: Vec<u32> = new.iter().map(|line| table.add(line)).collect();
    let (mut in_old, mut in_new) = (vec![0u32; table.len()], vec![0u32; table.len()]);
    for &line in &old {
        in_old[line as usize] += 1;
    }
    for &line in &new {
        in_new[line as usize] += 1;
    }

    let mut old_side = Version::matched(&old, &in_new);
    let mut new_side = Version::matched(&new, &in_old);
    let may_set_aside = old_side.unmatched.max(new_side.unmatched) >= MIN_UNMATCHED;
    if may_set_aside {
        // The ends must be counted now: a line that occurs in them has a match, and may be
        // frequent.
        let (mut end_lines, mut in_ends) = (0, vec![0u32; table.len()]);
        for line in lines(head).into_iter().chain(lines(tail)) {
            end_lines += 1;
            if let Some(line) = table.find(line) {
                in_ends[line as usize] += 1;
            }
        }
        for ((old, new), ends) in in_old.iter_mut().zip(&mut in_new).zip(&in_ends) {
            *old += ends;
            *new += ends;
        }
        old_side = Version::kept(
            &old,
            &in_new,
            frequent_from(old.len() + end_lines),
            &old_side,
        );
        new_side = Version::kept(
            &new,
            &in_old,
            frequent_from(new.len() + end_lines),
            &new_side,
        );
    }
    let unmatched = old_side.unmatched + new_side.unmatched;
    let most = MOST_EDITS.checked_sub(unmatched)?;
    let apart = old.len() - old_side.lines.len() + new.len() - new_side.lines.len();
    edit_distance(&old_side.lines, &new_side.lines, most).map(|edits| edits + apart)
}

/// The lines of one file that take part in the search.
struct Version {
    lines: Vec<u32>,
    /// Number of lines that have no match between the common ends of the other file, but that git
    /// may keep in the search. [`Version::matched`] counts all lines without a match;
    /// [`Version::kept`] then counts exactly.
    unmatched: usize,
}

impl Version {
    /// Keeps the lines that the other middle also contains. All other lines are edits in any case.
    fn matched(lines: &[u32], in_other: &[u32]) -> Self {
        let lines_len = lines.len();
        let lines: Vec<u32> = lines
            .iter()
            .copied()
            .filter(|&line| in_other[line as usize] > 0)
            .collect();
        let unmatched = lines_len - lines.len();
        Self { lines, unmatched }
    }

    /// Keeps the lines of `matched` that git does not set aside. `in_other` counts lines in the
    /// whole other file.
    fn kept(all: &[u32], in_other: &[u32], frequent_from: usize, matched: &Self) -> Self {
        let status: Vec<Status> = all
            .iter()
            .map(|&line| match in_other[line as usize] as usize {
                0 => Status::Unmatched,
                count if count >= frequent_from => Status::Frequent,
                _ => Status::Matched,
            })
            .collect();
        let gone = status
            .iter()
            .filter(|status| **status == Status::Unmatched)
            .count();
        let mut kept = Self {
            lines: Vec::with_capacity(matched.lines.len()),
            unmatched: matched.unmatched - gone,
        };
        // `matched` has the lines of `all` that are in the other middle, in order.
        let mut partners = matched.lines.iter().copied().peekable();
        for (at, &line) in all.iter().enumerate() {
            let has_partner = partners.next_if_eq(&line).is_some();
            let is_set_aside = status[at] == Status::Frequent && is_drowned(&status, at);
            match (has_partner, is_set_aside) {
                (true, false) => kept.lines.push(line),
                (false, true) => kept.unmatched -= 1,
                (true, true) | (false, false) => {}
            }
        }
        kept
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Status {
    /// The other file does not have the line.
    Unmatched,
    Matched,
    /// The other file has the line often.
    Frequent,
}

/// Returns the number of occurrences in the other file that make a line frequent: about the square
/// root of `lines`, the number of lines in its own file.
fn frequent_from(lines: usize) -> usize {
    let bits = (usize::BITS - lines.leading_zeros()).div_ceil(2);
    (1 << bits.min(10)).min(MOST_FREQUENT)
}

/// Returns true if git sets aside the frequent line at `at`: there are unmatched lines on both
/// sides of it, up to the next line with an ordinary match, and more than three times as many
/// unmatched lines as frequent ones.
fn is_drowned(status: &[Status], at: usize) -> bool {
    fn count<'a>(around: impl Iterator<Item = &'a Status>) -> (usize, usize) {
        let (mut unmatched, mut frequent) = (0, 1);
        for status in around.take(WINDOW) {
            match status {
                Status::Unmatched => unmatched += 1,
                Status::Frequent => frequent += 1,
                Status::Matched => break,
            }
        }
        (unmatched, frequent)
    }
    let (unmatched_before, frequent_before) = count(status[..at].iter().rev());
    if unmatched_before == 0 {
        return false;
    }
    let (unmatched_after, frequent_after) = count(status[at + 1..].iter());
    unmatched_after > 0
        && unmatched_before + unmatched_after > 3 * (frequent_before + frequent_after)
}

/// Returns the length of the shortest edit from `old` to `new`, or `None` if it is longer than
/// `most`. This is Myers' greedy algorithm, searching forwards only.
fn edit_distance<T: Eq>(old: &[T], new: &[T], most: usize) -> Option<usize> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    if old.is_empty() || new.is_empty() {
        let edits = old.len() + new.len();
        return (edits <= most).then_some(edits);
    }
    let most = most.min(old.len() + new.len());
    // Diagonal k holds the pairs (x, x - k), and its entry is the furthest x reached. Index
    // `middle` is diagonal 0.
    let middle = most + 1;
    let mut reached = vec![0usize; 2 * most + 3];
    for edits in 0..=most {
        for k in (middle - edits..=middle + edits).step_by(2) {
            let (below, above) = (reached[k - 1], reached[k + 1]);
            let mut x = if edits == 0 {
                0
            } else if k == middle - edits || (k != middle + edits && below < above) {
                above
            } else {
                below + 1
            };
            let mut y = x + middle - k;
            while x < old.len() && y < new.len() && old[x] == new[y] {
                x += 1;
                y += 1;
            }
            if x >= old.len() && y >= new.len() {
                return Some(edits);
            }
            reached[k] = x;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_with_their_terminators() {
        for (old, new, counts) in [
            ("", "", (0, 0)),
            ("", "a\nb", (2, 0)),
            ("a\nb\n", "", (0, 2)),
            ("a\n", "a", (1, 1)),
            ("a\r\nb\r\n", "a\nb\n", (2, 2)),
            ("a\nb\nc\n", "a\nx\nb\nc\n", (1, 0)),
            ("a\nb\nc\n", "a\nc\n", (0, 1)),
            ("a\na\n", "a\na\na\n", (1, 0)),
            ("a", "ba", (1, 1)),
            ("xa\n", "ya\n", (1, 1)),
        ] {
            assert_eq!(
                count_lines(old.as_bytes(), new.as_bytes()),
                counts,
                "{old:?} -> {new:?}"
            );
        }
    }

    /// A file of `len` lines drawn from `kinds` different ones.
    fn file(seed: u64, len: usize, kinds: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut line = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            format!("{}\n", (state >> 11) % kinds)
        };
        (0..len).flat_map(|_| line().into_bytes()).collect()
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        /// Compares the shortcuts with git's complete search.
        #[test]
        fn line_counts_of_short_files_equal_the_full_search(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
            let full = full_search(old.as_bytes(), new.as_bytes());
            proptest::prop_assert_eq!(count_lines(old.as_bytes(), new.as_bytes()), full);
        }

        /// Does the same for files that are long and repetitive enough for lines to be set aside.
        #[test]
        fn line_counts_of_long_files_equal_the_full_search(seed: u32, head in 0usize..200, tail in 0usize..200, old in 0usize..300, new in 0usize..300, kinds in 2u64..400) {
            let seed = u64::from(seed);
            let (head, tail) = (file(seed, head, kinds), file(seed + 1, tail, kinds));
            let with = |seed, len| {
                let blanks = file(seed + 9, len, 3);
                let own = file(seed, len, kinds * 2);
                let middle: Vec<u8> = own.split_inclusive(|&b| b == b'\n').zip(blanks.split(|&b| b == b'\n'))
                    .flat_map(|(line, blank)| if blank == b"1" { b"}\n".to_vec() } else { line.to_vec() }).collect();
                [head.as_slice(), &middle, &tail].concat()
            };
            let (old, new) = (with(seed + 2, old), with(seed + 3, new));
            proptest::prop_assert_eq!(count_lines(&old, &new), full_search(&old, &new));
        }
    }
}
