//! Decodes the text of commits that name an encoding.

use encoding_rs::Encoding;

/// Converts `text` to UTF-8; returns `None` if the encoding is unknown or the text is invalid in
/// it.
pub(crate) fn to_utf8(label: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let encoding = Encoding::for_label(label)?;
    if encoding == encoding_rs::REPLACEMENT || !encoding.is_ascii_compatible() {
        return None;
    }
    let label = label.to_ascii_lowercase();
    let names = |name: &[u8]| label.windows(name.len()).any(|part| part == name);
    if names(b"ascii") {
        return None; // bytes beyond ASCII are invalid in it
    }
    // `encoding_rs` follows the web, where names such as `latin1` mean Windows encodings. In the
    // ISO standards, 0x80 to 0x9f are control characters.
    let is_iso = (names(b"iso") || names(b"latin")) && encoding.is_single_byte();
    if is_iso && text.iter().any(|byte| (0x80..=0x9f).contains(byte)) {
        let mut out = String::with_capacity(text.len() * 2);
        for &byte in text {
            if (0x80..=0x9f).contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&decode(encoding, &[byte])?);
            }
        }
        return Some(out.into_bytes());
    }
    decode(encoding, text).map(String::into_bytes)
}

fn decode(encoding: &'static Encoding, text: &[u8]) -> Option<String> {
    let (decoded, had_errors) = encoding.decode_without_bom_handling(text);
    (!had_errors).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_as_iconv_reads_them() {
        for (label, text, expected) in [
            ("ISO-8859-1", &b"\xe9\x80"[..], Some("\u{e9}\u{80}")),
            ("windows-1252", b"\xe9\x80", Some("\u{e9}\u{20ac}")),
            ("CP1251", b"\xcf\xf0", Some("\u{41f}\u{440}")),
            ("koi8-r", b"\xf0\x80", Some("\u{41f}\u{2500}")),
            ("Shift_JIS", b"\x82\xa0", Some("\u{3042}")),
            ("Shift_JIS", b"\x82", None),
            ("us-ascii", b"\xe9", None),
            ("utf-16", b"\xe9", None),
            ("no such", b"\xe9", None),
        ] {
            assert_eq!(
                to_utf8(label.as_bytes(), text),
                expected.map(|text| text.as_bytes().to_vec()),
                "{label}"
            );
        }
    }
}
