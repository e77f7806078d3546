//! A table that numbers lines, so that equal lines have equal numbers.

/// Numbers lines from 0, in the order in which they are first added. Optimized for lookups of lines
/// that are not in the table.
pub(crate) struct LineTable<'a> {
    lines: Vec<(u64, &'a [u8])>,
    /// Hash slots: the number of a line plus 1, or 0 for an empty slot. The length is a power of
    /// two, at least twice the number of lines.
    places: Vec<u32>,
}

impl<'a> LineTable<'a> {
    /// Creates a table for at most `lines` different lines.
    pub(crate) fn with_capacity(lines: usize) -> Self {
        Self {
            lines: Vec::with_capacity(lines),
            places: vec![0; (2 * lines + 1).next_power_of_two()],
        }
    }

    /// Number of different lines.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The same as [`Self::len`], as a `u32`, the type of the line numbers.
    pub(crate) fn len_u32(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX) // no blob has four billion lines
    }

    /// Returns the line with this number.
    pub(crate) fn line(&self, number: u32) -> &'a [u8] {
        self.lines[number as usize].1
    }

    /// Returns the line's number; a new line gets a new number.
    pub(crate) fn add(&mut self, line: &'a [u8]) -> u32 {
        let hash = hash(line);
        match self.place(hash, line) {
            Ok(number) => number,
            Err(place) => {
                self.lines.push((hash, line));
                let count = u32::try_from(self.lines.len()).unwrap_or(u32::MAX); // no blob has four billion lines
                self.places[place] = count;
                count - 1
            }
        }
    }

    /// Returns the line's number, if it has one.
    pub(crate) fn find(&self, line: &[u8]) -> Option<u32> {
        self.place(hash(line), line).ok()
    }

    /// Returns the line's number, or the free slot for it.
    fn place(&self, hash: u64, line: &[u8]) -> Result<u32, usize> {
        let mask = self.places.len() - 1;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "any bits of the hash can be used"
        )]
        let mut place = hash as usize & mask;
        loop {
            let Some(number) = self.places[place].checked_sub(1) else {
                return Err(place);
            };
            let (known_hash, known) = self.lines[number as usize];
            if known_hash == hash && known == line {
                return Ok(number);
            }
            place = (place + 1) & mask;
        }
    }
}

/// Hashes eight bytes at a time, each mixed in by a multiplication.
fn hash(line: &[u8]) -> u64 {
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = line.len() as u64;
    let mut mix = |word: u64| {
        let product = u128::from(hash ^ word) * u128::from(SPREAD);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
        {
            hash = (product as u64) ^ (product >> 64) as u64;
        }
    };
    let (words, rest) = line.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(u64::from_le_bytes(last));
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_have_equal_numbers() {
        let mut table = LineTable::with_capacity(5);
        let lines: [&[u8]; 5] = [b"a\n", b"", b"a\n", b"a\0\n", b"123456789\n"];
        let numbers: Vec<u32> = lines.iter().map(|line| table.add(line)).collect();
        assert_eq!(numbers, [0, 1, 0, 2, 3]);
        assert_eq!(table.find(b"a\0\n"), Some(2));
        assert_eq!(table.find(b"b\n"), None);
        assert_eq!(table.len(), 4);
    }
}
