//! Patterns for authors and messages, in the dialects of `git log --author` and `--grep`.

use regex::bytes::{Regex, RegexBuilder};

use crate::choice::choices;
use crate::error::{Error, Result};

choices! {
    /// Syntax of patterns.
    #[derive(Default)]
    pub enum PatternSyntax: "pattern_syntax" {
        /// Basic regular expressions: +, ?, |, ( and { are literal without a backslash.
        #[default]
        Basic = "basic",
        /// Extended regular expressions, as most languages write them.
        Extended = "extended",
        /// Plain text.
        Fixed = "fixed",
    }
}

/// A pattern that is matched line by line.
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if `text` cannot be parsed; back references are not supported.
    pub(crate) fn new(text: &str, syntax: PatternSyntax, ignore_case: bool) -> Result<Self> {
        Self::build(text, syntax, |regex| regex.case_insensitive(ignore_case))
    }

    /// Compiles an extended expression for [`Pattern::matches`], in which `.` matches line feeds.
    ///
    /// # Errors
    ///
    /// As for [`Pattern::new`].
    pub(crate) fn of_whole_text(text: &str) -> Result<Self> {
        Self::build(text, PatternSyntax::Extended, |regex| {
            regex.dot_matches_new_line(true)
        })
    }

    fn build(
        text: &str,
        syntax: PatternSyntax,
        set: impl Fn(&mut RegexBuilder) -> &mut RegexBuilder,
    ) -> Result<Self> {
        let expression = match syntax {
            PatternSyntax::Basic => translated(text, false),
            PatternSyntax::Extended => translated(text, true),
            PatternSyntax::Fixed => regex::escape(text),
        };
        set(&mut RegexBuilder::new(&expression))
            .build()
            .map(Self)
            .map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or("cannot be read").trim();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                Error::invalid(format!("pattern `{text}`"), reason.to_owned())
            })
    }

    /// True if the text as a whole matches somewhere.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    pub(crate) fn matches_a_line(&self, text: &[u8]) -> bool {
        text.split(|&byte| byte == b'\n')
            .any(|line| self.0.is_match(line))
    }
}

/// Translates a POSIX expression, extended or basic, to the syntax of the `regex` crate.
fn translated(posix: &str, is_extended: bool) -> String {
    let mut out = String::with_capacity(posix.len());
    let mut letters = posix.chars().peekable();
    // At the start of a basic expression `*` is literal; `^` is an anchor only there.
    let mut at_start = true;
    while let Some(letter) = letters.next() {
        let was_at_start = std::mem::replace(&mut at_start, false);
        match letter {
            '\\' => match letters.next() {
                Some(special @ ('(' | ')' | '{' | '}' | '|' | '+' | '?')) if !is_extended => {
                    out.push(special);
                    at_start = matches!(special, '(' | '|');
                }
                Some('<') => out.push_str(r"\b{start}"),
                Some('>') => out.push_str(r"\b{end}"),
                Some('`') => out.push_str(r"\A"),
                Some('\'') => out.push_str(r"\z"),
                // Back references are copied; the `regex` crate rejects them.
                Some(known @ ('w' | 'W' | 's' | 'S' | 'b' | 'B' | '0'..='9')) => {
                    out.extend(['\\', known]);
                }
                Some(letter) => out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
                None => out.push('\\'),
            },
            '[' => bracket(&mut out, &mut letters),
            letter if is_extended => out.push(letter),
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
            letter => out.push(letter),
        }
    }
    out
}

/// Copies a bracket expression. In POSIX, a `]` right after the opening bracket is literal, and so
/// is every backslash.
fn bracket(out: &mut String, letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    out.push('[');
    if letters.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if let Some(first) = letters.next_if(|letter| matches!(letter, ']' | '-')) {
        out.extend(['\\', first]);
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
            (r"a\d\w", r"ad\w"),
            ("[--/]", r"[\--/]"),
        ] {
            assert_eq!(translated(basic, false), expected, "{basic}");
        }
    }

    #[test]
    fn brackets_are_posix_in_extended_expressions_too() {
        assert_eq!(translated(r"(a|[\d&&x])+", true), r"(a|[\\d\&\&x])+");
        assert!(Pattern::new("a\\", PatternSyntax::Extended, false).is_err());
    }

    #[test]
    fn pattern_matches_line_by_line() {
        let pattern = Pattern::new("^second.*end$", PatternSyntax::Basic, true).unwrap();
        assert!(pattern.matches_a_line(b"first\nSecond: the END\n"));
        assert!(!pattern.matches_a_line(b"second\nend"));
        assert!(Pattern::new(r"\(", PatternSyntax::Basic, false).is_err());
        assert!(Pattern::new("a(", PatternSyntax::Fixed, false).is_ok());
    }
}
