//! Clones and updates in child processes.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::children::{JobMessage, Setup, SupervisedJob, Supervisor, WorkKind};
use super::existing::IfExists;
use crate::context::Context;
use crate::error::Result;
use crate::path_bytes;
use crate::remote::{CloneOptions, UpdateOutcome, remove_leftovers};
use crate::remote_url::RemoteUrl;

/// The parts that all clones share.
#[derive(Deserialize, Serialize)]
pub(super) struct CloneSetup {
    #[serde(with = "path_bytes")]
    pub(super) root: PathBuf,
    pub(super) options: CloneOptions,
    pub(super) existing: IfExists,
}

/// The setup of children that clone with these options.
pub(super) fn clone_setup(
    root: &Path,
    existing: IfExists,
    options: &CloneOptions,
) -> Result<Setup> {
    let work = CloneSetup {
        root: root.to_owned(),
        options: options.clone(),
        existing,
    };
    Setup::new(WorkKind::Clone, &work, options)
}

/// Clones one address to `place` in a child.
pub(super) fn clone_in_child<T: DeserializeOwned>(
    supervisor: &Supervisor<'_>,
    url: &RemoteUrl,
    place: &Path,
    context: &Context,
) -> Result<T> {
    let clean = || {
        // What is left is removed by the next run at the latest.
        let _ = place.parent().map(remove_leftovers);
    };
    supervisor.run(&SupervisedJob {
        name: &url.to_string(),
        message: JobMessage {
            target: url.into(),
            about: None,
        },
        context,
        turns: None,
        clean: &clean,
    })
}

/// The setup of children that update clones with these options.
pub(super) fn update_setup(options: &CloneOptions) -> Result<Setup> {
    Setup::new(WorkKind::Update, options, options)
}

/// Updates the clone at `path` in a child.
pub(super) fn update_in_child(
    supervisor: &Supervisor<'_>,
    name: &str,
    path: &Path,
    context: &Context,
) -> Result<UpdateOutcome> {
    supervisor.run(&SupervisedJob {
        name,
        message: JobMessage {
            target: (&RemoteUrl::local(name, path.to_owned())).into(),
            about: None,
        },
        context,
        turns: None,
        clean: &|| (), // an update removes what another left
    })
}
