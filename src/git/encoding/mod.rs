//! Converts commits that name an encoding to UTF-8, as git does with iconv: the commit as a whole,
//! or not at all if one byte of it is invalid.
//!
//! `tables.bin` has the encodings of glibc's iconv; `scripts/make_encodings.py` writes it. Encodings
//! with shift states are left out, except for ISO-2022-JP, which is decoded through EUC-JP.

mod iso_2022_jp;
mod table;

/// Converts `text` to UTF-8; returns `None` if the encoding is unknown or UTF-8, or if the text is
/// not valid in it.
pub(crate) fn to_utf8(label: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let label = std::str::from_utf8(label).ok()?;
    // git itself knows this spelling.
    let label = if label.eq_ignore_ascii_case("latin-1") {
        "ISO-8859-1"
    } else {
        label
    };
    if ["utf-8", "utf8"]
        .iter()
        .any(|utf8| label.eq_ignore_ascii_case(utf8))
    {
        return None;
    }
    if label.eq_ignore_ascii_case("ISO-2022-JP") || label.eq_ignore_ascii_case("CSISO2022JP") {
        return iso_2022_jp::to_utf8(text, &*table::of("EUC-JP")?);
    }
    table::of(label)?.decode(text)
}

/// Lists the encodings that commits are converted from, by the first of their names in glibc. Other
/// names that glibc has for them are known too.
pub fn encodings() -> Vec<&'static str> {
    table::names().chain(["ISO-2022-JP"]).collect()
}
