//! The lines that two files have in common at both ends.

use super::bytes::{common_prefix, common_suffix};

/// Lengths, in bytes, of the whole lines that two blobs have in common at their start and at their
/// end.
pub(crate) struct CommonEnds {
    head: usize,
    tail: usize,
}

impl CommonEnds {
    pub(crate) fn of(old: &[u8], new: &[u8]) -> Self {
        let head = common_prefix(old, new);
        let head = memchr::memrchr(b'\n', &old[..head]).map_or(0, |newline| newline + 1);
        let (old, new) = (&old[head..], &new[head..]);
        let mut tail = common_suffix(old, new);
        // The tail must start at the beginning of a line in both files.
        let starts_line = |data: &[u8], at: usize| at == 0 || data[at - 1] == b'\n';
        while tail > 0
            && !(starts_line(old, old.len() - tail) && starts_line(new, new.len() - tail))
        {
            let skipped =
                memchr::memchr(b'\n', &old[old.len() - tail..]).map_or(tail, |newline| newline + 1);
            tail -= skipped;
        }
        Self { head, tail }
    }

    pub(crate) fn without<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        &data[self.head..data.len() - self.tail]
    }

    pub(crate) fn head<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        &data[..self.head]
    }

    pub(crate) fn tail<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        &data[data.len() - self.tail..]
    }
}

/// Calls `visit` with each line of `data`, terminator included.
pub(crate) fn each_line<'a>(data: &'a [u8], mut visit: impl FnMut(&'a [u8])) {
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', data) {
        visit(&data[start..=newline]);
        start = newline + 1;
    }
    if start < data.len() {
        visit(&data[start..]);
    }
}

/// Returns the lines of `data`, each with its terminator.
pub(crate) fn lines(data: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    each_line(data, |line| lines.push(line));
    lines
}
