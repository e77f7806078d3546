//! Patterns for authors and messages, in the dialects of `git log --author` and `--grep`.

use regex::bytes::{Regex, RegexBuilder};

use super::posix;
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
        let refuse = |reason: &str| Error::invalid(format!("pattern `{text}`"), reason);
        let expression = match syntax {
            PatternSyntax::Basic => posix::translated(text, false).map_err(refuse)?,
            PatternSyntax::Extended => posix::translated(text, true).map_err(refuse)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_matches_line_by_line() {
        let pattern = Pattern::new("^second.*end$", PatternSyntax::Basic, true).unwrap();
        assert!(pattern.matches_a_line(b"first\nSecond: the END\n"));
        assert!(!pattern.matches_a_line(b"second\nend"));
        assert!(Pattern::new(r"\(", PatternSyntax::Basic, false).is_err());
        assert!(Pattern::new("a(", PatternSyntax::Fixed, false).is_ok());
    }
}
