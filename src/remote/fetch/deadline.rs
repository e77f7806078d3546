//! Runs a transfer on a thread of its own, while the caller's thread monitors it.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::remote::transport::TransferMonitor;

/// Interval at which the caller checks.
const POLL: Duration = Duration::from_millis(50);
/// Time that a stopped transfer may take to end by itself. Only the lookup of a host name cannot be
/// interrupted.
const GRACE: Duration = Duration::from_millis(700);

/// The time limit of a transfer.
pub(crate) struct Deadline {
    subject: String,
    started: Instant,
    limit: Option<Duration>,
}

impl Deadline {
    pub(crate) fn starting_now(subject: &str, limit: Option<Duration>) -> Self {
        Self {
            subject: subject.to_owned(),
            started: Instant::now(),
            limit,
        }
    }

    fn check(&self) -> Result<()> {
        match self.limit {
            Some(limit) if self.started.elapsed() > limit => Err(Error::late(&self.subject, limit)),
            _ => Ok(()),
        }
    }
}

/// Runs `work`, and stops it if it is cancelled or exceeds the deadline. `look` is called at
/// intervals; if it returns an error, `work` is stopped too.
pub(crate) fn on_another_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
    monitor: &TransferMonitor,
    deadline: &Deadline,
    cancel: &CancelToken,
    mut look: impl FnMut() -> Result<()>,
) -> Result<T> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("gitfleet-transfer".to_owned());
    let handle = thread
        .spawn(move || {
            let _ = sender.send(work()); // fails if the caller no longer waits
        })
        .map_err(Error::storage("start", "a thread"))?;
    let mut stopped: Option<(Instant, Error)> = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(answer) => {
                let _ = handle.join(); // only drops thread-locals now
                return match stopped {
                    Some((_, reason)) => Err(reason),
                    None => look().and(answer),
                };
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let panic = handle.join().err();
                let panic = panic.map(|payload| Error::from_panic(&*payload));
                let silent = || Error::internal("a transfer ended without an answer");
                return Err(panic.unwrap_or_else(silent));
            }
        }
        match &stopped {
            Some((since, _)) if since.elapsed() > GRACE => {
                return Err(stopped.map_or(Error::Cancelled, |(_, reason)| reason));
            }
            Some(_) => {}
            None => {
                let reason = if cancel.is_cancelled() {
                    Some(Error::Cancelled)
                } else {
                    deadline.check().and_then(|()| look()).err()
                };
                if reason.is_some() {
                    monitor.stop();
                }
                stopped = reason.map(|reason| (Instant::now(), reason));
            }
        }
    }
}
