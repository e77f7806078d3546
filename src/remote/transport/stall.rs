//! Waiting for the other side: never longer than it may be silent or slow, and never past a stop.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use super::monitor::{TransferMonitor, TransportFailure};
use crate::error::{Error, Result};
use crate::net::NetOptions;

/// How often a waiting thread looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// One connection's clock, and the runtime its sockets live on: driven by the thread that waits, so that nothing is handed
/// from thread to thread.
pub(crate) struct StallTimer {
    runtime: tokio::runtime::Runtime,
    timeout: Duration,
    /// Bytes that are enough within `timeout`.
    least_bytes: u64,
    /// Time spent waiting, and bytes that came, since both were last enough.
    waited: Cell<Duration>,
    bytes: Cell<u64>,
    monitor: TransferMonitor,
}

impl StallTimer {
    pub(crate) fn new(options: &NetOptions, monitor: &TransferMonitor) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::internal(format!("starting a runtime: {error}")))?;
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

    /// The runtime, for what is to run beside.
    pub(crate) fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Waits for an answer, which starts its own count of silence.
    pub(crate) fn wait_anew<T>(
        &self,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        self.forget();
        self.wait(future)
    }

    /// Waits for more of an answer.
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

    /// Counts bytes from the other side.
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
