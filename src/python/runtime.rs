//! Releases the GIL, handles Ctrl-C, and stops work that no caller waits for any more.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::sync::Notify;

use super::error::to_py;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::mutex::lock;

/// The interval at which a blocking call checks for Ctrl-C.
const SIGNAL_POLL: Duration = Duration::from_millis(50);

/// The thread that was last found to be Python's main thread.
static MAIN_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Returns true if this thread receives Ctrl-C. Python delivers signals on its main thread only.
/// That is not always the thread that imported the module; in a forked child it is the thread that
/// forked.
pub(super) fn hears_ctrl_c(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let is_main = threading.call_method0("get_ident")?.eq(main)?;
    if is_main {
        *lock(&MAIN_THREAD) = Some(std::thread::current().id());
    }
    Ok(is_main)
}

/// Like [`hears_ctrl_c`], but uses the thread that was last recorded, so that Python is not called.
pub(super) fn is_main_thread() -> bool {
    let main = lock(&MAIN_THREAD);
    *main == Some(std::thread::current().id())
}

/// Cancels its token when dropped before the work has ended, so a cancelled `asyncio` task stops
/// its threads.
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

/// The outcome of a wait.
pub(super) enum Waited<T> {
    Done(Result<T>),
    /// Ctrl-C: the work has been cancelled and has ended.
    Interrupted(PyErr),
}

/// Runs `work` on another thread with the GIL released, checking for Ctrl-C at intervals.
pub(super) fn wait<T: Send + 'static>(
    py: Python<'_>,
    cancel: &CancelToken,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let hears = hears_ctrl_c(py)?;
    match py.detach(|| wait_without_python(hears, cancel, work)) {
        Waited::Done(result) => result.map_err(|error| to_py(&error)),
        Waited::Interrupted(interrupt) => Err(interrupt),
    }
}

/// Like [`wait`], for callers without the GIL. `hears` is true if this thread receives Ctrl-C.
pub(super) fn wait_without_python<T: Send + 'static>(
    hears: bool,
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
            Err(RecvTimeoutError::Timeout) if hears => {
                if let Err(interrupt) = Python::attach(signals) {
                    cancel.cancel();
                    let _ = worker.join(); // a panic no longer matters
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

/// Raises the exception of a signal handler: `KeyboardInterrupt`, unless the program installed
/// another handler.
fn signals(py: Python<'_>) -> PyResult<()> {
    py.check_signals()
}

/// For long loops that make Python objects: at intervals, releases the GIL for other threads and
/// checks for Ctrl-C.
///
/// Releasing the GIL wakes a thread that waits for it. The thread of the loop then sleeps for a
/// moment, so that the other thread can take the GIL before this thread requests it again.
///
/// While a yielder exists, Python's cyclic garbage collection is switched off, if it was on. The
/// new objects have no cycles, and traversing millions of them again and again delays all threads.
/// Afterwards [`make_old`] moves the new objects to the old generation. Otherwise the next
/// collection of the young generations would traverse all of them at once.
pub(super) struct GilYielder<'py> {
    turns: u32,
    last: Instant,
    /// Python's `gc` module.
    gc: Bound<'py, PyModule>,
}

/// The time between two yields: short enough that users do not notice a delay, long enough that
/// little time is lost by yielding.
const BREATH: Duration = Duration::from_millis(8);
/// The time for which the GIL is released: enough for another thread to wake up and take it.
const YIELD_TIME: Duration = Duration::from_micros(50);
/// The number of turns between two readings of the clock.
const TURNS: u32 = 32;
/// The older of the two young generations of `gc`.
const YOUNG: u8 = 1;

/// State shared by all yielders that exist at once, on any thread. Changed with the GIL held.
struct Pause {
    /// The number of yielders.
    lives: usize,
    /// True if garbage collection was on before the first of them.
    was_on: bool,
    /// True if one of them ran long enough to yield.
    is_long: bool,
    /// The number of objects that `make_old` has moved since the latest full collection. If Python
    /// has run more full collections than `searches` since, it starts again at 0.
    unseen: u64,
    searches: u64,
}

static PAUSE: Mutex<Pause> = Mutex::new(Pause {
    lives: 0,
    was_on: false,
    is_long: false,
    unseen: 0,
    searches: 0,
});

fn pause() -> MutexGuard<'static, Pause> {
    lock(&PAUSE)
}

