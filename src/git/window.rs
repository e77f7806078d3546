//! Tasks on the workers whose answers come back in the order they were given out, a window of them at a time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::workers::Workers;

/// Tasks under way per thread: enough that a slow one does not leave the other threads idle.
const TASKS_PER_THREAD: usize = 8;

/// How long a cancelled wait may take to notice.
const CANCEL_STEP: Duration = Duration::from_millis(50);

/// Tasks under way, oldest first. Must not be used from a thread of the same workers: it waits for them.
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

    /// Starts a task. Its panic becomes its answer: in the pool it would abort the process.
    pub(crate) fn spawn(&mut self, task: impl FnOnce() -> Result<T> + Send + 'static) {
        let (sender, receiver) = sync_channel(1);
        self.workers.pool().spawn(move || {
            let answer = catch_unwind(AssertUnwindSafe(task))
                .unwrap_or_else(|payload| Err(Error::from_panic(&*payload)));
            let _ = sender.send(answer); // nobody waits any more if the window was dropped
        });
        self.under_way.push_back(receiver);
    }

    /// Puts an answer in line that needs no task.
    pub(crate) fn put(&mut self, answer: Result<T>) {
        let (sender, receiver) = sync_channel(1);
        let _ = sender.send(answer); // there is room for one, and its receiver is here
        self.under_way.push_back(receiver);
    }

    /// The answer of the oldest task if it is there already.
    pub(crate) fn try_next(&mut self) -> Option<Result<T>> {
        let answer = match self.under_way.front()?.try_recv() {
            Ok(answer) => answer,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(no_answer()),
        };
        self.under_way.pop_front();
        Some(answer)
    }

    /// Waits for the oldest task; `None` if there is none. A cancelled wait does not wait for tasks that cannot be stopped.
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
                    return Some(Err(no_answer()));
                }
            }
        }
    }
}

fn no_answer() -> Error {
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
