//! Mining: makes a dataset from repositories.

mod job;
mod options;
mod outcome;
mod source;
mod turns;
mod write_tables;

use std::path::Path;

use super::dataset::Dataset;
use super::input::Input;
use super::outcome::Report;
use super::repeats;
use super::run::{FleetOptions, run};
use super::target::Target;
use crate::choice::Choice;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::progress::EndStatus;
use crate::workers::Workers;
use job::MineJob;
use turns::Turns;

pub use options::{MineOptions, Table};
pub use outcome::Mined;
pub(super) use outcome::{OUTCOME_FORMAT, OutcomeFile, PACKAGE_FILE};

/// Mines `targets` into the dataset at `into`, which is created if it is missing. Targets are
/// strings, which [`Target::parse`] reads, or [`Target`]s. If a target fails, the other targets are
/// still mined.
///
/// Each repository's directory is renamed into place when it is complete. If an earlier run
/// finished a target, and its revision still names the same commit, its directory is left
/// unchanged. If a target fails, its directory contains only the error, or the result of an earlier
/// run if there is one. The next run mines a failed target again.
///
/// # Errors
///
/// [`Error::InvalidInput`] if `options.history` names revisions or `options.tables` is empty; [`Error::DestinationExists`] if `into` contains other
/// files or a dataset made with other options, [`Error::Storage`] if it cannot be written. In these
/// cases nothing is mined. Any other error is in the outcome of its target.
///
/// # Example
///
/// ```no_run
/// use std::path::Path;
///
/// use gitfleet::Context;
/// use gitfleet::fleet::{MineOptions, mine};
///
/// # fn main() -> gitfleet::Result<()> {
/// let targets = ["ripgrep", "https://github.com/sharkdp/fd"];
/// let report = mine(targets, Path::new("dataset"), &MineOptions::new(), &Context::new())?;
/// for (target, error) in report.failed() {
///     eprintln!("{target}: {}", error.report());
/// }
/// # Ok(())
/// # }
/// ```
pub fn mine<T>(
    targets: T,
    into: &Path,
    options: &MineOptions,
    context: &Context,
) -> Result<Report<Mined>>
where
    T: IntoIterator<Item: Into<Input<Target>>>,
{
    if options.history.all_refs || !options.history.rev.is_empty() {
        let reason = "not allowed for mining; use MineOptions::rev";
        return Err(Error::invalid(
            "`rev` or `all_refs` in the history options",
            reason,
        ));
    }
    if options.tables.is_empty() {
        let names: Vec<&str> = Table::ALL.iter().map(|table| table.name()).collect();
        let reason = format!("name one or more of {}", names.join(", "));
        return Err(Error::invalid("`tables` is empty", reason));
    }
    let targets: Vec<Input<Target>> = targets.into_iter().map(Into::into).collect();
    let (targets, repeats) = repeats::take_out(targets, Target::url);
    let workers = Workers::new(options.threads)?;
    let jobs = if options.jobs == 0 {
        workers.threads().div_ceil(2)
    } else {
        options.jobs
    };
    let dataset = Dataset::open(into, &options.fingerprint())?;
    let turns = Turns::new(jobs);
    let fleet = FleetOptions {
        // Clones wait for hosts while others are read.
        jobs: jobs + options.clone_jobs,
        jobs_per_host: options.jobs_per_host,
        retry: options.retry.clone(),
        ..FleetOptions::default()
    };
    let work = |target: &Target| {
        let job = MineJob {
            target,
            options,
            dataset: &dataset,
            workers: &workers,
            turns: &turns,
            context,
        };
        job.run()
    };
    let on_end = |_, name: &str, result: &Result<Mined>| {
        let ending = match result {
            Ok(mined) if mined.was_finished => EndStatus::Unchanged,
            Ok(_) => EndStatus::Done,
            Err(error) => EndStatus::Failed(error.report()),
        };
        context.progress.ended(name, &ending);
    };
    let host = |target: &Target| target.url().host().to_owned();
    let report = run(targets, host, &fleet, &context.cancel, work, on_end);
    let again = |first: &Mined, warning| Mined {
        was_finished: true,
        warnings: vec![warning],
        ..first.clone()
    };
    Ok(repeats.put_back(report, again, on_end))
}
