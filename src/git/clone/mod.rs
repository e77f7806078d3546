//! Getting a copy of a repository: whole, or not at all.
//!
//! Everything happens in a temporary directory beside the destination, which is renamed when it is complete and on disk. A
//! failure and a cancellation remove it.

mod checkout;
mod config;
mod local;
#[cfg(feature = "http")]
mod network;
mod options;
mod place;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::id::ObjectId;
use super::refs::Head;
use super::repo::{OpenOptions, Repo, Trust};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote_url::{RemoteUrl, Scheme};
use crate::workers::Workers;

#[cfg(feature = "http")]
pub(super) use checkout::{Files, open_for_checkout, write_files};
#[cfg(feature = "http")]
pub(super) use local::copy_objects;
#[cfg(feature = "http")]
pub use network::remote_head;
pub use options::{CloneOptions, Filter, Limits, TagsWanted, UpdateFiles, Worktree};
pub use place::remove_leftovers;
#[cfg(feature = "http")]
pub(super) use place::{refuse_full_disk, sync_directory};

/// What a finished clone looks like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloneOutcome {
    /// Where it lies.
    pub path: PathBuf,
    /// The commit `HEAD` is at; `None` if the repository has none yet.
    pub head: Option<ObjectId>,
    /// Bytes received; 0 for a local copy.
    pub received_bytes: u64,
    /// Where the other side sent us, if it did; without credentials.
    pub final_url: Option<String>,
    /// What the clone does not have although somebody might expect it.
    pub warnings: Vec<String>,
}

/// Clones `url` into `into`, which must be missing or an empty directory.
///
/// https, http, git:// and ssh are spoken in this process, ssh through the `ssh` program; paths and `file` URLs are copied, with
/// hard links where the file system allows. No git program is involved. Submodules do not come along, and neither do files
/// that are kept elsewhere (LFS); the outcome says so.
///
/// # Errors
///
/// - [`Error::DestinationExists`] if `into` holds something.
/// - [`Error::RepositoryNotFound`], [`Error::AuthenticationFailed`], [`Error::Network`] and [`Error::Timeout`], as the other side has it.
/// - [`Error::Refused`] and [`Error::LimitExceeded`] if what comes makes no sense or is too much.
/// - [`Error::Unsupported`] for what the other side cannot do, and for other machines without the `http` feature.
/// - [`Error::Cancelled`] within a second of [`CancelToken::cancel`].
///
/// Whatever the error, `into` is as it was.
pub fn clone_repo(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<CloneOutcome> {
    cancel.check()?;
    let place = place::Place::prepare(into)?;
    let tell = |phase| {
        progress.progress(Progress {
            subject: url.to_string(),
            phase,
            done: 0,
            total: None,
            bytes: 0,
        });
    };
    tell(Phase::Connecting);
    let (received_bytes, final_url) = match url.scheme() {
        Scheme::File => {
            refuse_for_paths(url, options)?;
            local::copy(url, place.staging(), options, progress, cancel)?;
            (0, None)
        }
        #[cfg(feature = "http")]
        _ => {
            let received = network::fetch(url, place.staging(), options, progress, cancel)?;
            (received.bytes, received.final_url)
        }
        #[cfg(not(feature = "http"))]
        _ => {
            return Err(Error::unsupported(format!(
                "{url}: this GitFleet was built without the `http` feature"
            )));
        }
    };
    #[cfg(feature = "http")]
    if options.worktree == Worktree::CheckedOut && options.filter.is_some() {
        let repo = Repo::open(place.staging(), &just_made()?)?;
        super::missing::fetch_files(&repo, url, options, progress, cancel)?;
    }
    if options.worktree == Worktree::CheckedOut {
        let checked_out = checkout::head(place.staging(), url, options, progress, cancel);
        checked_out.map_err(|error| theirs(url, error))?;
    }
    cancel.check()?;
    tell(Phase::Finishing);
    let looked = look_at(place.staging());
    let (head, warnings) = looked.map_err(|error| theirs(url, error))?;
    let path = place.finish()?;
    Ok(CloneOutcome {
        path,
        head,
        received_bytes,
        final_url,
        warnings,
    })
}

/// How a clone just made is opened.
fn just_made() -> Result<OpenOptions> {
    Ok(OpenOptions {
        trust: Trust::Anyone,
        workers: Some(Workers::new(1)?),
        ..OpenOptions::default()
    })
}

/// What is wrong with a clone just made is wrong with what it was made from.
fn theirs(url: &RemoteUrl, error: Error) -> Error {
    match error {
        Error::Corrupt { what, source, .. } => Error::Refused {
            subject: url.to_string(),
            reason: source.map_or(what.clone(), |source| format!("{what}: {source}")),
        },
        other => other,
    }
}

/// A copy of a directory is all of it.
fn refuse_for_paths(url: &RemoteUrl, options: &CloneOptions) -> Result<()> {
    let asked = [
        ("a depth", options.depth.is_some()),
        ("a date to start from", options.shallow_since.is_some()),
        ("a filter", options.filter.is_some()),
        ("refspecs", !options.refspecs.is_empty()),
        ("a single branch", options.single_branch),
        ("a branch", options.branch.is_some()),
        ("leaving out tags", options.tags == TagsWanted::None),
    ];
    match asked.iter().find(|(_, is_asked)| *is_asked) {
        Some((what, _)) => Err(Error::unsupported(format!(
            "{what} for {url}: a repository on this machine is copied whole"
        ))),
        None => Ok(()),
    }
}

/// The commit of `HEAD`, and what its tree refers to that no clone brings.
fn look_at(path: &Path) -> Result<(Option<ObjectId>, Vec<String>)> {
    let repo = Repo::open(path, &just_made()?)?;
    let head = match repo.head()? {
        Head::Branch { commit_id, .. } | Head::Detached { commit_id } => commit_id,
        Head::Unborn { .. } => return Ok((None, Vec::new())),
    };
    let mut warnings = Vec::new();
    let local = repo.local();
    // In a partial clone the files may not be there to be looked at.
    let tree = local
        .find_commit(head.0)
        .ok()
        .and_then(|commit| commit.tree().ok());
    if let Some(tree) = tree {
        let blob = |name: &str| {
            let entry = tree.find_entry(name)?;
            local.try_find_object(entry.object_id()).ok().flatten()
        };
        if tree.find_entry(".gitmodules").is_some() {
            warnings.push("its submodules are not cloned".to_owned());
        }
        let attributes = blob(".gitattributes");
        if attributes
            .is_some_and(|found| memchr::memmem::find(&found.data, b"filter=lfs").is_some())
        {
            warnings.push(
                "files kept by Git LFS are not fetched: their pointers stand in their place"
                    .to_owned(),
            );
        }
    }
    Ok((Some(head), warnings))
}
