//! Cloning many repositories below one root.

use std::path::Path;
use std::sync::Arc;

use super::outcome::Report;
use super::pool;
use super::target::refuse_clashes;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::{CloneOptions, CloneOutcome, clone_repo};
use crate::progress::{Ending, ProgressSink};
use crate::remote_url::RemoteUrl;

/// How many things happen at once.
#[derive(Clone, Copy, Debug)]
pub struct FleetOptions {
    /// Repositories worked on at once, at least 1.
    pub jobs: usize,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { jobs: 8 }
    }
}

/// Clones each address to `<root>/<host>/<owner>/<name>`; one failure does not stop the others.
///
/// # Errors
///
/// [`Error::InvalidInput`](crate::Error::InvalidInput) if two addresses would share a directory; nothing has been cloned then.
/// Everything else is an outcome.
pub fn clone_all(
    urls: &[RemoteUrl],
    root: &Path,
    options: &CloneOptions,
    fleet: FleetOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<Report<CloneOutcome>> {
    refuse_clashes(&urls.iter().collect::<Vec<_>>())?;
    let results = pool::run(urls, fleet.jobs, cancel, |url| {
        let result = clone_repo(url, &root.join(url.key().path()), options, progress, cancel);
        let ending = result
            .as_ref()
            .map_or_else(|error| Ending::Failed(error.report()), |_| Ending::Done);
        progress.ended(url.as_str(), &ending);
        result
    });
    Ok(Report {
        outcomes: urls.iter().map(ToString::to_string).zip(results).collect(),
    })
}
