//! Which lines differ between two blobs, as `git blame` and `git diff -U0` see it.
//!
//! 1. The tail that both have in common is cut off, in blocks ([`common_tail`]).
//! 2. Myers' search as git makes it. It first sets aside lines that the other file does not have, and some that it has
//!    often; for that it counts lines in the whole of both files.
//! 3. Hunks that could stand elsewhere slide: first to join others, then to where indentation says a block begins.
//!
//! Most of two versions is the same at both ends, and telling those lines apart would be most of the work. They matter in
//! two ways only: how often a line of the middle occurs in them, and whether a hunk may slide into them. Both ask just
//! whether a line equals one of the middle; all others share one number.

use std::cell::OnceCell;

use gix::diff::blob::{
    Algorithm, Diff, Hunk, IndentHeuristic, IndentLevel, SliderHeuristic, Token,
};

use super::common_ends::{CommonEnds, each_line, lines};
use super::line_table::LineTable;

/// Whether white space tells lines apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Whitespace {
    #[default]
    Matters,
    /// git's `-w`: lines are compared without it, the end of an unfinished last line included.
    Ignored,
}

/// Finds hunks; keeps its memory from one pair of files to the next.
#[derive(Default)]
pub(super) struct LineDiffer {
    whitespace: Whitespace,
    diff: Diff,
    old: Vec<Token>,
    new: Vec<Token>,
}

impl LineDiffer {
    pub(super) fn new(whitespace: Whitespace) -> Self {
        Self {
            whitespace,
            ..Self::default()
        }
    }

    /// The hunks between two files, in order, never touching each other. Lines count from 0.
    pub(super) fn hunks(&mut self, old: &[u8], new: &[u8]) -> Vec<Hunk> {
        let tail = common_tail(old, new);
        let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
        match self.whitespace {
            Whitespace::Matters => self.search(old, new, [old, new]),
            Whitespace::Ignored => {
                let (old_text, new_text) = (without_whitespace(old), without_whitespace(new));
                self.search(&old_text, &new_text, [old, new])
            }
        }
    }

    /// `raw` is both files with their white space, which decides where hunks slide to.
    fn search(&mut self, old: &[u8], new: &[u8], raw: [&[u8]; 2]) -> Vec<Hunk> {
        let ends = CommonEnds::of(old, new);
        let (old_middle, new_middle) = (lines(ends.without(old)), lines(ends.without(new)));
        if old_middle.is_empty() && new_middle.is_empty() {
            return Vec::new();
        }
        let mut table = LineTable::with_capacity(old_middle.len() + new_middle.len());
        self.old.clear();
        self.new.clear();
        let old_middle: Vec<_> = old_middle
            .iter()
            .map(|line| Token(table.add(line)))
            .collect();
        let new_middle: Vec<_> = new_middle
            .iter()
            .map(|line| Token(table.add(line)))
            .collect();
        let other = Token(u32::try_from(table.len()).unwrap_or(u32::MAX)); // no blob has four billion lines
        let numbered = |line: &[u8]| table.find(line).map_or(other, Token);
        each_line(ends.head(old), |line| self.old.push(numbered(line)));
        self.new.extend_from_slice(&self.old);
        self.old.extend(old_middle);
        self.new.extend(new_middle);
        let tail_start = self.old.len();
        each_line(ends.tail(old), |line| self.old.push(numbered(line)));
        self.new.extend_from_slice(&self.old[tail_start..]);

        self.diff
            .compute_with(Algorithm::Myers, &self.old, &self.new, other.0 + 1);
        let slide = Slide {
            old: &self.old,
            raw,
            lines: [OnceCell::new(), OnceCell::new()],
        };
        self.diff.postprocess_with(&self.old, &self.new, slide);
        self.diff.hunks().collect()
    }
}

