//! ISO-2022-JP: escape sequences choose the set of the characters that follow.

use super::table::Table;

const ESCAPE: u8 = 0x1b;

/// The sets that glibc reads in ISO-2022-JP.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Set {
    Ascii,
    /// JIS X 0201 Roman: ASCII with a yen sign and an overline.
    Roman,
    /// JIS X 0208, two bytes each.
    Kanji,
}

/// Converts text to UTF-8; `None` if it is invalid. `euc` is the table of EUC-JP, in which JIS X
/// 0208 has the same codes with the high bits set.
pub(super) fn to_utf8(mut text: &[u8], euc: &Table) -> Option<Vec<u8>> {
    let (mut set, mut out) = (Set::Ascii, String::with_capacity(text.len()));
    while let Some(&byte) = text.first() {
        if byte == ESCAPE {
            let escapes: [(&[u8], Set); 4] = [
                (b"(B", Set::Ascii),
                (b"(J", Set::Roman),
                (b"$@", Set::Kanji),
                (b"$B", Set::Kanji),
            ];
            let mut matching = escapes
                .into_iter()
                .filter_map(|(code, set)| Some((text[1..].strip_prefix(code)?, set)));
            (text, set) = matching.next()?;
            continue;
        }
        if byte >= 0x80 {
            return None;
        }
        if set == Set::Kanji && byte > 0x20 {
            let pair = [byte | 0x80, text.get(1)? | 0x80];
            out.push(euc.get(&pair)?);
            text = &text[2..];
            continue;
        }
        out.push(match (set, byte) {
            (Set::Roman, b'\\') => '\u{a5}',
            (Set::Roman, b'~') => '\u{203e}',
            _ => char::from(byte),
        });
        if byte == b'\n' {
            set = Set::Ascii; // each line starts anew
        }
        text = &text[1..];
    }
    Some(out.into_bytes())
}
