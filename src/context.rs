//! Progress and cancellation of long calls.

use std::fmt;
use std::sync::Arc;

use crate::cancel::CancelToken;
use crate::progress::{NoProgress, ProgressSink};

/// The receiver of a call's progress, and the token that cancels the call. The default ignores
/// progress and is never cancelled.
///
/// ```
/// use gitfleet::{CancelToken, Context};
///
/// let token = CancelToken::new();
/// let context = Context::new().cancelled_by(&token);
/// token.cancel();
/// assert!(context.cancel.is_cancelled());
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Context {
    /// Receives events, on several threads.
    pub progress: Arc<dyn ProgressSink>,
    /// Stops the call when it is cancelled.
    pub cancel: CancelToken,
}

impl Context {
    /// A context that drops events and is never cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same context with a sink of progress.
    #[must_use]
    pub fn reported_to(mut self, progress: Arc<dyn ProgressSink>) -> Self {
        self.progress = progress;
        self
    }

    /// The same context with a token that stops the call.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: &CancelToken) -> Self {
        self.cancel = cancel.clone();
        self
    }
}

impl Default for Context {
    fn default() -> Self {
        Self {
            progress: Arc::new(NoProgress),
            cancel: CancelToken::new(),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}
