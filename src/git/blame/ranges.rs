//! Line ranges in the syntax of git's `-L`: `10,20`, `10,+5`, `10,-5`, `/start/,/end/`, `^/from the
//! top/`.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::git::diff::common_ends::lines;
use crate::git::pattern::{Pattern, PatternSyntax};

/// Returns the lines of a file that `ranges` name, counted from 0 and sorted. Overlapping and
/// adjacent ranges are merged.
///
/// # Errors
///
/// [`Error::InvalidInput`] for a range that cannot be parsed, matches nothing or starts after the
/// file's end, [`Error::Unsupported`] for functions (`:name`).
pub(super) fn resolve(ranges: &[String], content: &[u8]) -> Result<Vec<Range<u32>>> {
    let lines = lines(content);
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut anchor = 1;
    for range in ranges {
        let resolved = one(range, &lines, anchor)?;
        anchor = resolved.end + 1;
        found.push(resolved);
    }
    found.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u32>> = Vec::new();
    for range in found {
        let line = |line: usize| u32::try_from(line).unwrap_or(u32::MAX);
        let range = line(range.start)..line(range.end);
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    Ok(merged)
}

/// Resolves one range. A pattern for its start is searched from line `anchor` on.
fn one(range: &str, lines: &[&[u8]], anchor: usize) -> Result<Range<usize>> {
    let invalid = |reason: &str| Error::invalid(format!("line range `{range}`"), reason);
    if range.starts_with(':') || range.starts_with("^:") {
        return Err(Error::unsupported(format!(
            "functions in line range `{range}`"
        )));
    }
    let (start, rest) = match range.strip_prefix('^') {
        Some(rest) if rest.starts_with('/') => place(rest, lines, 1, invalid)?,
        _ => place(range, lines, anchor.min(lines.len() + 1), invalid)?,
    };
    let (end, rest) = match rest.strip_prefix(',') {
        None => (None, rest),
        Some(rest) => {
            let start = start.unwrap_or(0);
            let (sign, distance) = (rest.chars().next(), rest.get(1..).unwrap_or_default());
            match (sign, number(distance)) {
                (Some('+' | '-'), Some((0, _))) => return Err(invalid("is empty")),
                (Some('+'), Some((count, rest))) => {
                    (Some(start.saturating_add(count).saturating_sub(1)), rest)
                }
                (Some('-'), Some((count, rest))) => (
                    Some(start.saturating_add(1).saturating_sub(count).max(1)),
                    rest,
                ),
                _ => place(rest, lines, start.saturating_add(1), invalid)?,
            }
        }
    };
    if !rest.is_empty() {
        return Err(invalid(
            "cannot be read; write it as 10,20 or 10,+5 or /start/,/end/",
        ));
    }
    let (start, end) = match (start, end) {
        (Some(start), Some(end)) if end < start => (end, Some(start)),
        (start, end) => (start.unwrap_or(1), end),
    };
    if start > lines.len() {
        return Err(invalid(&format!(
            "starts after the last line, {}",
            lines.len()
        )));
    }
    Ok(start - 1..end.unwrap_or(lines.len()).min(lines.len()))
}

/// Reads a line number or a pattern from the start of `text`; a pattern means its first match at or
/// after line `from`. Returns the line, counted from 1, and the rest of `text`. The line is `None`
/// if `text` starts with neither.
fn place<'a>(
    text: &'a str,
    lines: &[&[u8]],
    from: usize,
    invalid: impl Fn(&str) -> Error,
) -> Result<(Option<usize>, &'a str)> {
    if let Some((line, rest)) = number(text) {
        if line == 0 {
            return Err(invalid("lines count from 1"));
        }
        return Ok((Some(line), rest));
    }
    let Some(pattern) = text.strip_prefix('/') else {
        return Ok((None, text));
    };
    let mut is_escaped = false;
    let end = pattern.find(|character| {
        let ends = character == '/' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    });
    let end = end.ok_or_else(|| invalid("has a pattern without a closing `/`"))?;
    let matcher = Pattern::new(&pattern[..end], PatternSyntax::Basic, false)?;
    let found = lines.iter().enumerate().skip(from - 1).find(|(_, line)| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        matcher.matches_a_line(line)
    });
    let (line, _) =
        found.ok_or_else(|| invalid(&format!("matches nothing from line {from} on")))?;
    Ok((Some(line + 1), &pattern[end + 1..]))
}

/// Reads the number at the start of `text`, after optional white space and a plus sign, as C does.
/// Returns the number, capped at `usize::MAX`, and the rest of `text`.
fn number(text: &str) -> Option<(usize, &str)> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (!digits.is_empty()).then(|| (digits.parse().unwrap_or(usize::MAX), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"one\ntwo\nthree\nfour\nfive\n";

    fn found(ranges: &[&str]) -> Vec<Range<u32>> {
        let ranges: Vec<String> = ranges.iter().map(|&range| range.to_owned()).collect();
        resolve(&ranges, FILE).unwrap()
    }

    #[test]
    fn ranges_are_read_as_git_reads_them() {
        for (range, lines) in [
            ("2,3", 1..3),
            ("3,2", 1..3),
            ("2,+2", 1..3),
            ("3,-2", 1..3),
            ("2,-9", 0..2),
            ("4", 3..5),
            ("4,", 3..5),
            (",2", 0..2),
            ("2,99", 1..5),
            ("/t/,/f/", 1..4),
            ("/^three$/,+1", 2..3),
            ("1,+18446744073709551615", 0..5),
            ("2,99999999999999999999", 1..5),
            (" 1, 3", 0..3),
            ("+2", 1..5),
        ] {
            assert_eq!(found(&[range]), [lines], "{range}");
        }
        assert_eq!(found(&["4,5", "1,2"]), [0..2, 3..5]);
        // A search starts after the previous range, unless its pattern begins with `^`.
        assert_eq!(found(&["1,2", "/t/,+1", "5"]), [0..3, 4..5]);
        assert_eq!(found(&["1,3", "^/t/,+1", "5"]), [0..3, 4..5]);
        assert_eq!(found(&["1,2", "2,3", "5"]), [0..3, 4..5]);
    }

    #[test]
    fn invalid_ranges_are_named() {
        for range in [
            "x",
            "0",
            "9",
            "18446744073709551615,+5",
            "2,+0",
            "/nine/",
            "/t",
            ":main",
            "1,2,3",
            "1,x",
        ] {
            let error = resolve(&[range.to_owned()], FILE).unwrap_err();
            assert!(error.report().contains(range), "{error}");
        }
    }
}
