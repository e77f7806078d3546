//! Which lines differ between two blobs, as `git blame` sees it.

use gix::diff::blob::{Algorithm, Diff, Hunk, InternedInput, sources::byte_lines};

/// Hunks as `git blame` sees them: the common tail cut, Myers, then the indent heuristic. Lines count from 0.
pub(super) fn blame_hunks(old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let tail = blame_tail(old, new);
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let input = InternedInput::new(byte_lines(old), byte_lines(new));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    diff.hunks().collect()
}

/// Bytes of common tail that git leaves out of a diff without context: whole blocks of 1,024 bytes, less what it gives
/// back up to the first newline in them.
fn blame_tail(old: &[u8], new: &[u8]) -> usize {
    const BLOCK: usize = 1024;
    let smaller = old.len().min(new.len());
    let mut cut = 0;
    while cut + BLOCK <= smaller
        && old[old.len() - cut - BLOCK..old.len() - cut]
            == new[new.len() - cut - BLOCK..new.len() - cut]
    {
        cut += BLOCK;
    }
    let given_back =
        memchr::memchr(b'\n', &old[old.len() - cut..]).map_or(cut, |newline| newline + 1);
    cut - given_back.min(cut)
}
