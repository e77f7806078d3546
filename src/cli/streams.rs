//! The output streams of the command.

use std::io::{IsTerminal, Write};

/// The output streams of the command.
pub struct Streams {
    /// Results.
    pub out: Box<dyn Write + Send>,
    /// Errors and progress.
    pub err: Box<dyn Write + Send>,
    /// True if `out` is a terminal; rows are then shown as a table.
    pub out_is_terminal: bool,
    /// True if `err` is a terminal; progress is then shown.
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
