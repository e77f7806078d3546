//! Clones, updates and fetches through the library, with small servers.

mod clone;
mod fast_forward;
mod hostile;
mod local;
mod prefetch;
mod server;
mod update;

use std::path::Path;

use gitfleet::remote::{CloneOptions, CloneOutcome, UpdateOutcome, clone_repo, update_repo};
use gitfleet::{CancelToken, RemoteUrl, Result};

use crate::support::silent;

/// Clones `url` with `options`.
fn clone(url: &str, into: &Path, options: &CloneOptions) -> Result<CloneOutcome> {
    let url = RemoteUrl::parse(url)?;
    clone_repo(&url, into, options, &silent(), &CancelToken::new())
}

/// Updates the clone at `path`.
fn update(path: &Path, options: &CloneOptions) -> Result<UpdateOutcome> {
    update_repo(path, options, &silent(), &CancelToken::new())
}
