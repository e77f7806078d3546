//! Patterns for authors and messages, in the dialects of `git log --author` and `--grep`.

use regex::bytes::{Regex, RegexBuilder};
use serde::Serialize;

use crate::error::{Error, Result};

/// How patterns are written.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatternSyntax {
    /// As grep and git read them unless told otherwise: `+`, `?`, `|`, `(` and `{` are letters until a backslash stands
    /// before them.
    #[default]
    Basic,
    /// As most languages write regular expressions.
    Extended,
    /// No letter is special.
    Fixed,
}

/// A pattern that is matched line by line.
pub(super) struct Pattern(Regex);

impl Pattern {
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if it cannot be read; back references are not understood.
    pub(super) fn new(text: &str, syntax: PatternSyntax, ignore_case: bool) -> Result<Self> {
        let expression = match syntax {
            PatternSyntax::Basic => extended(text),
            PatternSyntax::Extended => text.to_owned(),
            PatternSyntax::Fixed => regex::escape(text),
        };
        RegexBuilder::new(&expression)
            .case_insensitive(ignore_case)
            .build()
            .map(Self)
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or("cannot be read").trim();
                Error::invalid(format!("pattern `{text}`"), reason.to_owned())
            })
    }

    pub(super) fn matches_a_line(&self, text: &[u8]) -> bool {
        text.split(|&byte| byte == b'\n')
            .any(|line| self.0.is_match(line))
    }
}

/// A basic expression in extended syntax.
fn extended(basic: &str) -> String {
    let mut out = String::with_capacity(basic.len());
    let mut letters = basic.chars().peekable();
    // At the start of an expression a `*` is a letter, and only there is `^` an anchor.
    let mut at_start = true;
    while let Some(letter) = letters.next() {
        let was_at_start = std::mem::replace(&mut at_start, false);
        match letter {
            '\\' => match letters.next() {
                Some(special @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) => {
                    out.push(special);
                    at_start = matches!(special, '(' | '|');
                }
                Some('<') => out.push_str(r"\b{start}"),
                Some('>') => out.push_str(r"\b{end}"),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push_str(r"\\"),
            },
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => out.extend(['\\', letter]),
            '*' if was_at_start => out.push_str(r"\*"),
            '^' if was_at_start => {
                out.push('^');
                at_start = true;
            }
            '^' => out.push_str(r"\^"),
            '$' => {
                let mut after = letters.clone();
                let is_end = match after.next() {
                    None => true,
                    Some('\\') => matches!(after.next(), Some(')' | '|')),
                    Some(_) => false,
                };
                out.push_str(if is_end { "$" } else { r"\$" });
            }
            '[' => bracket(&mut out, &mut letters),
            letter => out.push(letter),
        }
    }
    out
}

/// Copies a bracket expression. In POSIX a `]` right after the opening is a letter, and a backslash is one everywhere.
fn bracket(out: &mut String, letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    out.push('[');
    if letters.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if letters.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(letter) = letters.next() {
        match letter {
            ']' => {
                out.push(']');
                return;
            }
            '[' if matches!(letters.peek(), Some(':' | '.' | '=')) => {
                out.push('[');
                for letter in letters.by_ref() {
                    out.push(letter);
                    if letter == ']' {
                        break;
                    }
                }
            }
            '\\' | '[' | '&' | '~' => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_expressions_become_extended_ones() {
        for (basic, expected) in [
            ("a+b", r"a\+b"),
            (r"a\+b", "a+b"),
            (r"\(fix\|feat\): *", "(fix|feat): *"),
            ("(fix)", r"\(fix\)"),
            ("*x", r"\*x"),
            (r"^*x$", r"^\*x$"),
            ("a$b", r"a\$b"),
            ("[]a]", r"[\]a]"),
            (r"[\d]", r"[\\d]"),
            ("[[:alpha:]]*", "[[:alpha:]]*"),
            (r"x\{2,3\}", "x{2,3}"),
            (r"a\.b", r"a\.b"),
        ] {
            assert_eq!(extended(basic), expected, "{basic}");
        }
    }

    #[test]
    fn lines_are_matched_one_by_one() {
        let pattern = Pattern::new("^second.*end$", PatternSyntax::Basic, true).unwrap();
        assert!(pattern.matches_a_line(b"first\nSecond: the END\n"));
        assert!(!pattern.matches_a_line(b"second\nend"));
        assert!(Pattern::new(r"\(", PatternSyntax::Basic, false).is_err());
        assert!(Pattern::new("a(", PatternSyntax::Fixed, false).is_ok());
    }
}