impl<'py> GilYielder<'py> {
    pub(super) fn new(py: Python<'py>) -> PyResult<Self> {
        let gc = py.import("gc")?;
        let mut pause = pause();
        if pause.lives == 0 {
            pause.was_on = gc.call_method0("isenabled")?.is_truthy()?;
            pause.is_long = false;
            gc.call_method0("disable")?;
        }
        pause.lives += 1;
        Ok(Self {
            turns: 0,
            last: Instant::now(),
            gc,
        })
    }

    /// Must be called at every turn of the loop.
    pub(super) fn turn(&mut self) -> PyResult<()> {
        self.turns += 1;
        if self.turns >= TURNS {
            self.turns = 0;
            if self.last.elapsed() > BREATH {
                let was_long = std::mem::replace(&mut pause().is_long, true);
                if !was_long {
                    // This collection moves the list that is being built to the old generation.
                    // Only the list has to be moved: the collector never traverses its rows, which
                    // contain only plain values.
                    self.gc.call_method1("collect", (YOUNG,))?;
                }
                let py = self.gc.py();
                py.detach(|| std::thread::sleep(YIELD_TIME));
                py.check_signals()?;
                self.last = Instant::now();
            }
        }
        Ok(())
    }
}

impl Drop for GilYielder<'_> {
    fn drop(&mut self) {
        let is_long = {
            let mut pause = pause();
            pause.lives = pause.lives.saturating_sub(1);
            if pause.lives > 0 || !pause.was_on {
                return;
            }
            pause.is_long
        };
        // Both fail only if memory runs out, and then nothing can be done here.
        if is_long {
            let _ = make_old(&self.gc);
        }
        let _ = self.gc.call_method0("enable");
    }
}

/// Largest number of objects that [`make_old`] moves to the old generation between two full
/// collections. Python does not count these objects when it decides whether to run a full
/// collection. Without this limit, cycles that contain rows might never be collected.
const MOST_UNSEEN: u64 = 1_000_000;

/// Moves all objects to the old generation without traversing them: `freeze` and `unfreeze` only
/// move lists.
///
/// `freeze` also resets the counter of young collections, by which Python decides when the next full collection is due.
/// To restore the counter, the young generations are collected as many times as it had counted.
fn make_old(gc: &Bound<'_, PyModule>) -> PyResult<()> {
    let (young, _, near): (u64, u64, u64) = gc.call_method0("get_count")?.extract()?;
    let searches = gc.call_method0("get_stats")?.get_item(2)?;
    let searches: u64 = searches.get_item("collections")?.extract()?;
    {
        let mut pause = pause();
        if pause.searches != searches {
            (pause.unseen, pause.searches) = (0, searches);
        }
        pause.unseen += young;
        if pause.unseen > MOST_UNSEEN {
            return Ok(());
        }
    }
    let is_in_use = gc.call_method0("get_freeze_count")?.is_truthy()?;
    if is_in_use {
        return Ok(());
    }
    let (_, _, threshold): (u64, u64, u64) = gc.call_method0("get_threshold")?.extract()?;
    gc.call_method0("freeze")?;
    gc.call_method0("unfreeze")?;
    for _ in 0..near.min(threshold + 1) {
        gc.call_method1("collect", (YOUNG,))?;
    }
    Ok(())
}

/// Switches garbage collection on again in a forked child, where no yielder is left to do it.
#[pyfunction]
pub(super) fn after_fork(py: Python<'_>) -> PyResult<()> {
    let mut pause = pause();
    if pause.lives > 0 && pause.was_on {
        py.import("gc")?.call_method0("enable")?;
    }
    pause.lives = 0;
    Ok(())
}

/// Runs `work` on another thread with the GIL released; raises its error, or `KeyboardInterrupt` on
/// Ctrl-C.
pub(super) fn block<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&CancelToken) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let cancel = CancelToken::new();
    let given = cancel.clone();
    wait(py, &cancel, move || work(&given))
}

