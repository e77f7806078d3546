//! Cooperative cancellation, shared by every long operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A flag that asks running work to stop at its next safe point; clones share it.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    flag: Arc<AtomicBool>,
    /// The token whose cancellation cancels this one, too.
    parent: Option<Arc<Self>>,
    /// The time at which it counts as cancelled.
    deadline: Option<Instant>,
}

impl CancelToken {
    /// Returns a token that has not been cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every holder of this token to stop.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Returns true if [`CancelToken::cancel`] has been called on this token or on a parent of it.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
            || self.is_late()
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_cancelled())
    }

    /// Returns true if the deadline of this token has passed; see [`CancelToken::child_until`].
    pub(crate) fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns [`Error::Cancelled`] if the token has been cancelled; for use with `?`.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] is the only error.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Returns the flag itself, for libraries that poll an atomic.
    ///
    /// It does not show the cancellation of a parent; see [`CancelToken::child`].
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// Returns a token for a part of the work. It can be cancelled alone, and is cancelled with
    /// this one.
    pub(crate) fn child(&self) -> Self {
        Self {
            flag: Arc::default(),
            parent: Some(Arc::new(self.clone())),
            deadline: None,
        }
    }

    /// Like [`CancelToken::child`], for work that may take no longer than `limit`.
    pub(crate) fn child_until(&self, limit: Duration) -> Self {
        Self {
            deadline: Instant::now().checked_add(limit),
            ..self.child()
        }
    }
}
