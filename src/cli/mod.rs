//! The `gitfleet` command: parse, call the library, print, pick an exit code.
//!
//! No other folder uses `clap` and `indicatif`. Unlike the library, the command may install a
//! handler for Ctrl-C, and print.

mod args;
mod bars;
mod exit;
mod fleet;
mod interrupt;
mod list;
mod many;
mod output;
mod repos;
mod rows;
mod streams;
mod table;
mod terminal;
mod verify;

use std::ffi::OsString;

use clap::Parser;

use crate::error::{Error, ErrorKind, Result};
use args::{Args, Command};
use exit::{DONE, USAGE, exit_code, hint};
pub use streams::Streams;
use terminal::Terminal;

/// Runs the command on `argv`, whose first item is the program's name, and returns its exit code: 0
/// success, 1 a failure, 2 invalid usage, 70 a defect of the program, 130 interrupted.
pub fn run<I, T>(argv: I, mut streams: Streams) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    if streams.err_is_terminal {
        streams.err = Box::new(Terminal::new(streams.err));
    }
    if streams.out_is_terminal {
        streams.out = Box::new(Terminal::new(streams.out));
    }
    let args = match Args::try_parse_from(argv) {
        Ok(args) => args,
        Err(error) => {
            let text = error.render();
            // If the stream is closed, the text cannot be shown.
            let _ = if error.use_stderr() {
                write!(streams.err, "{text}")
            } else {
                write!(streams.out, "{text}")
            };
            return if error.use_stderr() { USAGE } else { DONE };
        }
    };
    let result = dispatch(args.command, &mut streams);
    let code = match result {
        Ok(code) => code,
        Err(error) => report(&mut streams, &error),
    };
    interrupt::done();
    code
}

fn dispatch(command: Command, streams: &mut Streams) -> Result<u8> {
    let cancel = interrupt::token;
    match command {
        Command::Commits(args) => rows::commits(&args, streams, &cancel()),
        Command::Changes(args) => rows::changes(&args, streams, &cancel()),
        Command::Blame(args) => rows::blame(&args, streams, &cancel()),
        Command::Clone(args) => fleet::clone(&args, streams),
        Command::Update(args) => fleet::update(&args, streams),
        Command::Mine(args) => fleet::mine(&args, streams),
        Command::Verify(args) => verify::verify(&args, streams),
        Command::Repos(args) => repos::repos(&args, streams, &cancel()),
    }
}

/// Prints an error and its hint; returns the exit code.
fn report(streams: &mut Streams, error: &Error) -> u8 {
    if is_broken_pipe(error) {
        return DONE; // the reader of the output has closed the pipe
    }
    if error.kind() != ErrorKind::Cancelled {
        let _ = writeln!(streams.err, "error: {}", error.report());
        if let Some(hint) = hint(error.kind()) {
            let _ = writeln!(streams.err, "hint: {hint}");
        }
    }
    exit_code(error.kind())
}

fn is_broken_pipe(error: &Error) -> bool {
    matches!(error, Error::Storage { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
}
