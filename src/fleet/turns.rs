//! A limited number of turns.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::Result;
use crate::mutex::lock;

/// Longest time until a waiting thread notices a cancellation.
const TICK: Duration = Duration::from_millis(100);

/// A number of turns, which threads take one after the other.
pub(in crate::fleet) struct Turns {
    free: Mutex<usize>,
    changed: Condvar,
}

/// A turn, which ends when this is dropped.
pub(in crate::fleet) struct Turn(Arc<Turns>);

impl Turns {
    pub(in crate::fleet) fn new(number: usize) -> Self {
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
    pub(in crate::fleet) fn take(self: &Arc<Self>, cancel: &CancelToken) -> Result<Turn> {
        let mut free = lock(&self.free);
        while *free == 0 {
            cancel.check()?;
            let waited = self.changed.wait_timeout(free, TICK);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        drop(free);
        Ok(Turn(Arc::clone(self)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.0.free) += 1;
        self.0.changed.notify_one();
    }
}
