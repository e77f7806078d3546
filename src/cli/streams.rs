//! Where the command writes.

use std::io::{IsTerminal, Write};

/// Where the command writes.
pub struct Streams {
    /// Results.
    pub out: Box<dyn Write + Send>,
    /// Errors, and progress.
    pub err: Box<dyn Write + Send>,
    /// Whether `out` is a terminal: rows are then shown for people.
    pub out_is_terminal: bool,
    /// Whether `err` is a terminal: progress is shown then.
    pub err_is_terminal: bool,
}

impl Streams {
    /// Standard output and standard error.
    pub fn of_process() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        Self {
            out: Box::new(out),
            err: Box::new(err),
            out_is_terminal,
            err_is_terminal,
        }
    }
}
