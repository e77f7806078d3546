//! Lists of repositories in files and on standard input, as editors and spreadsheets write them.

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
#[cfg(unix)]
use crate::remote_url::address_of;

/// Reads the entries of a list, one per line. Empty lines are skipped, and so is text after a `#`
/// at the start of a line or after a blank. `name` is the name of the list in errors.
pub(super) fn read(from: &mut dyn Read, name: &Path) -> Result<Vec<String>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)
        .map_err(Error::storage("read", name))?;
    let text = decode(&bytes);
    if text.contains('\0') {
        let what = format!("list {}", name.display());
        return Err(Error::invalid(what, "is not text; save it as UTF-8"));
    }
    let entries = text.lines().map(|line| without_note(line).trim());
    let entries = entries.filter(|line| !line.is_empty());
    Ok(entries.map(str::to_owned).collect())
}

/// Decodes UTF-8 and, with a byte order mark, UTF-16.
fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks().0.iter().copied().map(unit).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes
            .split(|byte| *byte == b'\n')
            .map(line)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// Decodes a line; a path that is not UTF-8 becomes a `file` URL.
fn line(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(line) => line.to_owned(),
        Err(_) => path_address(bytes.trim_ascii()),
    }
}

#[cfg(unix)]
fn path_address(bytes: &[u8]) -> String {
    use std::os::unix::ffi::OsStrExt;
    address_of(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_address(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn without_note(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    let mut hashes = line.match_indices('#');
    let note = hashes.find(|(at, _)| line[..*at].ends_with(char::is_whitespace));
    note.map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_editors_write_them() {
        let lines =
            "# a list\r\nhttps://h/o/r#frag\r\n\r\n  /p/q \t# the second\r\n#x\r\nhttps://h/é\r\n";
        let wide = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{feff}{lines}")
                .encode_utf16()
                .flat_map(unit)
                .collect()
        };
        for bytes in [
            lines.as_bytes().to_vec(),
            format!("\u{feff}{lines}").into_bytes(),
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
        ] {
            let entries = read(&mut bytes.as_slice(), Path::new("list")).unwrap();
            assert_eq!(entries, ["https://h/o/r#frag", "/p/q", "https://h/é"]);
        }
        assert!(read(&mut &b"h\0t\0"[..], Path::new("list")).is_err());
    }
}
