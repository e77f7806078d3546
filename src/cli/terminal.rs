//! Text on a terminal. Names, messages and the texts of servers may contain control characters, which
//! would move the cursor or change the title, and marks that turn the direction of the text.

use std::io::{Result, Write};

/// Returns true for a character that is not shown as it is.
fn is_escaped(letter: char) -> bool {
    // C0 and C1; line and paragraph separators; marks and embeddings of a direction.
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}')
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Appends `text` to `shown`, with escapes such as `\u{1b}`. Characters in `kept` stay.
pub(super) fn escape(text: &str, kept: &[char], shown: &mut String) {
    for letter in text.chars() {
        if is_escaped(letter) && !kept.contains(&letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
}

/// Returns one line of text with escapes.
pub(super) fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    escape(text, &[], &mut shown);
    shown
}

/// Returns a message without line ends, which names of files may contain.
pub(super) fn message(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// A terminal that is written to with escapes. Line ends and tabs stay.
pub(super) struct Terminal {
    out: Box<dyn Write + Send>,
    /// The beginning of a character whose end was not written yet.
    pending: Vec<u8>,
}

impl Terminal {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self {
            out,
            pending: Vec::new(),
        }
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut all = std::mem::take(&mut self.pending);
        all.extend_from_slice(bytes);
        let mut shown = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            escape(chunk.valid(), &['\n', '\t'], &mut shown);
            let rest = chunk.invalid();
            // The decoder stops at a character that is not complete, or cannot be.
            if chunks.peek().is_none() && is_beginning(rest) {
                self.pending = rest.to_vec();
            } else {
                shown.push_str(&rest.escape_ascii().to_string());
            }
        }
        self.out.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let rest = self.pending.escape_ascii().to_string();
        let _ = self.out.write_all(rest.as_bytes()); // the terminal may be gone
    }
}

/// Returns true if these bytes may be the beginning of a character in UTF-8.
fn is_beginning(bytes: &[u8]) -> bool {
    let len = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return false,
    };
    bytes.len() < len
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<u8>>>);

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nothing_reaches_a_terminal_that_it_would_obey() {
        let text = "a\u{1b}]0;x\u{7}\u{9b}31m\u{202e}b\u{2028}\tü€😀\n".as_bytes();
        let shown = "a\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}b\\u{2028}\tü€😀\n";
        for size in 1..text.len() {
            let seen = Seen::default();
            let mut terminal = Terminal::new(Box::new(seen.clone()));
            for part in text.chunks(size) {
                terminal.write_all(part).unwrap();
            }
            let seen = seen.0.lock().unwrap();
            assert_eq!(String::from_utf8_lossy(&seen), shown, "{size}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_shown_in_hex() {
        let seen = Seen::default();
        let mut terminal = Terminal::new(Box::new(seen.clone()));
        terminal.write_all(b"a\xff\xc3(\n\xc3").unwrap();
        assert_eq!(&*seen.0.lock().unwrap(), b"a\\xff\\xc3(\n");
        drop(terminal);
        assert_eq!(&*seen.0.lock().unwrap(), b"a\\xff\\xc3(\n\\xc3");
    }
}
