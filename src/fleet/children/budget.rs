//! The memory that all children may use together.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::Result;
use crate::mutex::lock;

/// Longest time until a waiting thread notices a cancellation.
const TICK: Duration = Duration::from_millis(100);

/// A number of bytes, of which each job takes a part. The parts are given in the order in which
/// they are asked for, so that a large one is not passed over for ever.
pub(super) struct Budget {
    total: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: u64,
    /// The number that the next job to ask gets, and the number that is served next.
    last: u64,
    first: u64,
    /// Numbers of jobs that no longer wait.
    gone: Vec<u64>,
}

/// Bytes of a budget, which are given back when this is dropped.
pub(super) struct Grant<'a> {
    budget: &'a Budget,
    pub(super) bytes: u64,
}

impl Budget {
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            state: Mutex::new(State {
                free: total,
                last: 0,
                first: 0,
                gone: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Waits for this number of bytes, or for all if they are fewer.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`](crate::Error::Cancelled) if `cancel` is set first.
    pub(super) fn take(&self, bytes: u64, cancel: &CancelToken) -> Result<Grant<'_>> {
        let bytes = bytes.min(self.total);
        let mut state = lock(&self.state);
        let number = state.last;
        state.last += 1;
        while state.first != number || state.free < bytes {
            if let Err(error) = cancel.check() {
                state.gone.push(number);
                state.next();
                self.changed.notify_all();
                return Err(error);
            }
            let waited = self.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.free -= bytes;
        state.first += 1;
        state.next();
        self.changed.notify_all();
        Ok(Grant {
            budget: self,
            bytes,
        })
    }
}

impl State {
    /// Skips the jobs that no longer wait.
    fn next(&mut self) {
        while let Some(at) = self.gone.iter().position(|gone| *gone == self.first) {
            self.gone.swap_remove(at);
            self.first += 1;
        }
    }
}

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        lock(&self.budget.state).free += self.bytes;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_given_in_order_and_given_back() {
        let budget = Budget::new(10);
        let cancel = CancelToken::new();
        let six = budget.take(6, &cancel).unwrap();
        std::thread::scope(|scope| {
            let all = scope.spawn(|| budget.take(100, &cancel).map(|grant| grant.bytes));
            while lock(&budget.state).last < 2 {
                std::thread::yield_now();
            }
            let cancelled = CancelToken::new();
            cancelled.cancel();
            assert!(
                budget.take(1, &cancelled).is_err(),
                "the large one is first"
            );
            assert!(!all.is_finished());
            drop(six);
            assert_eq!(all.join().unwrap().unwrap(), 10);
        });
        assert_eq!(budget.take(10, &cancel).unwrap().bytes, 10);
    }
}
