//! Progress for a Python callable.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::error::to_py;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::progress::{EndStatus, NoProgress, Phase, Progress, ProgressSink};

/// How often the callable hears of one repository in one phase: calling it costs the GIL.
const EVERY: Duration = Duration::from_millis(100);

/// A callable that may have been given.
#[derive(Clone, Default)]
pub(super) struct Listener {
    callable: Option<Arc<Py<PyAny>>>,
    /// What it raised first.
    raised: Arc<Mutex<Option<PyErr>>>,
    /// For whom it listens; 0 for nobody in particular.
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

    /// What work tells its progress. The work is cancelled if the callable raises.
    pub(super) fn sink(&self, cancel: &CancelToken) -> Arc<dyn ProgressSink> {
        match &self.callable {
            None => Arc::new(NoProgress),
            Some(callable) => Arc::new(Calls {
                callable: Arc::clone(callable),
                raised: Arc::clone(&self.raised),
                told: Mutex::default(),
                cancel: cancel.clone(),
                owner: self.owner,
            }),
        }
    }

    /// The result of the work; `None` if it was cancelled because of what the callable raised.
    pub(super) fn to_result<T>(&self, result: Result<T>) -> Result<Option<T>> {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.is_some() {
            Ok(None)
        } else {
            result.map(Some)
        }
    }

    /// What [`Listener::settle`] kept; else raises what the callable raised.
    pub(super) fn raise_pending<T>(&self, settled: Option<T>) -> PyResult<T> {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        match (raised.take(), settled) {
            (Some(raised), _) => Err(raised),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(to_py(&Error::internal("work was given up for no reason"))),
        }
    }
}

thread_local! {
    /// Whose callable this thread is within.
    static CALLING_FOR: Cell<usize> = const { Cell::new(0) };
}

/// Whether a callable of `owner` is calling, for what would wait for the work that calls it.
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
        // Nobody listens any more when Python has ended.
        let called = Python::try_attach(|py| {
            let before = CALLING_FOR.replace(self.owner);
            let fields = (subject, phase, done, total, bytes, error);
            let called = self.callable.call1(py, fields);
            CALLING_FOR.set(before);
            called.map(|_| ())
        });
        if let Some(Err(raised)) = called {
            let mut first = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(raised);
            self.cancel.cancel();
        }
    }
}

impl ProgressSink for Calls {
    fn progress(&self, event: Progress) {
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
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
