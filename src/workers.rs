//! The threads for the work of one caller.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, Weak};

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::mutex::lock;

/// The largest number of threads; no machine gains from more.
const MOST_THREADS: usize = 1024;

/// A pool of threads for the parallel parts of history walks and blame; clones share it.
///
/// The library uses this pool and never rayon's global one, so that a caller decides how much of
/// the machine is used.
#[derive(Clone, Debug)]
pub struct Workers(Arc<rayon::ThreadPool>);

impl Workers {
    /// Returns `threads` threads; 0 means one for each core this process may use. Pools of the same
    /// number of threads are one pool, as long as it is used. If the operating system allows fewer
    /// threads, the pool has fewer.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for more than 1024 threads, [`Error::Storage`] if the operating
    /// system refuses every thread.
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
        let mut pools = lock(&POOLS);
        pools.retain(|_, pool| pool.strong_count() > 0);
        let key = (std::process::id(), threads);
        if let Some(pool) = pools.get(&key).and_then(Weak::upgrade) {
            return Ok(Self(pool));
        }
        let pool = Arc::new(start(threads)?);
        pools.insert(key, Arc::downgrade(&pool));
        Ok(Self(pool))
    }

    /// Number of threads, at least 1.
    pub fn threads(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Calls `work` for each item on the threads. The results are in the order of the items.
    ///
    /// # Errors
    ///
    /// One of those of `work`.
    pub(crate) fn map<I: Sync, T: Send>(
        &self,
        items: &[I],
        work: impl Fn(&I) -> Result<T> + Sync + Send,
    ) -> Result<Vec<T>> {
        self.0.install(|| items.par_iter().map(work).collect())
    }

    pub(crate) fn pool(&self) -> &rayon::ThreadPool {
        &self.0
    }
}

/// The pools that are used, by process and number of threads: a forked process has none of the threads
/// of its parent.
static POOLS: Mutex<BTreeMap<(u32, usize), Weak<rayon::ThreadPool>>> = Mutex::new(BTreeMap::new());

/// Starts this number of threads, or fewer if the operating system allows no more.
fn start(most: usize) -> Result<rayon::ThreadPool> {
    let mut threads = most;
    loop {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("gitfleet-{index}"))
            .build();
        match pool {
            Ok(pool) => return Ok(pool),
            Err(_) if threads > 1 => threads /= 2,
            Err(error) => {
                let error = std::io::Error::other(error.to_string());
                return Err(Error::storage("start", "a thread")(error));
            }
        }
    }
}

/// Cores this process may use, at least 1.
pub(crate) fn available_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
