//! A little jitter, so that what failed together does not come back together.

use std::hash::{BuildHasher, Hasher};

/// From 0 to 1: the standard library's hash keys are random.
pub(crate) fn jitter() -> f64 {
    let bits = std::collections::hash_map::RandomState::new()
        .build_hasher()
        .finish();
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}
