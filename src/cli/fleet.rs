//! `mine` and `clone`: many repositories.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::{CloneArgs, FleetArgs, MineArgs, TableArg};
use super::bars::Bars;
use super::environment::{clone_options, history_options};
use super::interrupt;
use super::{DONE, FAILED, Streams, exit_code, hint};
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::{self, FleetOptions, MineOptions, Report, Tables, Target};
use crate::git::Worktree;
use crate::progress::ProgressSink;
use crate::remote_url::RemoteUrl;

pub(super) fn mine(args: &MineArgs, streams: &mut Streams) -> Result<u8> {
    let targets = inputs(&args.targets, &args.fleet)?;
    let cancel = &interrupt::token(); // until now Ctrl-C simply ends us
    let targets = targets
        .iter()
        .map(|text| Target::parse(text))
        .collect::<Result<Vec<_>>>()?;
    let mut options = MineOptions::default();
    let wanted = |table| args.tables.contains(&table);
    options.tables = Tables {
        commits: wanted(TableArg::Commits),
        changes: wanted(TableArg::Changes),
        blame: wanted(TableArg::Blame),
    };
    options.history = history_options(&args.counting)?;
    options.revision.clone_from(&args.rev);
    options.clone = clone_options(&args.fleet);
    options.keep_clones.clone_from(&args.keep_clones);
    options.jobs = args.jobs;
    options.threads = args.threads;
    let bars = Arc::new(Bars::new(
        streams.err_is_terminal && !args.fleet.quiet,
        targets.len(),
    ));
    let sink: Arc<dyn ProgressSink> = Arc::clone(&bars) as Arc<dyn ProgressSink>;
    let report = fleet::mine(&targets, &args.output, &options, &sink, cancel)?;
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
    let cancel = &interrupt::token(); // until now Ctrl-C simply ends us
    let urls = urls
        .iter()
        .map(|text| RemoteUrl::parse(text))
        .collect::<Result<Vec<_>>>()?;
    let mut options = clone_options(&args.fleet);
    options.worktree = if args.bare {
        Worktree::Bare
    } else {
        Worktree::CheckedOut
    };
    let bars = Arc::new(Bars::new(
        streams.err_is_terminal && !args.fleet.quiet,
        urls.len(),
    ));
    let sink: Arc<dyn ProgressSink> = Arc::clone(&bars) as Arc<dyn ProgressSink>;
    let fleet = FleetOptions {
        jobs: args.jobs.max(1),
    };
    let report = fleet::clone_all(&urls, &args.output, &options, fleet, &sink, cancel)?;
    bars.clear();
    print(&report, &args.fleet, streams, |url, cloned| {
        let line = format!("cloned {url} to {}", cloned.path.display());
        let head = cloned.head.map(|head| head.to_string());
        let json = serde_json::json!({
            "target": url, "status": "done", "path": cloned.path, "head": head, "received_bytes": cloned.received_bytes,
        });
        (line, Vec::new(), json)
    })
}

/// One line per repository; errors go to standard error, or into the JSON.
fn print<T>(
    report: &Report<T>,
    args: &FleetArgs,
    streams: &mut Streams,
    describe: impl Fn(&str, &T) -> (String, Vec<String>, serde_json::Value),
) -> Result<u8> {
    let mut code = DONE;
    let mut hints: Vec<&str> = Vec::new();
    let failed = Error::storage("write", "standard output");
    let mut written = Ok(());
    for (target, result) in &report.outcomes {
        match result {
            Ok(outcome) => {
                let (line, warnings, json) = describe(target, outcome);
                if args.json {
                    written = written.and_then(|()| writeln!(streams.out, "{json}"));
                } else {
                    if !args.quiet {
                        written = written.and_then(|()| writeln!(streams.out, "{line}"));
                    }
                    for warning in warnings {
                        let _ = writeln!(streams.err, "warning: {target}: {warning}");
                    }
                }
            }
            Err(error) => {
                let kind = error.kind();
                code = if kind == ErrorKind::Internal {
                    exit_code(kind)
                } else {
                    code.max(FAILED)
                };
                if args.json {
                    let error = serde_json::json!({"kind": kind.name(), "message": error.report()});
                    let json =
                        serde_json::json!({"target": target, "status": "failed", "error": error});
                    written = written.and_then(|()| writeln!(streams.out, "{json}"));
                } else if kind != ErrorKind::Cancelled {
                    let _ = writeln!(streams.err, "error: {}", named(target, error));
                    hints.extend(hint(kind).filter(|hint| !hints.contains(hint)));
                }
            }
        }
    }
    for hint in hints {
        let _ = writeln!(streams.err, "hint: {hint}");
    }
    if report
        .failed()
        .any(|(_, error)| error.kind() == ErrorKind::Cancelled)
    {
        code = super::INTERRUPTED;
    }
    match written.and_then(|()| streams.out.flush()) {
        // Whoever read our output has seen enough; what became of the repositories stays true.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(code),
        other => other.map_err(failed).map(|()| code),
    }
}

/// The error with the target in front, unless it names it already.
fn named(target: &str, error: &Error) -> String {
    let text = error.report();
    if text.contains(target) {
        text
    } else {
        format!("{target}: {text}")
    }
}

/// Targets from the command line, from `--from`, and from standard input where `-` stands. Empty lines and those that start
/// with `#` are left out.
fn inputs(typed: &[String], args: &FleetArgs) -> Result<Vec<String>> {
    let mut inputs = Vec::new();
    for text in typed {
        if text == "-" {
            read_lines(
                &mut std::io::stdin().lock(),
                Path::new("standard input"),
                &mut inputs,
            )?;
        } else {
            inputs.push(text.clone());
        }
    }
    match args.from.as_deref() {
        Some(path) if path == Path::new("-") => {
            read_lines(
                &mut std::io::stdin().lock(),
                Path::new("standard input"),
                &mut inputs,
            )?;
        }
        Some(path) => {
            let file = std::fs::File::open(path).map_err(Error::storage("read", path))?;
            read_lines(&mut std::io::BufReader::new(file), path, &mut inputs)?;
        }
        None => {}
    }
    Ok(inputs)
}

fn read_lines(from: &mut dyn BufRead, name: &Path, inputs: &mut Vec<String>) -> Result<()> {
    for line in from.lines() {
        let line = line.map_err(Error::storage("read", name))?;
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            inputs.push(line.to_owned());
        }
    }
    Ok(())
}
