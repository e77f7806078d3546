//! Comparison of bytes from either end, many at a time.

/// Number of bytes that are compared at once.
const BLOCK: usize = 64;

/// Returns the number of bytes at the start that both have in common.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let rest = a[same..].iter().zip(&b[same..]);
    same + rest.take_while(|(a, b)| a == b).count()
}

/// Returns the number of bytes at the end that both have in common.
pub(crate) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.rchunks_exact(BLOCK).zip(b.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - same], &b[..b.len() - same]);
    let rest = a.iter().rev().zip(b.iter().rev());
    same + rest.take_while(|(a, b)| a == b).count()
}

/// Returns the offset of the first NUL. Reads eight bytes at a time. Fast if the NUL is near the
/// start, because nothing has to be prepared.
pub(crate) fn find_nul(data: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let (words, rest) = data.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest byte marked here is a NUL; higher marked bytes may not be.
        let nul = word.wrapping_sub(LOW) & !word & HIGH;
        if nul != 0 {
            return Some(number * 8 + nul.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|&byte| byte == 0)?;
    Some(data.len() - rest.len() + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefix_and_suffix_have_the_right_length() {
        let a: Vec<u8> = (0..=255).collect();
        for at in 0..a.len() {
            let mut b = a.clone();
            b[at] ^= 1;
            assert_eq!(common_prefix(&a, &b), at);
            assert_eq!(common_suffix(&a, &b), a.len() - at - 1);
            assert_eq!(common_prefix(&a, &a[..at]), at);
            assert_eq!(common_suffix(&a, &a[at..]), a.len() - at);
        }
    }
    #[test]
    fn nul_is_found_at_every_position() {
        for len in 0..40 {
            assert_eq!(find_nul(&vec![0x80; len]), None);
            for at in 0..len {
                let mut data = vec![1; len];
                data[at..].fill(0);
                assert_eq!(find_nul(&data), Some(at));
            }
        }
    }
}
