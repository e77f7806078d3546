//! Random numbers: jitter, so that work that failed together is not retried together, and names.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns a random number from 0 to 1.
pub(crate) fn jitter() -> f64 {
    f64::from(u32::try_from(random_bits() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// Returns random bits, based on the random hash keys of the standard library.
pub(crate) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}
