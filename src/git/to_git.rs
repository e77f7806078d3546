//! Converts the content of a file as `git add` does: the encoding, then line ends, then `$Id$`.
//!
//! As `git blame` does, a file that does not fit its encoding is taken as it is, and
//! `core.safecrlf` has no effect. Filter programs are not run.

use gix::bstr::ByteSlice;
use gix::index::entry::Stage;

use super::attributes::{AttributeFiles, AttributeState};
use super::encoding;
use super::objects::find_object;
use crate::error::Result;

/// Converts the files of one working tree.
pub(super) struct ToGit {
    attributes: AttributeFiles,
    /// The rule for files without attributes, from `core.autocrlf`.
    default: LineEnds,
}

/// The treatment of CR LF.
#[derive(Clone, Copy, Eq, PartialEq)]
enum LineEnds {
    Keep,
    /// Converted unless the file looks binary, or has CR LF in the index.
    Auto,
    Text,
}

const NAMES: [&str; 5] = ["text", "crlf", "eol", "ident", "working-tree-encoding"];

impl ToGit {
    pub(super) fn open(repo: &gix::Repository) -> Result<Self> {
        let config = repo.config_snapshot();
        let is_input = |value: &[u8]| value.eq_ignore_ascii_case(b"input");
        let is_auto = config
            .string("core.autocrlf")
            .is_some_and(|value| is_input(&value))
            || config.boolean("core.autocrlf") == Some(true);
        let default = if is_auto {
            LineEnds::Auto
        } else {
            LineEnds::Keep
        };
        Ok(Self {
            attributes: AttributeFiles::open_with_index(repo)?,
            default,
        })
    }

    /// Converts `data`, the content of the file `path`. `index` has the version of the file that is
    /// checked in.
    pub(super) fn convert(
        &mut self,
        repo: &gix::Repository,
        index: &gix::index::State,
        path: &[u8],
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>> {
        let [text, crlf, eol, ident, encoding] = self.attributes.states(repo, path, NAMES)?;
        if let AttributeState::Value(label) = encoding
            && let Some(converted) = decode(&label, &data)
        {
            data = converted;
        }
        let line_ends = self.line_ends(&text, &crlf, &eol);
        let has_crlf = |data: &[u8]| data.find(b"\r\n").is_some();
        let is_converted = match line_ends {
            LineEnds::Keep => false,
            LineEnds::Text => has_crlf(&data),
            LineEnds::Auto => {
                has_crlf(&data) && !looks_binary(&data) && !is_crlf_in_index(repo, index, path)?
            }
        };
        if is_converted {
            data = data.replace(b"\r\n", b"\n");
        }
        if ident == AttributeState::Set {
            let mut undone = Vec::new();
            if gix::filter::plumbing::ident::undo(&data, &mut undone).unwrap_or(false) {
                data = undone;
            }
        }
        Ok(data)
    }

    fn line_ends(
        &self,
        text: &AttributeState,
        crlf: &AttributeState,
        eol: &AttributeState,
    ) -> LineEnds {
        let named = |state: &AttributeState| match state {
            AttributeState::Set => Some(LineEnds::Text),
            AttributeState::Unset => Some(LineEnds::Keep),
            AttributeState::Value(value) if value == b"input" => Some(LineEnds::Text),
            AttributeState::Value(value) if value == b"auto" => Some(LineEnds::Auto),
            _ => None,
        };
        let has_eol =
            matches!(eol, AttributeState::Value(value) if value == b"lf" || value == b"crlf");
        match named(text).or_else(|| named(crlf)) {
            Some(rule) => rule,
            None if has_eol => LineEnds::Text,
            None => self.default,
        }
    }
}

/// True if the checked-in version is text with CR LF, which git then keeps.
fn is_crlf_in_index(
    repo: &gix::Repository,
    index: &gix::index::State,
    path: &[u8],
) -> Result<bool> {
    let entry = |stage| index.entry_by_path_and_stage(path.as_bstr(), stage);
    let entry = entry(Stage::Unconflicted).or_else(|| entry(Stage::Ours));
    let Some(entry) = entry else {
        return Ok(false);
    };
    let blob = find_object(repo, entry.id)?;
    Ok(blob.is_some_and(|blob| blob.data.find(b"\r\n").is_some() && !looks_binary(&blob.data)))
}

/// git's guess: binary if there is a NUL or a CR without LF, or more than one control character for
/// 128 others.
fn looks_binary(data: &[u8]) -> bool {
    let (mut printable, mut control) = (0_usize, 0_usize);
    let mut bytes = data.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' if bytes.next_if_eq(&b'\n').is_none() => return true,
            b'\r' | b'\n' => {}
            0 => return true,
            0x08 | b'\t' | 0x1b | 0x0c => printable += 1,
            0x7f | 0..0x20 => control += 1,
            _ => printable += 1,
        }
    }
    // A DOS end-of-file mark at the end does not count.
    let control = control - usize::from(data.last() == Some(&0x1a));
    printable >> 7 < control
}

/// Converts to UTF-8; `None` if nothing is to be converted, or if the data is not valid.
fn decode(label: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    if data.is_empty() {
        return None;
    }
    let Some(form) = utf_form(label) else {
        return encoding::to_utf8(label, data);
    };
    let (big, little): (&[u8], &[u8]) = match form.get(..2)? {
        b"16" => (b"\xfe\xff", b"\xff\xfe"),
        b"32" => (b"\0\0\xfe\xff", b"\xff\xfe\0\0"),
        _ => return None, // UTF-8 is not converted; UTF-7 is not supported
    };
    let mark = [big, little]
        .into_iter()
        .find(|mark| data.starts_with(mark));
    // As in git, UTF-16 and UTF-32 need a mark, and names with an order must not have one. glibc
    // reads data without a mark in the order of the machine.
    let (is_big, data) = match (&form[2..], mark) {
        (b"" | b"LE-BOM", Some(mark)) => (mark == big, &data[mark.len()..]),
        (b"BE", None) => (true, data),
        (b"LE", None) => (false, data),
        (b"LE-BOM", None) if big.len() == 2 => (cfg!(target_endian = "big"), data),
        _ => return None,
    };
    let text: Option<String> = if big.len() == 2 {
        let units = data.chunks(2).map(|unit| unit.try_into().ok());
        let units = units.map(|unit| {
            unit.map(if is_big {
                u16::from_be_bytes
            } else {
                u16::from_le_bytes
            })
        });
        let units: Option<Vec<u16>> = units.collect();
        String::from_utf16(&units?).ok()
    } else {
        let units = data.chunks(4).map(|unit| {
            let unit = unit.try_into().ok()?;
            char::from_u32(if is_big {
                u32::from_be_bytes(unit)
            } else {
                u32::from_le_bytes(unit)
            })
        });
        units.collect()
    };
    text.map(String::into_bytes)
}

/// The part of the name of a Unicode encoding after `UTF-` or `UTF`, in capitals.
fn utf_form(label: &[u8]) -> Option<Vec<u8>> {
    let label = label.to_ascii_uppercase();
    let form = label.strip_prefix(b"UTF")?;
    Some(form.strip_prefix(b"-").unwrap_or(form).to_vec())
}
