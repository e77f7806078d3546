//! Clones, updates and fetches through the library, with small servers.

mod clone;
mod fast_forward;
mod fleet;
mod hostile;
mod local;
mod local_changes;
mod odd_refs;
mod origin;
mod prefetch;
mod repack;
mod server;
mod update;

use std::path::Path;

use gitfleet::remote::{CloneOptions, CloneOutcome, UpdateOutcome, clone_repo, update_repo};
use gitfleet::{Context, RemoteUrl, Result};

/// Clones `url` with `options`.
fn clone(url: &str, into: &Path, options: &CloneOptions) -> Result<CloneOutcome> {
    let url = RemoteUrl::parse(url)?;
    clone_repo(&url, into, options, &Context::new())
}

/// Updates the clone at `path`.
fn update(path: &Path, options: &CloneOptions) -> Result<UpdateOutcome> {
    update_repo(path, options, &Context::new())
}
