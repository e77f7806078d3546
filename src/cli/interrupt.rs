//! Handling of Ctrl-C: the first asks running work to stop, the second ends the process.

use std::sync::{Mutex, Once};

use super::exit::INTERRUPTED;
use crate::cancel::CancelToken;
use crate::mutex::lock;

/// The token that Ctrl-C cancels: that of the latest run.
static CURRENT: Mutex<Option<CancelToken>> = Mutex::new(None);

/// A token for one run of the command, cancelled by Ctrl-C. The handler is installed once; a Python
/// program may run the command many times.
pub(super) fn token() -> CancelToken {
    static HANDLER: Once = Once::new();
    let token = CancelToken::new();
    *lock(&CURRENT) = Some(token.clone());
    HANDLER.call_once(|| {
        // If no handler can be installed, Ctrl-C ends the process. Results on disk are complete
        // even then.
        let _ = ctrlc::set_handler(|| {
            let current = lock(&CURRENT).clone();
            match current {
                Some(token) if !token.is_cancelled() => token.cancel(),
                _ => std::process::exit(i32::from(INTERRUPTED)),
            }
        });
    });
    token
}
