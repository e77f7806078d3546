//! `commits`, `changes` and `blame`: rows of one repository.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::args::{BlameArgs, HistoryArgs, OutputArgs};
use super::bars::Bars;
use super::exit::{DONE, FAILED};
use super::output::Output;
use super::streams::Streams;
use super::terminal::message;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::edge::network::Network;
use crate::error::{Error, Result};
use crate::git::{BrokenRef, HistoryOptions, MissingBlobs, Repo};
use crate::mutex::lock;
use crate::remote::{PrefetchFor, prefetch};
use crate::table::{self, Format, Records};

/// The default columns of the tables on a terminal.
const COMMIT_COLUMNS: &[&str] = &[
    "commit_id",
    "author_time",
    "author_name",
    "files_changed",
    "additions",
    "deletions",
    "summary",
];
const CHANGE_COLUMNS: &[&str] = &[
    "commit_id",
    "change_type",
    "additions",
    "deletions",
    "path",
    "old_path",
];
const BLAME_COLUMNS: &[&str] = &[
    "commit_id",
    "author_time",
    "author_name",
    "path",
    "start_line",
    "line_count",
];
const LINE_COLUMNS: &[&str] = &[
    "commit_id",
    "author_time",
    "author_name",
    "path",
    "start_line",
    "content",
];

pub(super) fn commits(
    args: &HistoryArgs,
    streams: &mut Streams,
    cancel: &CancelToken,
) -> Result<u8> {
    history(args, table::commits, COMMIT_COLUMNS, streams, cancel)
}

pub(super) fn changes(
    args: &HistoryArgs,
    streams: &mut Streams,
    cancel: &CancelToken,
) -> Result<u8> {
    history(args, table::changes, CHANGE_COLUMNS, streams, cancel)
}

fn history(
    args: &HistoryArgs,
    table: impl FnOnce(&Repo, &HistoryOptions) -> Result<Records>,
    table_columns: &[&str],
    streams: &mut Streams,
    cancel: &CancelToken,
) -> Result<u8> {
    let repo = Repo::open(&args.repo, &args.output.open_options()?)?;
    let options = args.options()?;
    if options.missing == MissingBlobs::Fetch {
        fetch(
            &repo,
            &PrefetchFor::Commits(options.clone()),
            &args.output,
            streams,
            cancel,
        )?;
    }
    let broken = if options.all_refs {
        repo.broken_refs()?
    } else {
        Vec::new()
    };
    for BrokenRef { name, reason, .. } in broken {
        let _ = writeln!(streams.err, "warning: the ref {name} is left out: {reason}");
    }
    let context = Context::new().cancelled_by(cancel);
    let records = table(&repo.with_context(&context), &options)?;
    let missing = records.missing_blobs();
    let status = write(records, &args.output, table_columns, streams);
    let missing = missing.count();
    if missing > 0 {
        let _ = writeln!(
            streams.err,
            "warning: {missing} {} no line counts: the repository does not have the content (a partial clone?)",
            if missing == 1 {
                "change has"
            } else {
                "changes have"
            }
        );
    }
    status
}

pub(super) fn blame(args: &BlameArgs, streams: &mut Streams, cancel: &CancelToken) -> Result<u8> {
    let repo = Repo::open(&args.repo, &args.output.open_options()?)?;
    let options = args.options(&repo)?;
    if options.missing == MissingBlobs::Fetch {
        fetch(
            &repo,
            &PrefetchFor::Blame(options.clone()),
            &args.output,
            streams,
            cancel,
        )?;
    }
    let failures: Arc<Mutex<Vec<Error>>> = Arc::default();
    let keep = Arc::clone(&failures);
    let on_failure = move |_: &[u8], error: Error| {
        lock(&keep).push(error);
    };
    let bars = Arc::new(Bars::new(streams.err_is_terminal && !args.output.quiet, 1));
    let context = Context::new()
        .reported_to(Arc::clone(&bars) as _)
        .cancelled_by(cancel);
    let mut records = table::blame(&repo.with_context(&context), &options, on_failure)?;
    let columns = if args.lines {
        LINE_COLUMNS
    } else {
        BLAME_COLUMNS
    };
    let is_terminal = args.output.output.is_none() && streams.out_is_terminal;
    if is_terminal {
        // Rows and a progress bar must not be on the screen at the same time.
        records = records.collected();
        bars.clear();
    }
    let written = write(records, &args.output, columns, streams);
    bars.clear();
    written?;
    let failures = std::mem::take(&mut *lock(&failures));
    for error in &failures {
        let _ = writeln!(streams.err, "error: {}", error.report());
    }
    Ok(if failures.is_empty() { DONE } else { FAILED })
}

/// Fetches the objects that a partial clone left out.
fn fetch(
    repo: &Repo,
    needed: &PrefetchFor,
    args: &OutputArgs,
    streams: &Streams,
    cancel: &CancelToken,
) -> Result<()> {
    let bars = Arc::new(Bars::new(streams.err_is_terminal && !args.quiet, 1));
    let context = Context::new()
        .reported_to(Arc::clone(&bars) as _)
        .cancelled_by(cancel);
    let options = Network::default().clone_options();
    let fetched = prefetch(repo, needed, &options, &context);
    bars.clear();
    fetched.map(|_| ())
}

pub(super) fn write(
    records: Records,
    args: &OutputArgs,
    table_columns: &[&str],
    streams: &mut Streams,
) -> Result<u8> {
    let format = Output::format(args, streams);
    if args.raw_bytes && format != Some(Format::RawCsv) {
        let reason = "is for CSV only: other formats are UTF-8; write --format csv";
        return Err(Error::invalid("--raw-bytes", reason));
    }
    let records = match (args.columns.as_slice(), format) {
        ([], None) => records.select(
            &table_columns
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>(),
        )?,
        ([], Some(_)) => records,
        (columns, _) => records.select(columns)?,
    };
    let mut output = Output::open(args, format, records.schema(), streams)?;
    let mut failure = None;
    for batch in records {
        match batch {
            Ok(batch) => output.write(&batch)?,
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        // The rows that precede the failure are written to standard output, a device or a pipe. A
        // regular file is left unchanged.
        Some(error) => {
            output.abandon()?;
            Err(error)
        }
        None => {
            if let Some(warning) = output.warning() {
                let _ = writeln!(streams.err, "warning: {}", message(&warning));
            }
            output.finish().map(|()| DONE)
        }
    }
}
