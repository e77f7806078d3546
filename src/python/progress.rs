//! Progress reports to a Python callable.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::error::to_py;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::progress::{EndStatus, Phase, Progress, ProgressSink};

/// The shortest time between two calls for one repository in one phase. Each call takes the GIL.
const EVERY: Duration = Duration::from_millis(100);

/// The Python callable that receives progress, if there is one.
#[derive(Clone, Default)]
pub(super) struct Listener {
    callable: Option<Arc<Py<PyAny>>>,
    /// The first exception that it raised.
    raised: Arc<Mutex<Option<PyErr>>>,
    /// The manager that it belongs to; 0 if it belongs to none.
    owner: usize,
}

impl Listener {
    pub(super) fn new(callable: Option<Py<PyAny>>) -> Self {
        Self::of(0, callable)
    }

    pub(super) fn of(owner: usize, callable: Option<Py<PyAny>>) -> Self {
        Self {
            callable: callable.map(Arc::new),
            raised: Arc::default(),
            owner,
        }
    }

    /// Returns a context that reports the progress of the work to the callable. If the callable
    /// raises, the work is cancelled.
    pub(super) fn context(&self, cancel: &CancelToken) -> Context {
        let context = Context::new().cancelled_by(cancel);
        match &self.callable {
            None => context,
            Some(callable) => context.reported_to(Arc::new(Calls {
                callable: Arc::clone(callable),
                raised: Arc::clone(&self.raised),
                told: Mutex::default(),
                cancel: cancel.clone(),
                owner: self.owner,
            })),
        }
    }

    /// Returns the result of the work, or `None` if it was cancelled because the callable raised.
    pub(super) fn to_result<T>(&self, result: Result<T>) -> Result<Option<T>> {
        let raised = lock(&self.raised);
        if raised.is_some() {
            Ok(None)
        } else {
            result.map(Some)
        }
    }

    /// Returns the result from [`Listener::to_result`], or raises the exception of the callable.
    pub(super) fn raise_pending<T>(&self, settled: Option<T>) -> PyResult<T> {
        let mut raised = lock(&self.raised);
        match (raised.take(), settled) {
            (Some(raised), _) => Err(raised),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(to_py(&Error::internal(
                "work was cancelled without a reason",
            ))),
        }
    }
}

thread_local! {
    /// The owner of the callable that this thread is executing; 0 if none.
    static CALLING_FOR: Cell<usize> = const { Cell::new(0) };
}

/// Returns true if this thread is executing a callable of `owner`. In that case, waiting for the
/// owner's work would never end, because the work waits for the callable to return.
pub(super) fn is_in_callback_of(owner: usize) -> bool {
    CALLING_FOR.get() == owner
}

struct Calls {
    callable: Arc<Py<PyAny>>,
    raised: Arc<Mutex<Option<PyErr>>>,
    told: Mutex<HashMap<String, (Phase, Instant)>>,
    cancel: CancelToken,
    owner: usize,
}

impl Calls {
    fn call(
        &self,
        subject: &str,
        phase: &str,
        counts: (u64, Option<u64>, u64),
        error: Option<&str>,
    ) {
        if self.cancel.is_cancelled() {
            return;
        }
        let (done, total, bytes) = counts;
        // After Python has shut down, the callable cannot be called.
        let called = Python::try_attach(|py| {
            let before = CALLING_FOR.replace(self.owner);
            let fields = (subject, phase, done, total, bytes, error);
            let called = self.callable.call1(py, fields);
            CALLING_FOR.set(before);
            called.map(|_| ())
        });
        if let Some(Err(raised)) = called {
            let mut first = lock(&self.raised);
            first.get_or_insert(raised);
            self.cancel.cancel();
        }
    }
}

impl ProgressSink for Calls {
    fn progress(&self, event: Progress) {
        {
            let mut told = lock(&self.told);
            let now = Instant::now();
            match told.get_mut(&event.subject) {
                Some((phase, at)) if *phase == event.phase && now.duration_since(*at) < EVERY => {
                    return;
                }
                Some(last) => *last = (event.phase, now),
                None => {
                    told.insert(event.subject.clone(), (event.phase, now));
                }
            }
        }
        let counts = (event.done, event.total, event.bytes);
        self.call(&event.subject, event.phase.name(), counts, None);
    }

    fn ended(&self, subject: &str, ending: &EndStatus) {
        let mut told = lock(&self.told);
        told.remove(subject);
        drop(told);
        let (phase, error) = match ending {
            EndStatus::Done => ("done", None),
            EndStatus::Unchanged => ("unchanged", None),
            EndStatus::Failed(error) => ("failed", Some(error.as_str())),
        };
        self.call(subject, phase, (0, None, 0), error);
    }
}