/// An awaitable for `work`, which runs on a thread of the runtime and is cancelled with the task
/// that awaits it. `convert` makes the Python value and has the GIL.
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

/// Returns an awaitable for a future. The future is dropped when Python ends.
///
/// # Errors
///
/// In a forked child, because only its parent has the runtime's threads.
pub(super) fn coroutine<F, T>(py: Python<'_>, future: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'p> IntoPyObject<'p> + Send + 'static,
{
    let stopped = Arc::new(Notify::new());
    let stop = Arc::clone(&stopped);
    let live = RunningTask::new(move || stop.notify_one());
    spawn(py, async move {
        let _live = live;
        tokio::select! {
            result = future => result,
            () = stopped.notified() => Err(to_py(&Error::Cancelled)),
        }
    })
}

fn spawn<F, T>(py: Python<'_>, future: F) -> PyResult<Bound<'_, PyAny>>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'p> IntoPyObject<'p> + Send + 'static,
{
    let process = *PROCESS.get_or_init(std::process::id);
    if process != std::process::id() {
        let what = "asyncio calls in a forked process; start it with multiprocessing's \"spawn\"";
        return Err(to_py(&Error::unsupported(what)));
    }
    let ending = EndGuard;
    pyo3_async_runtimes::tokio::future_into_py(py, async move {
        let _ending = ending;
        future.await
    })
}

/// The time at which a future last ended or was dropped. After that, another thread notifies the
/// future's event loop. That thread cannot be joined.
static LAST_ENDING: Mutex<Option<Instant>> = Mutex::new(None);

struct EndGuard;

impl Drop for EndGuard {
    fn drop(&mut self) {
        *lock(&LAST_ENDING) = Some(Instant::now());
    }
}

/// The process that has the runtime's threads, once the runtime exists.
static PROCESS: OnceLock<u32> = OnceLock::new();

/// Functions that stop awaited work, by number.
static LIVE: Mutex<BTreeMap<u64, Box<dyn Fn() + Send>>> = Mutex::new(BTreeMap::new());
static NUMBERS: AtomicU64 = AtomicU64::new(0);

struct RunningTask(u64);

impl RunningTask {
    fn new(stop: impl Fn() + Send + 'static) -> Self {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let mut live = lock(&LIVE);
        live.insert(number, Box::new(stop));
        Self(number)
    }
}

impl Drop for RunningTask {
    fn drop(&mut self) {
        let mut live = lock(&LIVE);
        live.remove(&self.0);
    }
}

/// The longest wait at exit for cancelled work to end.
const LONGEST_ENDING: Duration = Duration::from_secs(1);
/// The wait after the last future has ended, for its event loop to be notified.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(50);

/// Called at exit, while Python can still be called. Stops all running work, and lets the runtime's
/// threads notify the event loops, which is not possible afterwards.
#[pyfunction]
pub(super) fn stop_all(py: Python<'_>) {
    if PROCESS.get() != Some(&std::process::id()) {
        return;
    }
    let live = lock(&LIVE);
    live.values().for_each(|stop| stop());
    drop(live);
    py.detach(|| {
        let until = Instant::now() + LONGEST_ENDING;
        let metrics = pyo3_async_runtimes::tokio::get_runtime().metrics();
        let is_quiet = || {
            let last = *lock(&LAST_ENDING);
            metrics.num_alive_tasks() == 0
                && last.is_none_or(|last| last.elapsed() > SHUTDOWN_GRACE)
        };
        while !is_quiet() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Like [`awaitable`], with a token that the caller may also cancel.
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
    let stop = cancel.clone();
    let live = RunningTask::new(move || stop.cancel());
    spawn(py, async move {
        let _live = live;
        let result = tokio::task::spawn_blocking(move || work(&cancel)).await;
        guard.disarm();
        let result = result.unwrap_or_else(|panic| Err(Error::internal(panic.to_string())));
        let value = result.map_err(|error| to_py(&error))?;
        Python::attach(|py| convert(py, value))
    })
}
