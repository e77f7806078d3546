//! Mining in child processes.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job::MineJob;
use super::options::MineOptions;
use super::outcome::Mined;
use super::place::Place;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::children::{JobMessage, Served, ServedJob, Setup, SupervisedJob, Supervisor};
use crate::fleet::children::{WorkKind, from_message, to_message};
use crate::fleet::dataset::Dataset;
use crate::fleet::target::Target;
use crate::fleet::turns::Turns;
use crate::git::CACHE_BYTES;
use crate::json::Json;
use crate::path_bytes;
use crate::workers::Workers;

/// The part of a job's memory that is used for decoded objects.
const CACHE_SHARE: u64 = 8;

/// The parts that all jobs share.
#[derive(Deserialize, Serialize)]
struct MineSetup {
    #[serde(with = "path_bytes")]
    dataset: PathBuf,
    options_hash: String,
    options: MineOptions,
}

/// The setup of children that mine into `dataset`.
pub(super) fn setup(dataset: &Dataset, options: &MineOptions) -> Result<Setup> {
    let work = MineSetup {
        dataset: dataset.root().to_owned(),
        options_hash: dataset.options_hash.clone(),
        options: options.clone(),
    };
    Setup::new(WorkKind::Mine, &work, &options.clone_options)
}

/// Mines one repository in a child.
pub(super) fn mine(
    supervisor: &Supervisor<'_>,
    place: Place<'_>,
    turns: &Arc<Turns>,
    context: &Context,
) -> Result<Mined> {
    let target = place.target;
    let job = SupervisedJob {
        name: &target.to_string(),
        message: JobMessage {
            target: target.url().into(),
            about: target.about().map(|about| about.0.clone()),
        },
        context,
        turns: Some(turns),
        // What is left is removed by the next run at the latest.
        clean: &|| drop(place.dataset.clean()),
    };
    let result = supervisor.run::<(Mined, bool)>(&job);
    let (mined, was_finished) = result.inspect_err(|error| keep(place, error))?;
    Ok(Mined {
        path: place.path(),
        was_finished,
        ..mined
    })
}

/// Stores the error of a child that could not do so itself.
fn keep(place: Place<'_>, error: &Error) {
    use ErrorKind::{Crashed, MemoryLimit, TimeLimit};
    if matches!(error.kind(), MemoryLimit | TimeLimit | Crashed) {
        place.keep_failure(error);
    }
}

/// A child that mines.
pub(in crate::fleet) struct MineChild {
    options: MineOptions,
    dataset: Dataset,
    workers: Workers,
    served: Arc<Served>,
}

impl MineChild {
    pub(in crate::fleet) fn new(setup: Setup, served: &Arc<Served>) -> Result<Self> {
        let mut work: MineSetup = from_message(setup.work.clone())?;
        served.give_credentials(setup, &mut work.options.clone_options);
        Ok(Self {
            workers: Workers::new(work.options.threads)?,
            options: work.options,
            dataset: Dataset::opened(work.dataset, work.options_hash),
            served: Arc::clone(served),
        })
    }

    /// Mines one repository.
    pub(in crate::fleet) fn run(&self, job: ServedJob) -> Result<Value> {
        let target = Target::from(job.message.target.into_url()?);
        let target = match job.message.about {
            Some(about) => target.with_about(Json(about)),
            None => target,
        };
        let turn = |cancel: &CancelToken| self.served.turn(cancel).map(|()| None);
        let cache = usize::try_from(job.memory / CACHE_SHARE).unwrap_or(CACHE_BYTES);
        let job = MineJob {
            target: &target,
            options: &self.options,
            dataset: &self.dataset,
            workers: &self.workers,
            turn: &turn,
            cache_bytes: Some(cache.min(CACHE_BYTES)),
            context: &job.context,
        };
        let mined = job.run()?;
        to_message(&(&mined, mined.was_finished))
    }
}
