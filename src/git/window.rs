//! Tasks that run on the workers, a limited number at a time, and whose answers are returned in the
//! order in which they were started.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::workers::Workers;

/// Largest number of tasks under way per thread (waiting, running or not yet handed over): enough
/// that a slow one does not leave the other threads idle.
const TASKS_PER_THREAD: usize = 8;

/// The interval at which a wait checks for cancellation.
const CANCEL_STEP: Duration = Duration::from_millis(50);

/// Tasks under way, oldest first. Must not be used from a thread of the same workers: it would wait
/// for tasks that need that thread.
pub(crate) struct Window<T> {
    workers: Workers,
    under_way: VecDeque<Receiver<Result<T>>>,
}

impl<T: Send + 'static> Window<T> {
    pub(crate) fn new(workers: &Workers) -> Self {
        Self {
            workers: workers.clone(),
            under_way: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.under_way.len() >= self.workers.threads() * TASKS_PER_THREAD
    }

    /// Starts a task. A panic in the task becomes an error; without this, it would abort the
    /// process.
    pub(crate) fn spawn(&mut self, task: impl FnOnce() -> Result<T> + Send + 'static) {
        let (sender, receiver) = sync_channel(1);
        self.workers.pool().spawn(move || {
            let answer = catch_unwind(AssertUnwindSafe(task))
                .unwrap_or_else(|payload| Err(Error::from_panic(&*payload)));
            let _ = sender.send(answer); // fails if the window was dropped
        });
        self.under_way.push_back(receiver);
    }

    /// Appends an answer that is already known and needs no task.
    pub(crate) fn put(&mut self, answer: Result<T>) {
        let (sender, receiver) = sync_channel(1);
        let _ = sender.send(answer); // cannot fail: the channel has room, and its receiver exists
        self.under_way.push_back(receiver);
    }

    /// Returns the answer of the oldest task if it is ready.
    pub(crate) fn try_next(&mut self) -> Option<Result<T>> {
        let answer = match self.under_way.front()?.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(missing_result()),
        };
        self.under_way.pop_front();
        Some(answer)
    }

    /// Waits for the oldest task; returns `None` if there is none. A cancelled wait returns early,
    /// even if the task cannot be stopped.
    pub(crate) fn next(&mut self, cancel: &CancelToken) -> Option<Result<T>> {
        let receiver = self.under_way.pop_front()?;
        loop {
            match receiver.recv_timeout(CANCEL_STEP) {
                Ok(answer) => return Some(answer),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(cancelled) = cancel.check() {
                        return Some(Err(cancelled));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Err(missing_result()));
                }
            }
        }
    }
}

fn missing_result() -> Error {
    Error::internal("a worker ended without an answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn answers_keep_their_order_and_a_panic_is_an_answer() {
        let mut window = Window::new(&Workers::new(2).unwrap());
        for number in 0..5 {
            window.spawn(move || {
                assert!(number != 3, "three");
                std::thread::sleep(std::time::Duration::from_millis(5 - number));
                Ok(number)
            });
        }
        let answers: Vec<_> = std::iter::from_fn(|| window.next(&CancelToken::new()))
            .map(|answer| answer.map_err(|error| error.kind()))
            .collect();
        assert_eq!(
            answers,
            [Ok(0), Ok(1), Ok(2), Err(ErrorKind::Internal), Ok(4)]
        );
    }

    #[test]
    fn cancelled_wait_ends_before_its_task() {
        let mut window = Window::new(&Workers::new(1).unwrap());
        let (finish, wait) = sync_channel::<()>(0);
        window.spawn(move || Ok(wait.recv().is_ok()));
        let cancel = CancelToken::new();
        cancel.cancel();
        let answer = window.next(&cancel).unwrap();
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Cancelled);
        drop(finish);
    }
}
