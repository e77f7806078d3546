//! Ctrl-C: the first asks running work to stop, the second ends the process.

use std::sync::OnceLock;

use crate::cancel::CancelToken;

/// The process's token. A handler can be installed once only; a Python program may run the command many times.
pub(super) fn token() -> CancelToken {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    let token = TOKEN.get_or_init(|| {
        let token = CancelToken::new();
        let handler = token.clone();
        // Where no handler can be installed, Ctrl-C ends the process: results are whole all the same.
        let _ = ctrlc::set_handler(move || {
            if handler.is_cancelled() {
                std::process::exit(i32::from(super::INTERRUPTED));
            }
            handler.cancel();
        });
        token
    });
    token.clone()
}
