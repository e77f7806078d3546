//! Translation of POSIX expressions, basic and extended, to the syntax of the `regex` crate.
//!
//! The rules are those of the C library that git is built with on Linux, glibc. What it refuses is
//! refused.

use std::iter::Peekable;
use std::str::Chars;

/// The names of character classes, as in `[[:alpha:]]`.
const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "xdigit",
];

/// Translates an expression; an error is the reason why it is none.
pub(super) fn translated(posix: &str, is_extended: bool) -> Result<String, &'static str> {
    let mut translation = Translation {
        out: String::with_capacity(posix.len()),
        letters: posix.chars().peekable(),
        is_extended,
        at_start: true,
        groups: Vec::new(),
        last: None,
        is_repeated: false,
    };
    translation.run()?;
    Ok(translation.out)
}

struct Translation<'a> {
    out: String,
    letters: Peekable<Chars<'a>>,
    is_extended: bool,
    /// True at the start of the expression, of a group and of an alternative.
    at_start: bool,
    /// The starts of the open groups, in `out`.
    groups: Vec<usize>,
    /// The start of the last part that can be repeated, in `out`.
    last: Option<usize>,
    /// True if that part is repeated already.
    is_repeated: bool,
}

impl Translation<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        while let Some(letter) = self.letters.next() {
            match letter {
                '\\' => self.escape()?,
                '[' => {
                    self.start_part();
                    bracket(&mut self.out, &mut self.letters)?;
                }
                '(' | ')' | '{' | '|' | '+' | '?' if self.is_extended => self.operator(letter)?,
                '*' => self.operator(letter)?,
                '^' if self.is_extended || self.at_start => {
                    self.out.push('^');
                    (self.last, self.at_start) = (None, false);
                }
                '$' if self.is_extended || self.is_at_end() => {
                    self.out.push('$');
                    self.last = None;
                }
                letter => self.literal(letter),
            }
        }
        if self.groups.is_empty() {
            Ok(())
        } else {
            Err("a group is not closed")
        }
    }

    fn start_part(&mut self) {
        (self.at_start, self.is_repeated) = (false, false);
        self.last = Some(self.out.len());
    }

    fn literal(&mut self, letter: char) {
        self.start_part();
        if letter == '.' {
            self.out.push('.');
        } else {
            let mut bytes = [0; 4];
            self.out
                .push_str(&regex::escape(letter.encode_utf8(&mut bytes)));
        }
    }

    /// Translates what follows a backslash.
    fn escape(&mut self) -> Result<(), &'static str> {
        let Some(letter) = self.letters.next() else {
            return Err("it ends with a backslash");
        };
        match letter {
            '(' | ')' | '{' | '|' | '+' | '?' if !self.is_extended => self.operator(letter)?,
            '<' | '>' | '`' | '\'' | 'b' | 'B' => {
                self.out.push_str(match letter {
                    '<' => r"\b{start}",
                    '>' => r"\b{end}",
                    '`' => r"\A",
                    '\'' => r"\z",
                    'b' => r"\b",
                    _ => r"\B",
                });
                (self.last, self.at_start) = (None, false);
            }
            'w' | 'W' | 's' | 'S' => {
                self.start_part();
                self.out.extend(['\\', letter]);
            }
            '1'..='9' => return Err("back references are not supported"),
            letter => {
                self.start_part();
                let mut bytes = [0; 4];
                self.out
                    .push_str(&regex::escape(letter.encode_utf8(&mut bytes)));
            }
        }
        Ok(())
    }

    /// Translates an operator, which stands without its backslash here.
    fn operator(&mut self, letter: char) -> Result<(), &'static str> {
        match letter {
            '(' => {
                self.groups.push(self.out.len());
                self.out.push('(');
                (self.at_start, self.last) = (true, None);
            }
            ')' => match self.groups.pop() {
                Some(start) => {
                    self.out.push(')');
                    (self.at_start, self.is_repeated) = (false, false);
                    self.last = Some(start);
                }
                None if self.is_extended => self.literal(')'),
                None => return Err("a group is closed that is not open"),
            },
            '|' => {
                self.out.push('|');
                (self.at_start, self.last) = (true, None);
            }
            '*' | '{' if self.is_repeated && !self.is_extended => {
                return Err("a part is repeated twice");
            }
            '{' => {
                let range = self.range()?;
                self.repeat(&range)?;
            }
            // In a basic expression, these are letters if there is nothing to repeat.
            letter if self.last.is_none() && !self.is_extended => {
                self.start_part();
                self.out.extend(['\\', letter]);
            }
            letter => self.repeat(letter.encode_utf8(&mut [0; 4]))?,
        }
        Ok(())
    }

    /// Repeats the last part. A repeated part becomes a group, because `a+?` has another meaning in
    /// the `regex` crate.
    fn repeat(&mut self, times: &str) -> Result<(), &'static str> {
        let Some(start) = self.last else {
            return Err("there is nothing to repeat before `*`, `+`, `?` or `{`");
        };
        if self.is_repeated {
            self.out.insert_str(start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(times);
        self.is_repeated = true;
        Ok(())
    }

    /// Reads a repetition count up to its closing brace: `{2}`, `{2,}`, `{,3}`, `{2,3}`.
    fn range(&mut self) -> Result<String, &'static str> {
        const INVALID: &str = "a range of times is not valid; write {2}, {2,}, {,3} or {2,3}";
        let mut inner = String::new();
        loop {
            match self.letters.next().ok_or(INVALID)? {
                '}' if self.is_extended => break,
                '\\' if !self.is_extended && self.letters.next_if_eq(&'}').is_some() => break,
                letter => inner.push(letter),
            }
        }
        let (least, most) = match inner.split_once(',') {
            Some((least, most)) => (least, Some(most)),
            None => (inner.as_str(), None),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(least) || !most.is_none_or(is_number) || inner.is_empty() {
            return Err(INVALID);
        }
        let least = if least.is_empty() { "0" } else { least };
        Ok(match most {
            Some(most) => format!("{{{least},{most}}}"),
            None => format!("{{{least}}}"),
        })
    }

    /// Returns true if a `$` of a basic expression is at the end of an alternative.
    fn is_at_end(&self) -> bool {
        let mut after = self.letters.clone();
        match after.next() {
            None => true,
            Some('\\') => matches!(after.next(), Some(')' | '|')),
            Some(_) => false,
        }
    }
}

