//! Random jitter, so that work that failed together is not retried together.

use std::hash::{BuildHasher, Hasher};

/// Returns a random number from 0 to 1, based on the random hash keys of the standard library.
pub(crate) fn jitter() -> f64 {
    let bits = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
