//! Child processes that clone and update.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::children::{Served, ServedJob, Setup, from_message, to_message};
use super::clones::Fleet;
use super::supervised_clones::CloneSetup;
use crate::error::Result;
use crate::remote::{CloneOptions, update_repo};

/// A child that clones.
pub(super) struct CloneChild {
    fleet: Fleet,
}

impl CloneChild {
    pub(super) fn new(setup: Setup, served: &Arc<Served>) -> Result<Self> {
        let mut work: CloneSetup = from_message(setup.work.clone())?;
        served.give_credentials(setup, &mut work.options);
        let fleet = Fleet::new(work.root).options(work.options);
        Ok(Self {
            fleet: fleet.existing(work.existing),
        })
    }

    /// Clones one address.
    pub(super) fn run(&self, job: ServedJob) -> Result<Value> {
        let url = job.message.target.into_url()?;
        let fleet = &self.fleet;
        to_message(&fleet.clone_one(&url, &fleet.options, &job.context)?)
    }
}

/// A child that updates clones.
pub(super) struct UpdateChild {
    options: CloneOptions,
}

impl UpdateChild {
    pub(super) fn new(setup: Setup, served: &Arc<Served>) -> Result<Self> {
        let mut options: CloneOptions = from_message(setup.work.clone())?;
        served.give_credentials(setup, &mut options);
        Ok(Self { options })
    }

    /// Updates one clone.
    pub(super) fn run(&self, job: ServedJob) -> Result<Value> {
        let url = job.message.target.into_url()?;
        let path = url.local_path().unwrap_or(Path::new("."));
        to_message(&update_repo(path, &self.options, &job.context)?)
    }
}
