//! `mine`, `clone` and `update`: many repositories.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{CloneArgs, FleetArgs, MineArgs, UpdateArgs};
use super::bars::Bars;
use super::exit::{DONE, FAILED, INTERRUPTED, USAGE, exit_code, hint};
use super::streams::Streams;
use super::terminal::message;
use super::{interrupt, list};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::edge::inputs::look_up;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::{self, Fleet, Outcome, Report};
use crate::remote::{RefChange, UpdateOutcome};

pub(super) fn mine(args: &MineArgs, streams: &mut Streams) -> Result<u8> {
    let targets = inputs(&args.targets, &args.fleet)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let targets = look_up(&targets, None, cancel)?;
    let options = args.options()?;
    let (bars, context) = bars(&args.fleet, streams, targets.len(), cancel);
    let report = fleet::mine(targets, &args.output, &options, &context)?;
    bars.clear();
    print(&report, &args.fleet, streams, |target, mined| {
        let rows: Vec<String> = mined
            .rows
            .iter()
            .map(|(table, rows)| format!("{rows} {table}"))
            .collect();
        let rows = rows.join(", ");
        let line = if mined.was_finished {
            format!("unchanged {target}: {rows}")
        } else {
            format!("mined {target}: {rows} in {:.1} s", mined.seconds)
        };
        let json = serde_json::json!({
            "target": target, "status": if mined.was_finished { "unchanged" } else { "done" }, "path": mined.path,
            "head": mined.head, "rows": mined.rows, "warnings": mined.warnings, "seconds": mined.seconds,
        });
        (line, mined.warnings.clone(), json)
    })
}

pub(super) fn clone(args: &CloneArgs, streams: &mut Streams) -> Result<u8> {
    let urls = inputs(&args.urls, &args.fleet)?;
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let targets = look_up(&urls, None, cancel)?;
    let urls = targets
        .into_iter()
        .map(|input| input.map(|target| target.url().clone()));
    let mut fleet = Fleet::new(&args.output);
    fleet.options = args.options()?;
    fleet.fleet = args.fleet_options();
    fleet.existing = args.existing;
    let (bars, context) = bars(&args.fleet, streams, urls.len(), cancel);
    let report = fleet.clone_all(urls, &context)?;
    bars.clear();
    print(&report, &args.fleet, streams, |url, cloned| {
        let path = cloned.path.display();
        let (line, status) = if cloned.was_there {
            (format!("unchanged {url} at {path}"), "unchanged")
        } else {
            (format!("cloned {url} to {path}"), "done")
        };
        let head = cloned.head.map(|head| head.to_string());
        let json = serde_json::json!({
            "target": url, "status": status, "path": cloned.path, "head": head, "received_bytes": cloned.received_bytes,
            "final_url": cloned.final_url, "warnings": cloned.warnings,
        });
        (line, cloned.warnings.clone(), json)
    })
}

pub(super) fn update(args: &UpdateArgs, streams: &mut Streams) -> Result<u8> {
    let typed: Vec<String> = args
        .directories
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let paths: Vec<PathBuf> = inputs(&typed, &args.fleet)?
        .into_iter()
        .map(PathBuf::from)
        .collect();
    let cancel = &interrupt::token(); // before this line, Ctrl-C ends the process at once
    let mut fleet = Fleet::new("");
    fleet.options = args.options();
    fleet.fleet = args.fleet_options();
    let (bars, context) = bars(&args.fleet, streams, paths.len(), cancel);
    let report = fleet.update_all(&paths, &context);
    bars.clear();
    print(&report, &args.fleet, streams, |path, updated| {
        let (line, status) = match (updated.is_unchanged(), updated.was_rewritten()) {
            (true, _) => (format!("unchanged {path}"), "unchanged"),
            (_, true) => (
                format!("updated {path}: {}; history was rewritten", counts(updated)),
                "done",
            ),
            _ => (format!("updated {path}: {}", counts(updated)), "done"),
        };
        let refs: Vec<_> = updated.refs.iter().map(|one| serde_json::json!({
            "name": String::from_utf8_lossy(&one.name), "change": one.change.name(),
            "old": one.old_id.map(|id| id.to_string()), "new": one.new_id.map(|id| id.to_string()),
        })).collect();
        let default = updated.new_default_branch.as_ref().map(ToString::to_string);
        let forwarded = updated.forwarded_branch.as_ref().map(ToString::to_string);
        let json = serde_json::json!({
            "target": path, "status": status, "url": updated.url, "head": updated.head.map(|head| head.to_string()),
            "refs": refs, "new_default_branch": default, "forwarded_branch": forwarded, "was_rewritten": updated.was_rewritten(),
            "received_bytes": updated.received_bytes, "warnings": updated.warnings,
        });
        (line, updated.warnings.clone(), json)
    })
}

/// Returns the progress bars, and a context that reports progress to them.
fn bars(
    args: &FleetArgs,
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

/// The number of refs per kind of change: `2 created, 1 deleted`.
fn counts(updated: &UpdateOutcome) -> String {
    let mut parts = Vec::new();
    for change in RefChange::ALL {
        let count = updated
            .refs
            .iter()
            .filter(|one| one.change == *change)
            .count();
        if count > 0 {
            parts.push(format!("{count} {}", change.name()));
        }
    }
    if let Some(name) = &updated.new_default_branch {
        parts.push(format!(
            "default branch now {}",
            String::from_utf8_lossy(name)
        ));
    }
    if let Some(name) = &updated.forwarded_branch {
        parts.push(format!(
            "working tree now at the origin's {}",
            String::from_utf8_lossy(name.strip_prefix(b"refs/heads/").unwrap_or(name))
        ));
    }
    parts.join(", ")
}

/// Prints one line per repository. Errors go to standard error, or into the JSON. Returns the exit
/// code.
fn print<T>(
    report: &Report<T>,
    args: &FleetArgs,
    streams: &mut Streams,
    describe: impl Fn(&str, &T) -> (String, Vec<String>, serde_json::Value),
) -> Result<u8> {
    let mut hints: Vec<&str> = Vec::new();
    let mut written = Ok(());
    for outcome in &report.outcomes {
        let target = &outcome.input;
        let line = match &outcome.result {
            Ok(done) => {
                let (line, warnings, json) = describe(target, done);
                for warning in warnings.iter().filter(|_| !args.json) {
                    let _ = writeln!(streams.err, "warning: {target}: {}", message(warning));
                }
                if args.json {
                    Some(with_cost(json, outcome))
                } else {
                    Some(line).filter(|_| !args.quiet)
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
    match written.and_then(|()| streams.out.flush()) {
        // The reader has closed the pipe. The exit code still reports the outcomes of the
        // repositories.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(exit_code_of(report)),
        Err(error) => Err(Error::storage("write", "standard output")(error)),
        Ok(()) => Ok(exit_code_of(report)),
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

/// Targets from the command line, from `--from`, and from standard input in place of `-`.
fn inputs(typed: &[String], args: &FleetArgs) -> Result<Vec<String>> {
    let standard_input = || list::read(&mut std::io::stdin().lock(), Path::new("standard input"));
    let mut inputs = Vec::new();
    for text in typed {
        if text == "-" {
            inputs.extend(standard_input()?);
        } else {
            inputs.push(text.clone());
        }
    }
    match args.from.as_deref() {
        Some(path) if path == Path::new("-") => inputs.extend(standard_input()?),
        Some(path) => {
            let mut file = std::fs::File::open(path).map_err(Error::storage("read", path))?;
            inputs.extend(list::read(&mut file, path)?);
        }
        None => {}
    }
    Ok(inputs)
}
