//! Releasing the GIL, hearing Ctrl-C, and stopping work when nobody waits for it.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::error::to_py;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// How often a blocking call looks for Ctrl-C.
const SIGNAL_POLL: Duration = Duration::from_millis(50);

static MAIN_THREAD: OnceLock<ThreadId> = OnceLock::new();

/// Python delivers signals on its main thread only. If the module is imported there, that is where we look for them.
pub(super) fn remember_main_thread(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    let current = threading.call_method0("current_thread")?;
    if current.is(&threading.call_method0("main_thread")?) {
        let _ = MAIN_THREAD.set(std::thread::current().id()); // a second import changes nothing
    }
    Ok(())
}

/// Whether this thread hears Ctrl-C.
pub(super) fn is_main_thread() -> bool {
    MAIN_THREAD.get() == Some(&std::thread::current().id())
}

/// Cancels its token when dropped before the work has ended, so a cancelled `asyncio` task stops its threads.
struct CancelOnDrop(Option<CancelToken>);

impl CancelOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancel) = self.0.take() {
            cancel.cancel();
        }
    }
}

/// What a wait ended with.
pub(super) enum Waited<T> {
    Done(Result<T>),
    /// Ctrl-C: the work has been cancelled and has ended.
    Interrupted(PyErr),
}

/// Runs `work` on another thread, looking for Ctrl-C now and then. Must be called without the GIL.
pub(super) fn wait<T: Send + 'static>(
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Waited<T> {
    let (sender, receiver) = channel();
    let worker = std::thread::spawn(move || {
        let _ = sender.send(work()); // the receiver waits for it
    });
    loop {
        match receiver.recv_timeout(SIGNAL_POLL) {
            Ok(result) => return Waited::Done(result),
            Err(RecvTimeoutError::Timeout) if is_main_thread() => {
                if let Err(interrupt) = Python::attach(signals) {
                    cancel.cancel();
                    let _ = worker.join(); // a panic is no news any more
                    return Waited::Interrupted(interrupt);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let panic = worker
                    .join()
                    .err()
                    .map(|payload| Error::from_panic(&*payload));
                return Waited::Done(Err(
                    panic.unwrap_or_else(|| Error::internal("work ended without an answer"))
                ));
            }
        }
    }
}

/// Raises what a signal handler raised: `KeyboardInterrupt`, unless the program has its own idea.
fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// For loops that make Python objects: now and then others get the GIL, and Ctrl-C is heard.
///
/// Python hands the GIL on only to who has waited for 5 ms, and whoever is woken up by its release starts to wait anew. Giving
/// it up more often than that would therefore let nobody in.
pub(super) struct Breath {
    turns: u32,
    last: Instant,
}

/// Longer than others have to wait, shorter than anybody notices.
const BREATH: Duration = Duration::from_millis(8);
/// Turns between two looks at the clock.
const TURNS: u32 = 32;

impl Breath {
    pub(super) fn new() -> Self {
        Self {
            turns: 0,
            last: Instant::now(),
        }
    }

    /// To be called at every turn.
    pub(super) fn turn(&mut self, py: Python<'_>) -> PyResult<()> {
        self.turns += 1;
        if self.turns >= TURNS {
            self.turns = 0;
            if self.last.elapsed() > BREATH {
                py.detach(std::thread::yield_now);
                py.check_signals()?;
                self.last = Instant::now();
            }
        }
        Ok(())
    }
}

/// As long as it lives, Python does not search for garbage in cycles, if it did before.
pub(super) struct CollectionPause<'py>(Option<Bound<'py, PyModule>>);

impl<'py> CollectionPause<'py> {
    pub(super) fn new(py: Python<'py>) -> PyResult<Self> {
        let gc = py.import("gc")?;
        let is_on = gc.call_method0("isenabled")?.is_truthy()?;
        if is_on {
            gc.call_method0("disable")?;
        }
        Ok(Self(is_on.then_some(gc)))
    }
}

impl Drop for CollectionPause<'_> {
    fn drop(&mut self) {
        if let Some(gc) = self.0.take() {
            let _ = gc.call_method0("enable"); // it takes nothing that could be wrong
        }
    }
}

/// Runs `work` on another thread with the GIL released; raises its error, or `KeyboardInterrupt` on Ctrl-C.
pub(super) fn block<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let cancel = CancelToken::new();
    let given = cancel.clone();
    match py.detach(|| wait(&cancel, move || work(&given))) {
        Waited::Done(result) => result.map_err(|error| to_py(&error)),
        Waited::Interrupted(interrupt) => Err(interrupt),
    }
}

/// An awaitable for `work`, which runs on a thread of the runtime and is cancelled with the task that awaits it. `convert`
/// makes the Python value, with the GIL.
pub(super) fn awaitable<T: Send + 'static, P>(
    py: Python<'_>,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<P> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>>
where
    P: for<'p> IntoPyObject<'p> + Send + 'static,
{
    awaitable_until(py, CancelToken::new(), work, convert)
}

/// The same with a token that others have too.
pub(super) fn awaitable_until<T: Send + 'static, P>(
    py: Python<'_>,
    cancel: CancelToken,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<P> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>>
where
    P: for<'p> IntoPyObject<'p> + Send + 'static,
{
    let guard = CancelOnDrop(Some(cancel.clone()));
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        let result = tokio::task::spawn_blocking(move || work(&cancel)).await;
        guard.disarm();
        let result = result.unwrap_or_else(|panic| Err(Error::internal(panic.to_string())));
        let value = result.map_err(|error| to_py(&error))?;
        Python::attach(|py| convert(py, value))
    })
}
