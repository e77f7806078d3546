//! Finds the lines that differ between two blobs, as `git blame` and `git diff -U0` do.
//!
//! 1. The common tail is cut off, in blocks ([`common_tail`]).
//! 2. Myers' search runs as in git. Before the search, lines that the other file does not contain
//!    are set aside, and some lines that it contains often. Occurrences are counted in both files as
//!    step 1 left them, not only between their common ends.
//! 3. Hunks that fit in several places slide: first to join other hunks, then to where the
//!    indentation suggests that a block begins.
//!
//! Two versions of a file mostly have long common ends; the lines between them are the *middles*.
//! Numbering the lines of the ends would be most of the work. The ends matter in three ways only:
//!
//! - A line that only one of the two middles contains stays in the search if it also occurs in the
//!   common ends. There are few such lines, so the ends are searched for them. For each one found,
//!   one copy is put in front of both middles; it stands for all occurrences of the line in the
//!   ends.
//! - If many lines have no match, git also uses the number of occurrences of each line in the ends.
//!   Then all lines are numbered.
//! - A hunk may slide into the ends, as far as lines there equal lines of the middle.

use std::cell::OnceCell;
use std::ops::Range;

use gix::diff::blob::{
    Algorithm, Diff, Hunk, IndentHeuristic, IndentLevel, SliderHeuristic, Token,
};

use super::bytes::common_prefix;
use super::common_ends::{CommonEnds, each_line, lines};
use super::line_counts::{MIN_UNMATCHED, line_count};
use super::line_table::LineTable;

/// Treatment of white space when lines are compared.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Whitespace {
    #[default]
    Matters,
    /// git's `-w`: lines are compared without white space. A missing newline at the end of the last
    /// line is ignored too.
    Ignored,
}

/// Finds hunks. Its buffers are reused from one pair of files to the next.
#[derive(Default)]
pub(crate) struct LineDiffer {
    whitespace: Whitespace,
    diff: Diff,
    old: Vec<Token>,
    new: Vec<Token>,
}

impl LineDiffer {
    pub(crate) fn new(whitespace: Whitespace) -> Self {
        Self {
            whitespace,
            ..Self::default()
        }
    }

    /// Returns the hunks between two files, in order; there is at least one line between two hunks.
    /// Lines are numbered from 0.
    pub(crate) fn hunks(&mut self, old: &[u8], new: &[u8]) -> Vec<Hunk> {
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

    /// Finds the hunks. `raw` contains both files with their white space, because the position of a
    /// hunk that fits in several places depends on the indentation.
    fn search(&mut self, old: &[u8], new: &[u8], raw: [&[u8]; 2]) -> Vec<Hunk> {
        let ends = CommonEnds::of(old, new);
        let (head, tail) = (ends.head(old), ends.tail(old));
        let middles = Middles::new(ends.without(old), ends.without(new));
        if middles.old.is_empty() && middles.new.is_empty() {
            return Vec::new();
        }
        let other = Token(middles.table.len_u32());
        let numbered = |line: &[u8]| middles.table.find(line).map_or(other, Token);
        self.old.clear();
        // The number of head lines that are compared. The other head lines are replaced by stand-in
        // tokens, which come first; the second value is their number.
        let (kept_head, stand_ins) = if middles.may_set_aside_lines() {
            each_line(head, |line| self.old.push(numbered(line)));
            (self.old.len(), 0)
        } else {
            self.old
                .extend(middles.unmatched_in([head, tail]).map(Token));
            self.old.push(other);
            let stand_ins = self.old.len();
            let near = last_lines(head)
                .map(numbered)
                .take_while(|&line| line != other);
            self.old.extend(near);
            self.old[stand_ins..].reverse();
            (self.old.len() - stand_ins, stand_ins)
        };
        self.new.clone_from(&self.old);
        self.old.extend_from_slice(&middles.old);
        self.new.extend_from_slice(&middles.new);
        let tail_start = self.old.len();
        if stand_ins == 0 {
            each_line(tail, |line| self.old.push(numbered(line)));
        } else {
            let near = tail.split_inclusive(|&byte| byte == b'\n').map(numbered);
            self.old.extend(near.take_while(|&line| line != other));
        }
        self.new.extend_from_slice(&self.old[tail_start..]);

        self.diff
            .compute_with(Algorithm::Myers, &self.old, &self.new, other.0 + 1);
        let head_lines = usize::try_from(line_count(head)).unwrap_or(usize::MAX);
        let shift = Shift {
            skipped: u32::try_from(head_lines - kept_head).unwrap_or(u32::MAX),
            stand_ins: u32::try_from(stand_ins).unwrap_or(u32::MAX),
        };
        let slide = Slide {
            old: &self.old,
            shift,
            raw,
            lines: [OnceCell::new(), OnceCell::new()],
        };
        self.diff.postprocess_with(&self.old, &self.new, slide);
        let hunks = self.diff.hunks();
        hunks
            .map(|hunk| Hunk {
                before: shift.to_file(hunk.before),
                after: shift.to_file(hunk.after),
            })
            .collect()
    }
}

/// Conversion between positions in the compared tokens and lines of the files.
#[derive(Clone, Copy)]
struct Shift {
    /// Number of head lines that are not compared.
    skipped: u32,
    /// Number of stand-in tokens that are compared instead of the skipped lines.
    stand_ins: u32,
}

impl Shift {
    fn to_file(self, range: Range<u32>) -> Range<u32> {
        let line = |place: u32| place + self.skipped - self.stand_ins;
        line(range.start)..line(range.end)
    }