/// Copies a bracket expression. In POSIX, a `]` right after the opening bracket is literal, and so
/// is every backslash.
fn bracket(out: &mut String, letters: &mut Peekable<Chars<'_>>) -> Result<(), &'static str> {
    out.push('[');
    if letters.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        let letter = letters.next().ok_or(NOT_CLOSED)?;
        if letter == ']' && !std::mem::take(&mut is_first) {
            out.push(']');
            return Ok(());
        }
        is_first = false;
        if letter == '[' && letters.next_if_eq(&':').is_some() {
            out.push_str(&class(letters)?);
            continue;
        }
        push(out, element(letter, letters)?);
        if starts_range(letters) {
            letters.next();
            out.push('-');
            let end = letters.next().ok_or(NOT_CLOSED)?;
            push(out, element(end, letters)?);
            if starts_range(letters) {
                return Err("a range starts where another one ends");
            }
        }
    }
}

const NOT_CLOSED: &str = "a bracket is not closed";

/// Returns true if a `-` follows that is not the last letter of the bracket.
fn starts_range(letters: &Peekable<Chars<'_>>) -> bool {
    let mut after = letters.clone();
    after.next() == Some('-') && after.next().is_some_and(|letter| letter != ']')
}

/// Reads the rest of one letter, which may be named: `[.-.]`, `[=e=]`.
fn element(letter: char, letters: &mut Peekable<Chars<'_>>) -> Result<char, &'static str> {
    if letter != '[' {
        return Ok(letter);
    }
    let Some(kind) = letters.next_if(|letter| matches!(letter, '.' | '=')) else {
        return Ok(letter);
    };
    let name = name(kind, letters)?;
    let mut name = name.chars();
    match (name.next(), name.next()) {
        (Some(letter), None) => Ok(letter),
        _ => Err("it has a collating element that is not one letter"),
    }
}

/// Reads the rest of a class: `[:alpha:]`.
fn class(letters: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let name = name(':', letters)?;
    if CLASSES.contains(&name.as_str()) {
        Ok(format!("[:{name}:]"))
    } else {
        Err("it has a character class that does not exist")
    }
}

/// Reads a name up to `kind` and `]`.
fn name(kind: char, letters: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let mut name = String::new();
    loop {
        match letters.next().ok_or(NOT_CLOSED)? {
            letter if letter == kind && letters.next_if_eq(&']').is_some() => return Ok(name),
            letter => name.push(letter),
        }
    }
}

/// Appends a literal letter of a bracket expression, escaped if the regex syntax needs it.
fn push(out: &mut String, letter: char) {
    if matches!(letter, '[' | ']' | '\\' | '^' | '-' | '&' | '~') {
        out.push('\\');
    }
    out.push(letter);
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
            assert_eq!(translated(basic, false).unwrap(), expected, "{basic}");
        }
    }

    #[test]
    fn brackets_are_posix_in_extended_expressions_too() {
        assert_eq!(
            translated(r"(a|[\d&&x])+", true).unwrap(),
            r"(a|[\\d\&\&x])+"
        );
        assert!(translated("a\\", true).is_err());
    }
}
