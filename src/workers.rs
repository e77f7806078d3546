//! The threads for the work of one caller.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::error::{Error, Result};

/// The largest number of threads; no machine gains from more.
const MOST_THREADS: usize = 1024;

/// A pool of threads for the parallel parts of history walks and blame; clones share it.
///
/// The library uses this pool and never rayon's global one, so that a caller decides how much of
/// the machine is used.
#[derive(Clone, Debug)]
pub struct Workers(Arc<rayon::ThreadPool>);

impl Workers {
    /// Starts `threads` threads; 0 means one for each core this process may use.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for more than 1024 threads, [`Error::Internal`] if the operating
    /// system refuses another thread.
    pub fn new(threads: usize) -> Result<Self> {
        if threads > MOST_THREADS {
            let what = format!("number of threads {threads}");
            return Err(Error::invalid(
                what,
                format!("is more than {MOST_THREADS}; 0 means one per core"),
            ));
        }
        let threads = if threads == 0 {
            available_threads()
        } else {
            threads
        };
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("gitfleet-{index}"))
            .build()
            .map(|pool| Self(Arc::new(pool)))
            .map_err(|error| Error::internal(format!("starting {threads} threads: {error}")))
    }

    /// Number of threads, at least 1.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }

    pub(crate) fn pool(&self) -> &rayon::ThreadPool {
        &self.0
    }
}

/// Cores this process may use, at least 1.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
