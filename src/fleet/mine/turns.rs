//! A limited number of turns.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::Result;
use crate::mutex::lock;

/// Longest time until a waiting thread notices a cancellation.
const TICK: Duration = Duration::from_millis(100);

/// A number of turns, which threads take one after the other.
pub(super) struct Turns {
    free: Mutex<usize>,
    changed: Condvar,
}

/// A turn, which ends when this is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn new(number: usize) -> Self {
        Self {
            free: Mutex::new(number),
            changed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`](crate::Error::Cancelled) if `cancel` is set first.
    pub(super) fn take(&self, cancel: &CancelToken) -> Result<Turn<'_>> {
        let mut free = lock(&self.free);
        while *free == 0 {
            cancel.check()?;
            let waited = self.changed.wait_timeout(free, TICK);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.changed.notify_one();
    }
}
