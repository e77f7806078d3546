//! Encoding of bytes that are not valid UTF-8, for text columns.
//!
//! Paths, names and messages in git are bytes. Arrow's text is UTF-8. A byte that is not part of
//! valid UTF-8 is kept as the character U+F700 + byte (U+F780 to U+F7FF, private use). If the text
//! itself contains such a character, its three bytes are kept in the same way. So the encoding is
//! unambiguous, and [`decode`] restores every byte.

use std::borrow::Cow;

const ESCAPE: u32 = 0xF700;

fn is_escape(letter: char) -> bool {
    ('\u{F780}'..='\u{F7FF}').contains(&letter)
}

fn push_escaped(out: &mut String, bytes: &[u8]) {
    out.extend(
        bytes
            .iter()
            .filter_map(|&byte| char::from_u32(ESCAPE + u32::from(byte))),
    );
}

/// Encodes `bytes` as text that [`decode`] turns back into the same bytes. Valid UTF-8 is normally
/// unchanged.
pub fn encode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && (text.is_ascii() || !text.contains(is_escape))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_escape(letter) {
                push_escaped(&mut out, letter.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                out.push(letter);
            }
        }
        push_escaped(&mut out, chunk.invalid());
    }
    Cow::Owned(out)
}

/// Returns the bytes that were passed to [`encode`].
pub fn decode(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() || !text.contains(is_escape) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut out = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u8::try_from(u32::from(letter).wrapping_sub(ESCAPE)) {
            Ok(byte) if is_escape(letter) => out.push(byte),
            _ => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_keeps_utf8_text() {
        assert_eq!(encode("naïve\n\"quoted\"".as_bytes()), "naïve\n\"quoted\"");
        assert_eq!(encode(b"caf\xe9"), "caf\u{F7E9}");
    }

    proptest::proptest! {
        #[test]
        fn bytes_survive_a_round_trip(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60)) {
            proptest::prop_assert_eq!(decode(&encode(&bytes)).into_owned(), bytes);
        }

        #[test]
        fn escapes_in_the_text_survive_a_round_trip(text in "[a\u{F77F}-\u{F800}]{0,10}") {
            proptest::prop_assert_eq!(decode(&encode(text.as_bytes())).into_owned(), text.as_bytes());
        }
    }
}