    fn to_place(self, line: u32) -> u32 {
        line + self.stand_ins - self.skipped
    }

    fn to_line(self, place: u32) -> u32 {
        place + self.skipped - self.stand_ins
    }
}

/// The lines between the common ends, numbered.
struct Middles<'a> {
    table: LineTable<'a>,
    old: Vec<Token>,
    new: Vec<Token>,
    /// For each number of `table`, the sides that have the line, as bits.
    sides: Vec<u8>,
}

const IN_OLD: u8 = 1;
const IN_NEW: u8 = 2;

impl<'a> Middles<'a> {
    fn new(old: &'a [u8], new: &'a [u8]) -> Self {
        let lines = line_count(old) + line_count(new);
        let mut table = LineTable::with_capacity(usize::try_from(lines).unwrap_or(usize::MAX));
        let (mut old_tokens, mut starts) = (Vec::new(), Vec::new());
        // For each number, the only line of the old middle with it; `None` if there are several.
        let mut only: Vec<Option<usize>> = Vec::new();
        let mut start = 0;
        each_line(old, |line| {
            let number = table.add(line);
            if number as usize == only.len() {
                only.push(Some(old_tokens.len()));
            } else {
                only[number as usize] = None;
            }
            old_tokens.push(Token(number));
            starts.push(start);
            start += line.len();
        });
        starts.push(start);
        let new_tokens = like(&mut table, old, &old_tokens, &starts, &only, new);
        let mut sides = vec![0; table.len()];
        for (tokens, side) in [(&old_tokens, IN_OLD), (&new_tokens, IN_NEW)] {
            for token in tokens {
                sides[token.0 as usize] |= side;
            }
        }
        Self {
            table,
            old: old_tokens,
            new: new_tokens,
            sides,
        }
    }

    /// Returns true if git may set frequent lines aside. Then occurrences in the ends must be
    /// counted.
    fn may_set_aside_lines(&self) -> bool {
        if self.old.is_empty() || self.new.is_empty() {
            return false; // there is nothing to search
        }
        let unmatched = |tokens: &[Token]| {
            let is_unmatched = |token: &&Token| self.sides[token.0 as usize] != IN_OLD | IN_NEW;
            tokens.iter().filter(is_unmatched).count()
        };
        unmatched(&self.old).max(unmatched(&self.new)) >= MIN_UNMATCHED
    }

    /// Returns the numbers of lines that have no match in the other middle, but that the common
    /// ends have: git leaves them in the search.
    fn unmatched_in(&self, ends: [&[u8]; 2]) -> impl Iterator<Item = u32> {
        let is_searched = !self.old.is_empty() && !self.new.is_empty();
        let numbers = (0..self.table.len_u32())
            .filter(move |&number| is_searched && self.sides[number as usize] != IN_OLD | IN_NEW);
        numbers.filter(move |&number| {
            let line = self.table.line(number);
            ends.iter().any(|end| has_line(end, line))
        })
    }
}

