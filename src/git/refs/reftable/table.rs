//! Parses the ref records of one reftable.
//!
//! A table is a header, blocks, and a footer. Blocks of refs come first, sorted by name; each
//! record has only the part of its name that differs from the name before. Indices, the map from
//! objects to refs, and logs follow; they are not read.

use gix::ObjectId;

use crate::git::refs::stored::{RefValue, StoredRef};

const MAGIC: &[u8] = b"REFT";
/// Length of the header and of the footer, for SHA-1 in version 1; version 2 adds the hash.
const HEADER: usize = 24;
const FOOTER: usize = 68;
const HASH_ID: usize = 4;
/// Longest ref name, in bytes. Names are stored with prefix compression, so a small table could
/// expand to very long ones.
const LONGEST_NAME: usize = 4096;

/// Calls `on_ref` with each ref, in order; `None` stands for a ref that was deleted. Returns the
/// part of the table that is damaged.
pub(super) fn read(
    table: &[u8],
    hash: gix::hash::Kind,
    mut on_ref: impl FnMut(&[u8], Option<StoredRef>),
) -> Result<(), &'static str> {
    let header = table.get(..HEADER).ok_or("its header")?;
    if !header.starts_with(MAGIC) {
        return Err("its header");
    }
    let more = match header[4] {
        1 if hash == gix::hash::Kind::Sha1 => 0,
        2 => HASH_ID,
        _ => return Err("its version"),
    };
    if more > 0 {
        let expected: &[u8] = match hash {
            gix::hash::Kind::Sha1 => b"sha1",
            _ => b"s256",
        };
        if table.get(HEADER..HEADER + more) != Some(expected) {
            return Err("its hash");
        }
    }
    let footer = table.len().checked_sub(FOOTER + more).ok_or("its footer")?;
    if table[footer..][..HEADER] != *header {
        return Err("its footer");
    }
    let block_size = u24(header, 5).ok_or("its header")?;
    let mut block = 0;
    while block < footer {
        // The length of the first block includes the header of the file.
        let start = if block == 0 { HEADER + more } else { block };
        if start >= footer || table[start] != b'r' {
            break; // no refs, or no more
        }
        let len = u24(table, start + 1).ok_or("a block")?;
        let end = block.checked_add(len).filter(|end| *end <= footer);
        let bytes = end.and_then(|end| table.get(..end)).ok_or("a block")?;
        read_block(bytes, start + 4, hash, &mut on_ref).ok_or("a block")?;
        // Blocks are padded to their size, but a last or an unaligned one is not.
        let is_padded = len < block_size && table.get(block + len) == Some(&0);
        block += if is_padded { block_size } else { len.max(1) };
    }
    Ok(())
}

/// Reads the records of a block that starts at `at`. `bytes` end with the block.
fn read_block(
    bytes: &[u8],
    at: usize,
    hash: gix::hash::Kind,
    on_ref: &mut impl FnMut(&[u8], Option<StoredRef>),
) -> Option<()> {
    let count = bytes.len().checked_sub(2)?;
    let restarts = usize::from(u16::from_be_bytes([
        *bytes.get(count)?,
        *bytes.get(count + 1)?,
    ]));
    let records = bytes.get(..count.checked_sub(restarts * 3)?)?;
    let mut rest = records.get(at..)?;
    let mut name: Vec<u8> = Vec::new();
    while !rest.is_empty() {
        let prefix = usize::try_from(varint(&mut rest)?).ok()?;
        let suffix = varint(&mut rest)?;
        let (kind, suffix) = (suffix & 7, usize::try_from(suffix >> 3).ok()?);
        if prefix > name.len() || suffix > LONGEST_NAME - prefix.min(LONGEST_NAME) {
            return None;
        }
        name.truncate(prefix);
        name.extend_from_slice(take(&mut rest, suffix)?);
        varint(&mut rest)?; // the number of the update
        let mut id = || -> Option<ObjectId> {
            ObjectId::try_from(take(&mut rest, hash.len_in_bytes())?).ok()
        };
        let stored = match kind {
            0 => None,
            1 => Some((RefValue::Object(id()?), None)),
            2 => Some((RefValue::Object(id()?), Some(id()?))),
            3 => {
                let len = usize::try_from(varint(&mut rest)?).ok()?;
                let target = take(&mut rest, len)?.to_owned();
                Some((RefValue::Symbolic(target), None))
            }
            _ => return None,
        };
        let stored = stored.map(|(value, peeled)| StoredRef { value, peeled });
        on_ref(&name, stored);
    }
    Some(())
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}

/// A number in the encoding of offsets in packs.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut byte = *take(rest, 1)?.first()?;
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = *take(rest, 1)?.first()?;
        value = value.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
    }
    Some(value)
}

fn u24(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 3)?;
    let wide = [0, bytes[0], bytes[1], bytes[2]];
    usize::try_from(u32::from_be_bytes(wide)).ok()
}
