//! A transfer on a thread of its own: the caller's thread watches over it.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::remote::transport::TransferMonitor;

/// How often the caller looks.
const POLL: Duration = Duration::from_millis(50);
/// How long a stopped transfer may take to end by itself. Only a lookup of a host's name cannot be interrupted.
const GRACE: Duration = Duration::from_millis(700);

/// When a transfer has taken too long.
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
            Some(limit) if self.started.elapsed() > limit => Err(Error::LimitExceeded {
                subject: self.subject.clone(),
                what: "seconds".to_owned(),
                limit: limit.as_secs(),
            }),
            _ => Ok(()),
        }
    }
}

/// Runs `work`; stops it when it is cancelled or late. `look` is called now and then, and may find a reason to stop too.
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
            let _ = sender.send(work()); // nobody waits any more after a stop
        })
        .map_err(|error| Error::internal(format!("starting a thread: {error}")))?;
    let mut stopped: Option<(Instant, Error)> = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(answer) => {
                let _ = handle.join(); // it has answered: only its own thread-locals are left to drop
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
