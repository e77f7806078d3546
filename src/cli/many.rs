//! The parts that commands on many repositories share: their inputs, bars, lines and exit codes.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::ManyArgs;
use super::bars::Bars;
use super::exit::{DONE, FAILED, INTERRUPTED, USAGE, exit_code, hint};
use super::list;
use super::streams::Streams;
use super::terminal::message;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::{Outcome, Report};

/// The text and the JSON of one repository.
pub(super) struct Line {
    text: String,
    warnings: Vec<String>,
    /// Problems of the repository, which make the command fail.
    pub(super) problems: Vec<String>,
    json: serde_json::Value,
}

impl Line {
    pub(super) fn new(text: String, warnings: &[String], json: serde_json::Value) -> Self {
        Self {
            text,
            warnings: warnings.to_vec(),
            problems: Vec::new(),
            json,
        }
    }
}

/// Returns the progress bars, and a context that reports progress to them.
pub(super) fn bars(
    args: &ManyArgs,
    streams: &Streams,
    repositories: usize,
    cancel: &CancelToken,
) -> (Arc<Bars>, Context) {
    let is_shown = streams.err_is_terminal && !args.quiet;
    let bars = Arc::new(Bars::new(is_shown, repositories));
    let context = Context::new()
        .reported_to(Arc::clone(&bars) as _)
        .cancelled_by(cancel);
    (bars, context)
}

/// Prints one line per repository. Errors go to standard error, or into the JSON. Returns the exit
/// code.
pub(super) fn print<T>(
    report: &Report<T>,
    args: &ManyArgs,
    streams: &mut Streams,
    describe: impl Fn(&str, &T) -> Line,
) -> Result<u8> {
    let mut hints: Vec<&str> = Vec::new();
    let mut has_problems = false;
    let mut written = Ok(());
    for outcome in &report.outcomes {
        let target = &outcome.input;
        let line = match &outcome.result {
            Ok(done) => {
                let line = describe(target, done);
                has_problems |= !line.problems.is_empty();
                for warning in line.warnings.iter().filter(|_| !args.json) {
                    let _ = writeln!(streams.err, "warning: {target}: {}", message(warning));
                }
                for problem in line.problems.iter().filter(|_| !args.json) {
                    let _ = writeln!(streams.err, "error: {target}: {}", message(problem));
                }
                if args.json {
                    Some(with_cost(line.json, outcome))
                } else {
                    Some(line.text).filter(|_| !args.quiet)
                }
            }
            Err(error) if args.json => {
                let error =
                    serde_json::json!({"kind": error.kind().name(), "message": error.report()});
                let json =
                    serde_json::json!({"target": target, "status": "failed", "error": error});
                Some(with_cost(json, outcome))
            }
            Err(error) => {
                if error.kind() != ErrorKind::Cancelled {
                    let _ = writeln!(streams.err, "error: {}", named(target, error));
                    hints.extend(hint(error.kind()).filter(|hint| !hints.contains(hint)));
                }
                None
            }
        };
        if let Some(line) = line {
            written = written.and_then(|()| writeln!(streams.out, "{line}"));
        }
    }
    for hint in hints {
        let _ = writeln!(streams.err, "hint: {hint}");
    }
    let code = match exit_code_of(report) {
        DONE if has_problems => FAILED,
        code => code,
    };
    match written.and_then(|()| streams.out.flush()) {
        // The reader has closed the pipe. The exit code still reports the outcomes of the
        // repositories.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(code),
        Err(error) => Err(Error::storage("write", "standard output")(error)),
        Ok(()) => Ok(code),
    }
}

/// The JSON of an outcome with its attempts and seconds, on one line.
fn with_cost<T>(mut json: serde_json::Value, outcome: &Outcome<T>) -> String {
    json["attempts"] = outcome.attempts.into();
    json["seconds"] = outcome.seconds.into();
    json.to_string()
}

/// Returns the exit code for the most serious failure in a report.
fn exit_code_of<T>(report: &Report<T>) -> u8 {
    let kinds: Vec<ErrorKind> = report.failed().map(|(_, error)| error.kind()).collect();
    let are_all_invalid = kinds.len() == report.outcomes.len()
        && kinds.iter().all(|kind| *kind == ErrorKind::InvalidInput);
    if kinds.is_empty() {
        DONE
    } else if are_all_invalid {
        USAGE // every input is invalid
    } else if kinds.contains(&ErrorKind::Cancelled) {
        INTERRUPTED
    } else if kinds.contains(&ErrorKind::Internal) {
        exit_code(ErrorKind::Internal)
    } else {
        FAILED
    }
}

/// The error text, preceded by the target unless the text contains it already.
fn named(target: &str, error: &Error) -> String {
    let text = error.report();
    if text.contains(target) {
        text
    } else {
        format!("{target}: {text}")
    }
}

/// Targets or paths from the command line, from `--from`, and from standard input in place of `-`.
pub(super) fn inputs<T>(typed: &[T], args: &ManyArgs) -> Result<Vec<T>>
where
    T: AsRef<OsStr> + Clone + From<String>,
{
    let listed = |from: &mut dyn Read, name: &Path| -> Result<Vec<T>> {
        Ok(list::read(from, name)?.into_iter().map(T::from).collect())
    };
    let standard_input = || listed(&mut std::io::stdin().lock(), Path::new("standard input"));
    let mut inputs = Vec::new();
    for text in typed {
        if text.as_ref() == "-" {
            inputs.extend(standard_input()?);
        } else {
            inputs.push(text.clone());
        }
    }
    match args.from.as_deref() {
        Some(path) if path == Path::new("-") => inputs.extend(standard_input()?),
        Some(path) => {
            let mut file = std::fs::File::open(path).map_err(Error::storage("read", path))?;
            inputs.extend(listed(&mut file, path)?);
        }
        None => {}
    }
    Ok(inputs)
}
