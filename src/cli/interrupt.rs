//! Handling of Ctrl-C: the first asks running work to stop, and ends the process if it does not; the
//! second ends it at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::thread;
use std::time::Duration;

use super::exit::INTERRUPTED;
use crate::cancel::CancelToken;
use crate::mutex::lock;

/// Longest time that work may take to stop. A file system or a name server that does not answer
/// cannot be interrupted.
const GRACE: Duration = Duration::from_millis(900);

/// The token that Ctrl-C cancels: that of the latest run.
static CURRENT: Mutex<Option<CancelToken>> = Mutex::new(None);
/// Number of runs that began, and of those that ended.
static RUNS: AtomicU64 = AtomicU64::new(0);

/// A token for one run of the command, cancelled by Ctrl-C. The handler is installed once; a Python
/// program may run the command many times.
pub(super) fn token() -> CancelToken {
    static HANDLER: Once = Once::new();
    let token = CancelToken::new();
    *lock(&CURRENT) = Some(token.clone());
    RUNS.fetch_add(1, Ordering::Relaxed);
    HANDLER.call_once(|| {
        // If no handler can be installed, Ctrl-C ends the process. Results on disk are complete
        // even then.
        let _ = ctrlc::set_handler(|| {
            let current = lock(&CURRENT).clone();
            match current {
                Some(token) if !token.is_cancelled() => {
                    token.cancel();
                    end_soon(RUNS.load(Ordering::Relaxed));
                }
                _ => std::process::exit(i32::from(INTERRUPTED)),
            }
        });
    });
    token
}

/// Records the end of the run.
pub(super) fn done() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// Ends the process, unless this run ends by itself.
fn end_soon(run: u64) {
    // Without a thread, the second Ctrl-C ends the process.
    let _ = thread::Builder::new().spawn(move || {
        thread::sleep(GRACE);
        if RUNS.load(Ordering::Relaxed) == run {
            std::process::exit(i32::from(INTERRUPTED));
        }
    });
}
