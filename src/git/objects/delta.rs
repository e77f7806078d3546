//! Deltas between objects, as stored in packs (gitformat-pack, "Deltified representation").

/// Applies `delta` to `base`. Returns `None` if `delta` is malformed or does not belong to `base`.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    if read_size(&mut rest)? != base.len() {
        return None;
    }
    let result_size = read_size(&mut rest)?;
    let mut result = Vec::new();
    result.try_reserve_exact(result_size).ok()?;
    while let Some((&command, after)) = rest.split_first() {
        rest = after;
        let part = if command & 0x80 == 0 {
            // An insertion of the next 1 to 127 bytes.
            let (part, after) = rest.split_at_checked(usize::from(command))?;
            rest = after;
            part
        } else {
            // A copy of a part of the base. Each bit that is set means that a byte of the offset (4
            // bits) or size (3 bits) follows.
            let offset = read_bytes(&mut rest, command & 0x0f)?;
            let size = match read_bytes(&mut rest, (command >> 4) & 0x07)? {
                0 => 0x1_0000,
                size => size,
            };
            base.get(offset..offset.checked_add(size)?)?
        };
        if part.is_empty() || result.len() + part.len() > result_size {
            return None;
        }
        result.extend_from_slice(part);
    }
    (result.len() == result_size).then_some(result)
}

/// Reads a number of seven bits per byte, lowest bits first. The eighth bit is set if another byte
/// follows.
fn read_size(rest: &mut &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0usize, 0u32);
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        size |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
}

/// Reads a number of which only the bytes selected by `mask` are stored, lowest byte first.
fn read_bytes(rest: &mut &[u8], mask: u8) -> Option<usize> {
    let mut number = 0;
    for at in 0..4 {
        if mask & (1 << at) != 0 {
            let (&byte, after) = rest.split_first()?;
            *rest = after;
            number |= usize::from(byte) << (8 * at);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delta_copies_and_inserts() {
        // base of 5, result of 7: "cd" copied, "XYZ" inserted, "ab" copied
        let delta = [5, 7, 0x91, 2, 2, 3, b'X', b'Y', b'Z', 0x90, 2];
        assert_eq!(apply(b"abcde", &delta).unwrap(), b"cdXYZab");
    }

    #[test]
    fn delta_that_does_not_fit_is_refused() {
        for delta in [
            &[][..],
            &[5],
            &[4, 1, 1, b'x'],
            &[5, 1, 2, b'x', b'y'],
            &[5, 3, 1, b'x'],
            &[5, 2, 0x91, 4, 2],
            &[5, 2, 0],
            &[5, 9, 0x91],
            &[0xff; 20],
        ] {
            assert_eq!(apply(b"abcde", delta), None, "{delta:?}");
        }
    }

    #[test]
    fn delta_copy_without_size_is_64_kib() {
        let base = vec![7; 0x1_0000];
        let delta = [0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80];
        assert_eq!(apply(&base, &delta), Some(base));
    }
}
