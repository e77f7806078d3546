//! The main job: repositories in, a dataset out.

mod job;
mod options;
mod outcome;
mod tables;

use std::path::Path;

use super::dataset::Dataset;
use super::outcome::Report;
use super::run::{self, FleetOptions};
use super::target::{Target, refuse_clashes};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::progress::EndStatus;
use crate::workers::Workers;
use job::MineJob;

pub use options::{MineOptions, Table};
pub use outcome::Mined;

/// Mines `targets` into the dataset at `into`, which is made if it is missing; one failure does not stop the others.
///
/// Each repository's directory appears whole or not at all. A target that an earlier run finished, and whose revision has not
/// moved since, is left as it is. A target that fails gets a directory with nothing but the reason, unless an earlier run
/// finished it; the next run tries it again.
///
/// # Errors
///
/// [`Error::InvalidInput`] if two targets would share a directory or `options.history` names revisions, [`Error::DestinationExists`] if `into` holds something
/// else or a dataset made with other options, [`Error::Storage`] if it cannot be written. Nothing has been mined then.
/// Everything else is an outcome.
pub fn mine(
    targets: &[Target],
    into: &Path,
    options: &MineOptions,
    context: &Context,
) -> Result<Report<Mined>> {
    if options.history.all_refs || !options.history.rev.is_empty() {
        let reason = "mining takes one: MineOptions::rev";
        return Err(Error::invalid(
            "a history with revisions of its own",
            reason,
        ));
    }
    refuse_clashes(&targets.iter().map(Target::url).collect::<Vec<_>>())?;
    let workers = Workers::new(options.threads)?;
    let jobs = if options.jobs == 0 {
        workers.threads().div_ceil(2)
    } else {
        options.jobs
    };
    let dataset = Dataset::open(into, &options.fingerprint())?;
    let fleet = FleetOptions {
        jobs,
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
            context,
        };
        job.run()
    };
    let on_end = |name: &str, result: &Result<Mined>| {
        let ending = match result {
            Ok(mined) if mined.was_finished => EndStatus::Unchanged,
            Ok(_) => EndStatus::Done,
            Err(error) => EndStatus::Failed(error.report()),
        };
        context.progress.ended(name, &ending);
    };
    let targets = targets.iter().map(|target| run::Job {
        input: target,
        name: target.to_string(),
        host: target.url().host(),
    });
    let outcomes = run::run(targets.collect(), &fleet, &context.cancel, work, on_end);
    Ok(Report { outcomes })
}
