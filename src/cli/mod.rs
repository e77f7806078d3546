//! The `gitfleet` command: parse, call the library, print, pick an exit code.
//!
//! The only folder that names `clap` and `indicatif`. As an edge it may do what the library does not: read the environment,
//! look at the clock, install a handler for Ctrl-C, print.

mod args;
mod bars;
pub(crate) mod credentials;
pub(crate) mod environment;
mod fleet;
#[cfg(feature = "http")]
pub(crate) mod hosted;
pub(crate) mod inputs;
mod interrupt;
#[cfg(feature = "http")]
mod network;
mod output;
#[cfg(feature = "http")]
mod repos;
mod rows;
mod table;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use clap::Parser;

use crate::error::{Error, ErrorKind, Result};
use args::{Args, Command};

/// Everything done.
const DONE: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// The command line makes no sense.
const USAGE: u8 = 2;
/// A defect, as BSD's `EX_SOFTWARE`.
const DEFECT: u8 = 70;
/// Ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

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

/// Runs the command on `argv`, whose first item is the program's name, and returns its exit code: 0 all done, 1 something
/// failed, 2 bad usage, 70 a defect, 130 interrupted.
pub fn run<I, T>(argv: I, mut streams: Streams) -> u8
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = match Args::try_parse_from(argv) {
        Ok(args) => args,
        Err(error) => {
            let text = error.render();
            // A closed stream has nobody to tell.
            let _ = if error.use_stderr() {
                write!(streams.err, "{text}")
            } else {
                write!(streams.out, "{text}")
            };
            return if error.use_stderr() { USAGE } else { DONE };
        }
    };
    let result = dispatch(args.command, &mut streams);
    match result {
        Ok(code) => code,
        Err(error) => report(&mut streams, &error),
    }
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
        #[cfg(feature = "http")]
        Command::Repos(args) => repos::repos(&args, streams, &cancel()),
    }
}

/// Prints an error and its hint; returns the exit code.
fn report(streams: &mut Streams, error: &Error) -> u8 {
    if is_broken_pipe(error) {
        return DONE; // whoever read our output has seen enough
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

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::InvalidInput => USAGE,
        ErrorKind::Cancelled => INTERRUPTED,
        ErrorKind::Internal => DEFECT,
        ErrorKind::RepositoryNotFound
        | ErrorKind::RevisionNotFound
        | ErrorKind::PathNotFound
        | ErrorKind::DestinationExists
        | ErrorKind::AuthenticationFailed
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::RateLimited
        | ErrorKind::Network
        | ErrorKind::Timeout
        | ErrorKind::Refused
        | ErrorKind::LimitExceeded
        | ErrorKind::Corrupt
        | ErrorKind::Storage
        | ErrorKind::Unsupported => FAILED,
    }
}

fn hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::AuthenticationFailed => {
            Some("set GITHUB_TOKEN for github.com or GITFLEET_TOKEN_<HOST>, or use a .netrc")
        }
        ErrorKind::RateLimited => {
            Some("wait, then run the same command again: what is finished is not done twice")
        }
        ErrorKind::Network | ErrorKind::Timeout => {
            Some("run the same command again: what is finished is not done twice")
        }
        ErrorKind::Corrupt => Some("`git fsck` says more; a fresh clone may help"),
        _ => None,
    }
}
