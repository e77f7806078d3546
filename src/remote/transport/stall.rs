//! Waiting for a remote. A wait ends with an error if the remote is silent or slow for too long, or
//! if the transfer is stopped.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::monitor::{TransferMonitor, TransportFailure};
use crate::durable::refuse_few_descriptors;
use crate::error::{Error, Result};
use crate::net::NetOptions;

/// Interval at which a waiting thread checks if it must stop.
const TICK: Duration = Duration::from_millis(50);

/// The timer of one connection, and the runtime of its sockets. The waiting thread runs the runtime
/// itself, so nothing is passed between threads.
pub(crate) struct StallTimer {
    runtime: tokio::runtime::Runtime,
    timeout: Duration,
    /// Lowest number of bytes that must be received within `timeout`.
    least_bytes: u64,
    /// Time spent waiting, and bytes received, since the last reset.
    waited: Cell<Duration>,
    bytes: Cell<u64>,
    monitor: TransferMonitor,
}

impl StallTimer {
    pub(crate) fn new(options: &NetOptions, monitor: &TransferMonitor) -> Result<Self> {
        let runtime = refuse_few_descriptors()
            .and_then(|()| {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
            })
            .map_err(Error::storage("start", "a connection"))?;
        let slowest = options.min_rate * options.timeout.as_secs();
        Ok(Self {
            runtime,
            timeout: options.timeout,
            least_bytes: slowest.max(1),
            waited: Cell::default(),
            bytes: Cell::default(),
            monitor: monitor.clone(),
        })
    }

    /// Returns the runtime, for tasks that run in the background.
    pub(crate) fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Waits for an answer. Resets the counts of time and bytes first.
    pub(crate) fn wait_anew<T>(
        &self,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        self.forget();
        self.wait(future)
    }

    /// Waits for more of the same response, without resetting the counts.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        self.check()?;
        self.runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                let since = Instant::now();
                let answer = tokio::time::timeout(TICK, &mut future).await;
                self.waited.set(self.waited.get() + since.elapsed());
                match answer {
                    Ok(answer) => return answer,
                    Err(_) => self.check()?,
                }
            }
        })
    }

    /// Counts bytes that were received from the remote.
    pub(crate) fn received(&self, bytes: usize) -> io::Result<()> {
        self.bytes.set(self.bytes.get() + bytes as u64);
        self.monitor.received(bytes as u64)
    }

    fn check(&self) -> io::Result<()> {
        if self.monitor.must_stop() || self.monitor.has_failed() {
            return Err(io::Error::other("stopped"));
        }
        if self.waited.get() >= self.timeout {
            if self.bytes.get() < self.least_bytes {
                return Err(self.monitor.fail(TransportFailure::Stalled {
                    after: self.timeout,
                }));
            }
            self.forget();
        }
        Ok(())
    }

    fn forget(&self) {
        self.waited.set(Duration::ZERO);
        self.bytes.set(0);
    }
}