/// Where a hunk that may stand in several places goes: git's indent heuristic, which looks at lines by their place in a
/// file, because lines that are equal without white space may be indented differently.
struct Slide<'a> {
    old: &'a [Token],
    raw: [&'a [u8]; 2],
    /// Lines and their places, once asked for.
    lines: [OnceCell<Places<'a>>; 2],
}

type Places<'a> = (Vec<&'a [u8]>, Vec<Token>);

impl SliderHeuristic for Slide<'_> {
    fn best_slider_end(
        &mut self,
        tokens: &[Token],
        hunk: std::ops::Range<u32>,
        earliest_end: u32,
    ) -> u32 {
        let side = usize::from(!std::ptr::eq(tokens.as_ptr(), self.old.as_ptr()));
        let (lines, places) = self.lines[side].get_or_init(|| {
            let lines = lines(self.raw[side]);
            let places = (0..).map(Token).take(lines.len()).collect();
            (lines, places)
        });
        let indent = |place: Token| {
            // A form feed is text to git.
            let bytes = lines[place.0 as usize].iter();
            let bytes = bytes.map(|&byte| if byte == b'\x0C' { b'x' } else { byte });
            IndentLevel::for_ascii_line(bytes, 8)
        };
        IndentHeuristic::new(indent).best_slider_end(places, hunk, earliest_end)
    }
}

/// Bytes of common tail that git leaves out of a diff without context: whole blocks of 1,024 bytes, less what it gives
/// back up to the first newline in them.
fn common_tail(old: &[u8], new: &[u8]) -> usize {
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

/// Every line without what git calls white space, and with a newline.
fn without_whitespace(data: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(data.len());
    each_line(data, |line| {
        let kept = line
            .iter()
            .filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        text.extend(kept);
        text.push(b'\n');
    });
    text
}

#[cfg(test)]
mod tests {
    use gix::diff::blob::{InternedInput, sources::byte_lines};

    use super::*;

    /// The same without short cuts: every line of both files is numbered.
    fn whole_search(old: &[u8], new: &[u8]) -> Vec<Hunk> {
        let tail = common_tail(old, new);
        let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
        let input = InternedInput::new(byte_lines(old), byte_lines(new));
        let mut diff = Diff::compute(Algorithm::Myers, &input);
        diff.postprocess_lines(&input);
        diff.hunks().collect()
    }

    #[test]
    fn white_space_can_be_ignored() {
        let mut differ = LineDiffer::new(Whitespace::Ignored);
        assert_eq!(differ.hunks(b"a b\n c\r\nd", b"ab\nc\n\td \n"), []);
        assert_eq!(
            differ.hunks(b"a\nb\n", b"a \nx\n b\n"),
            [Hunk {
                before: 1..1,
                after: 1..2
            }]
        );
        assert_eq!(
            differ.hunks(b"\x0Ca\n", b"a\n").len(),
            1,
            "a form feed is no white space to git"
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn few_lines(old in "[ab \n]{0,40}", new in "[ab \n]{0,40}") {
            let ours = LineDiffer::default().hunks(old.as_bytes(), new.as_bytes());
            proptest::prop_assert_eq!(ours, whole_search(old.as_bytes(), new.as_bytes()));
        }

        /// Edits of a file with repeated and indented lines, long enough that tails are cut and lines set aside.
        #[test]
        fn edited_files(lines in proptest::collection::vec("[ \t]{0,3}[a-d{}]{0,1}", 0..400), edits in proptest::collection::vec((0usize..400, 0usize..12, "([ab \t{}]{0,2}\n){0,12}"), 0..8)) {
            let mut new: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
            let old = new.concat();
            for (at, gone, text) in edits {
                let at = at.min(new.len());
                let end = (at + gone).min(new.len());
                new.splice(at..end, text.split_inclusive('\n').map(str::to_owned));
            }
            let new = new.concat();
            let ours = LineDiffer::default().hunks(old.as_bytes(), new.as_bytes());
            proptest::prop_assert_eq!(ours, whole_search(old.as_bytes(), new.as_bytes()));
        }
    }
}
