//! The tables of encodings, which are inflated when they are first used.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use gix::zlib::Inflate;

/// Length of an entry of a table, in bytes.
const ENTRY: usize = 13;

static TABLES: &[u8] = include_bytes!("tables.bin");
static ENCODINGS: LazyLock<Vec<Packed>> = LazyLock::new(|| unpack(TABLES).unwrap_or_default());

/// An encoding whose table is inflated when it is first used.
struct Packed {
    names: Vec<&'static str>,
    body: &'static [u8],
    /// Length of the inflated table.
    length: usize,
    table: OnceLock<Arc<Table>>,
}

/// The code points of each valid sequence of bytes. The second one is 0 if there is only one.
#[derive(Default)]
pub(super) struct Table(HashMap<Box<[u8]>, [u32; 2]>);

/// The first name of each encoding.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ENCODINGS.iter().map(|encoding| encoding.names[0])
}

/// Returns the table of the encoding with this name.
pub(super) fn of(label: &str) -> Option<Arc<Table>> {
    let is_named = |encoding: &&Packed| {
        let mut names = encoding.names.iter();
        names.any(|name| name.eq_ignore_ascii_case(label))
    };
    let encoding = ENCODINGS.iter().find(is_named)?;
    let table = encoding.table.get_or_init(|| {
        Arc::new(Table::inflate(encoding.body, encoding.length).unwrap_or_default())
    });
    Some(Arc::clone(table))
}

impl Table {
    fn inflate(body: &[u8], length: usize) -> Option<Self> {
        let mut bytes = vec![0; length];
        Inflate::default().once(body, &mut bytes).ok()?;
        let mut rest = bytes.as_slice();
        let mut table = HashMap::with_capacity(length / ENTRY);
        while !rest.is_empty() {
            let entry = take(&mut rest, ENTRY)?;
            let sequence = entry[1..].get(..usize::from(entry[0]))?;
            let points = [number(&entry[5..9]), number(&entry[9..13])];
            table.insert(sequence.into(), points);
        }
        Some(Self(table))
    }

    /// Decodes text. The longest sequence that is in the table is taken, because some encodings
    /// compose a letter and the accent that follows.
    pub(super) fn decode(&self, mut text: &[u8]) -> Option<Vec<u8>> {
        let mut out = String::with_capacity(text.len() * 2);
        while !text.is_empty() {
            let lengths = (1..=text.len().min(4)).rev();
            let mut found =
                lengths.filter_map(|length| Some((length, self.0.get(&text[..length])?)));
            let (length, points) = found.next()?;
            out.push(char::from_u32(points[0])?);
            if points[1] != 0 {
                out.push(char::from_u32(points[1])?);
            }
            text = &text[length..];
        }
        Some(out.into_bytes())
    }

    /// Returns the character of one whole sequence.
    pub(super) fn get(&self, sequence: &[u8]) -> Option<char> {
        char::from_u32(self.0.get(sequence)?[0])
    }
}

/// Parses the list of names.
fn unpack(tables: &'static [u8]) -> Option<Vec<Packed>> {
    let mut rest = tables;
    let count = u16::from_le_bytes(take(&mut rest, 2)?.try_into().ok()?);
    let mut heads = Vec::new();
    for _ in 0..count {
        let mut names = Vec::new();
        for _ in 0..take(&mut rest, 1)?[0] {
            let length = usize::from(take(&mut rest, 1)?[0]);
            names.push(std::str::from_utf8(take(&mut rest, length)?).ok()?);
        }
        let lengths = (number(take(&mut rest, 4)?), number(take(&mut rest, 4)?));
        heads.push((names, lengths));
    }
    let packed = heads.into_iter().map(|(names, (deflated, length))| {
        Some(Packed {
            names,
            body: take(&mut rest, usize::try_from(deflated).ok()?)?,
            length: usize::try_from(length).ok()?,
            table: OnceLock::new(),
        })
    });
    packed.collect()
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}
