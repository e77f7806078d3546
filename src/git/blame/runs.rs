//! Runs of lines that a blame traces back through history.

use gix::diff::blob::Hunk;

use super::guess::Guesses;

/// Index of a blamed file.
pub(super) type FileIndex = u32;

/// Consecutive lines of a blamed file, located in the version at the commit that the lines have
/// reached. Lines are numbered from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Run {
    /// The blamed file that the lines belong to.
    pub(super) file: FileIndex,
    /// First line in the blamed file.
    pub(super) final_line: u32,
    /// First line in the version at the commit that the lines have reached.
    pub(super) line: u32,
    pub(super) len: u32,
}

impl Run {
    /// Returns the part of `len` lines that starts `skip` lines into the run, located at `line`.
    fn part(&self, skip: u32, len: u32, line: u32) -> Self {
        Self {
            file: self.file,
            final_line: self.final_line + skip,
            line,
            len,
        }
    }
}

/// Splits `runs` by a diff from an older file to this one. Lines that the older file also contains
/// get their line numbers in that file and are added to `passed`; the others are returned.
pub(super) fn split(runs: &[Run], hunks: &[Hunk], passed: &mut Vec<Run>) -> Vec<Run> {
    let mut kept = Vec::new();
    for run in runs {
        let end = run.line + run.len;
        let mut at = run.line;
        // `next` is the first hunk that ends after the run's start. Adding `shift` to a line before
        // that hunk gives its place in the older file.
        let mut next = hunks.partition_point(|hunk| hunk.after.end <= at);
        let mut shift = next
            .checked_sub(1)
            .map_or(0, |previous| line_offset_after(&hunks[previous]));
        while at < end {
            let hunk = hunks.get(next);
            if let Some(hunk) = hunk.filter(|hunk| hunk.after.start <= at) {
                let stop = hunk.after.end.min(end).max(at);
                if stop > at {
                    kept.push(run.part(at - run.line, stop - at, at));
                }
                shift = line_offset_after(hunk);
                at = stop;
                next += 1;
            } else {
                let stop = hunk.map_or(end, |hunk| hunk.after.start.min(end));
                // Lines outside hunks exist in both files, so the result is in range.
                let older = u32::try_from(i64::from(at) + shift).unwrap_or(0);
                passed.push(run.part(at - run.line, stop - at, older));
                at = stop;
            }
        }
    }
    kept
}

/// Splits `runs`, which are inside hunks, by the guesses for their lines. Lines with a guess are
/// renumbered and added to `passed`; the others are returned.
pub(super) fn split_by_guesses(
    runs: &[Run],
    hunks: &[Hunk],
    guesses: &Guesses,
    passed: &mut Vec<Run>,
) -> Vec<Run> {
    let guess = |line: u32| {
        let at = hunks.partition_point(|hunk| hunk.after.end <= line);
        let hunk = hunks.get(at).filter(|hunk| hunk.after.start <= line)?;
        guesses[at][(line - hunk.after.start) as usize]
    };
    let mut kept: Vec<Run> = Vec::new();
    for run in runs {
        for skip in 0..run.len {
            let (to, line) = match guess(run.line + skip) {
                Some(line) => (&mut *passed, line),
                None => (&mut kept, run.line + skip),
            };
            let final_line = run.final_line + skip;
            match to.last_mut() {
                Some(last)
                    if last.file == run.file
                        && last.final_line + last.len == final_line
                        && last.line + last.len == line =>
                {
                    last.len += 1;
                }
                _ => to.push(run.part(skip, 1, line)),
            }
        }
    }
    kept
}

/// Returns the offset of common lines after `hunk`: older line minus newer line.
fn line_offset_after(hunk: &Hunk) -> i64 {
    i64::from(hunk.before.end) - i64::from(hunk.after.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::diff::lines::LineDiffer;

    fn split_text(old: &str, new: &str, runs: &[Run]) -> (Vec<Run>, Vec<Run>) {
        let mut passed = Vec::new();
        let kept = split(
            runs,
            &LineDiffer::default().hunks(old.as_bytes(), new.as_bytes()),
            &mut passed,
        );
        (passed, kept)
    }

    proptest::proptest! {
        /// Each line is either passed or kept, and a passed line is the same in both files.
        #[test]
        fn lines_are_neither_lost_nor_duplicated(old in "([ab]\n){0,20}", new in "([abc]\n){1,20}", start in 0u32..10, len in 1u32..10) {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let (old_lines, new_lines) = (lines(&old), lines(&new));
            let count = u32::try_from(new_lines.len()).unwrap();
            let start = start.min(count - 1);
            let run = Run { file: 0, final_line: start, line: start, len: len.min(count - start) };
            let (passed, kept) = split_text(&old, &new, &[run]);
            let mut seen: Vec<u32> = passed.iter().chain(&kept).flat_map(|run| run.final_line..run.final_line + run.len).collect();
            seen.sort_unstable();
            proptest::prop_assert_eq!(seen, (run.line..run.line + run.len).collect::<Vec<_>>());
            for run in &passed {
                for step in 0..run.len {
                    proptest::prop_assert_eq!(&old_lines[(run.line + step) as usize], &new_lines[(run.final_line + step) as usize]);
                }
            }
        }
    }
}
