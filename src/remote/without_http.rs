//! Stubs for builds without the `http` feature: each call is refused with an error that names the
//! feature.

use std::path::Path;

use super::options::{CloneOptions, PrefetchFor};
use super::outcome::{Received, UpdateOutcome};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::id::ObjectId;
use crate::git::repo::Repo;
use crate::remote_url::RemoteUrl;

fn unsupported<T>(what: impl std::fmt::Display) -> Result<T> {
    Err(Error::unsupported(format!(
        "{what}: this GitFleet was built without the `http` feature"
    )))
}

/// Refuses to clone a remote URL.
pub(super) fn fetch(
    url: &RemoteUrl,
    _into: &Path,
    _options: &CloneOptions,
    _context: &Context,
) -> Result<Received> {
    unsupported(url)
}

/// Returns an error: updating needs the `http` feature.
///
/// # Errors
///
/// [`Error::Unsupported`], always.
pub fn update_repo(
    path: &Path,
    _options: &CloneOptions,
    _context: &Context,
) -> Result<UpdateOutcome> {
    unsupported(format_args!("updating {}", path.display()))
}

/// Returns an error: prefetching needs the `http` feature.
///
/// # Errors
///
/// [`Error::Unsupported`], always.
pub fn prefetch(
    repo: &Repo,
    _job: &PrefetchFor,
    _options: &CloneOptions,
    _context: &Context,
) -> Result<u64> {
    unsupported(format_args!(
        "fetching the missing objects of {}",
        repo.path().display()
    ))
}

/// Returns an error: reading a remote's `HEAD` needs the `http` feature.
///
/// # Errors
///
/// [`Error::Unsupported`], always.
pub fn remote_head(
    url: &RemoteUrl,
    _options: &CloneOptions,
    _context: &Context,
) -> Result<Option<ObjectId>> {
    unsupported(url)
}