/// Numbers the lines of `new`. Runs of lines that are the same as in `old` are copied without
/// lookups.
fn like<'a>(
    table: &mut LineTable<'a>,
    old: &[u8],
    old_tokens: &[Token],
    starts: &[usize],
    only: &[Option<usize>],
    new: &'a [u8],
) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(old_tokens.len());
    let (mut at, mut guess) = (0, 0);
    while at < new.len() {
        let first = guess;
        if guess < old_tokens.len() {
            let same = common_prefix(&old[starts[guess]..], &new[at..]);
            while guess < old_tokens.len() && starts[guess + 1] - starts[first] <= same {
                // A last line without a newline may be only the start of a longer line.
                let end = at + starts[guess + 1] - starts[first];
                if new[end - 1] != b'\n' && end < new.len() {
                    break;
                }
                guess += 1;
            }
        }
        if guess > first {
            tokens.extend_from_slice(&old_tokens[first..guess]);
            at += starts[guess] - starts[first];
            continue;
        }
        let end = memchr::memchr(b'\n', &new[at..]).map_or(new.len(), |newline| at + newline + 1);
        let number = table.add(&new[at..end]);
        if let Some(Some(line)) = only.get(number as usize) {
            guess = line + 1;
        }
        tokens.push(Token(number));
        at = end;
    }
    tokens
}

/// Returns true if `data`, which consists of whole lines, has this line.
fn has_line(data: &[u8], line: &[u8]) -> bool {
    if line.last() != Some(&b'\n') {
        return false; // it is the last line of its file, so no common end has it
    }
    if data.starts_with(line) {
        return true;
    }
    let mut needle = Vec::with_capacity(line.len() + 1);
    needle.push(b'\n');
    needle.extend_from_slice(line);
    memchr::memmem::find(data, &needle).is_some()
}

/// Returns the lines of `data` from the last to the first.
fn last_lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut end = data.len();
    std::iter::from_fn(move || {
        let before = end.checked_sub(1)?;
        let start = memchr::memrchr(b'\n', &data[..before]).map_or(0, |newline| newline + 1);
        let line = &data[start..end];
        end = start;
        Some(line)
    })
}

/// Chooses the position of a hunk that fits in several places, by git's indent heuristic. Lines are
/// looked up by their position in the file, because lines that are equal without white space may be
/// indented differently.
struct Slide<'a> {
    old: &'a [Token],
    shift: Shift,
    raw: [&'a [u8]; 2],
    /// Lines of each side and their positions, computed on first use.
    lines: [OnceCell<Places<'a>>; 2],
}

type Places<'a> = (Vec<&'a [u8]>, Vec<Token>);

impl SliderHeuristic for Slide<'_> {
    fn best_slider_end(&mut self, tokens: &[Token], hunk: Range<u32>, earliest_end: u32) -> u32 {
        let side = usize::from(!std::ptr::eq(tokens.as_ptr(), self.old.as_ptr()));
        let (lines, places) = self.lines[side].get_or_init(|| {
            let lines = lines(self.raw[side]);
            let places = (0..).map(Token).take(lines.len()).collect();
            (lines, places)
        });
        let indent = |place: Token| {
            // git treats a form feed as text.
            let bytes = lines[place.0 as usize].iter();
            let bytes = bytes.map(|&byte| if byte == b'\x0C' { b'x' } else { byte });
            IndentLevel::for_ascii_line(bytes, 8)
        };
        let (hunk, earliest_end) = (self.shift.to_file(hunk), self.shift.to_line(earliest_end));
        let end = IndentHeuristic::new(indent).best_slider_end(places, hunk, earliest_end);
        self.shift.to_place(end)
    }
}

/// Returns the length, in bytes, of the common tail that git leaves out of a diff without context:
/// whole blocks of 1,024 bytes, without the part up to the first newline.
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

/// Removes what git treats as white space from every line, and ends every line with a newline.
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

    /// Finds the hunks without shortcuts: every line of both files is numbered.
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
            "a form feed is not white space to git"
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn hunks_of_few_lines_equal_the_full_search(old in "[ab \n]{0,40}", new in "[ab \n]{0,40}") {
            let ours = LineDiffer::default().hunks(old.as_bytes(), new.as_bytes());
            proptest::prop_assert_eq!(ours, whole_search(old.as_bytes(), new.as_bytes()));
        }

        /// Edits of a file with repeated and indented lines, long enough that tails are cut off and
        /// lines are set aside.
        #[test]
        fn hunks_of_edited_files_equal_the_full_search(lines in proptest::collection::vec("[ \t]{0,3}[a-d{}]{0,1}", 0..400), edits in proptest::collection::vec((0usize..400, 0usize..12, "([ab \t{}]{0,2}\n){0,12}"), 0..8)) {
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
