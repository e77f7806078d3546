//! Which lines differ between two blobs, as git's diff sees it.
//!
//! Lines keep their terminator: a last line without `\n` differs from the same text with one, and `\r` is content. The
//! search is Myers' with git's limits, which are counted over both whole files.

use gix::diff::blob::{Algorithm, Diff, Hunk, InternedInput, sources::byte_lines};

/// Lines of `data`; the last one counts with or without a newline.
pub(super) fn line_count(data: &[u8]) -> u64 {
    let unfinished = data.last().is_some_and(|&last| last != b'\n');
    memchr::memchr_iter(b'\n', data).count() as u64 + u64::from(unfinished)
}

/// Lines added and deleted, as `git log --numstat` counts them.
pub(super) fn count_lines(old: &[u8], new: &[u8]) -> (u64, u64) {
    if old == new {
        return (0, 0);
    }
    // Where one side is all common head and tail, the rest is a pure insertion or deletion and needs no search. Otherwise
    // both whole files do: the limits of git's search depend on their size.
    let (old_rest, new_rest) = without_common_ends(old, new);
    if old_rest.is_empty() || new_rest.is_empty() {
        return (line_count(new_rest), line_count(old_rest));
    }
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let diff = Diff::compute(Algorithm::Myers, &input);
    (
        u64::from(diff.count_additions()),
        u64::from(diff.count_removals()),
    )
}

/// Hunks as `git blame` sees them: the common tail cut, Myers, then the indent heuristic. Lines count from 0.
pub(super) fn blame_hunks(old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let tail = blame_tail(old, new);
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    diff.hunks().collect()
}

/// Bytes of common tail that git leaves out of a diff without context: whole blocks of 1,024 bytes, less what it gives
/// back up to the first newline in them.
fn blame_tail(old: &[u8], new: &[u8]) -> usize {
    const BLOCK: usize = 1024;
    let smaller = old.len().min(new.len());
    let mut cut = 0;
    while cut + BLOCK <= smaller
        && old[old.len() - cut - BLOCK..old.len() - cut]
            == new[new.len() - cut - BLOCK..new.len() - cut]
    {
        cut += BLOCK;
    }
    let given_back =
        memchr::memchr(b'\n', &old[old.len() - cut..]).map_or(cut, |newline| newline + 1);
    cut - given_back.min(cut)
}

/// Both sides without the whole lines they have in common at the start and at the end.
fn without_common_ends<'a>(old: &'a [u8], new: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let head_bytes = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let head = memchr::memrchr(b'\n', &old[..head_bytes]).map_or(0, |newline| newline + 1);
    let (old, new) = (&old[head..], &new[head..]);
    let mut tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    // The tail must start a line on both sides.
    let starts_line = |data: &[u8], at: usize| at == 0 || data[at - 1] == b'\n';
    while tail > 0 && !(starts_line(old, old.len() - tail) && starts_line(new, new.len() - tail)) {
        let skipped =
            memchr::memchr(b'\n', &old[old.len() - tail..]).map_or(tail, |newline| newline + 1);
        tail -= skipped;
    }
    (&old[..old.len() - tail], &new[..new.len() - tail])
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

    proptest::proptest! {
        /// Whatever the short cut answers, the full search answers too.
        #[test]
        fn the_short_cut_agrees_with_the_search(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
            let input = InternedInput::new(byte_lines(old.as_bytes()), byte_lines(new.as_bytes()));
            let diff = Diff::compute(Algorithm::Myers, &input);
            let full = (u64::from(diff.count_additions()), u64::from(diff.count_removals()));
            proptest::prop_assert_eq!(count_lines(old.as_bytes(), new.as_bytes()), full);
        }
    }
}
