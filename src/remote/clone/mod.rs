//! Cloning: the clone is complete or does not exist.
//!
//! A clone is made in a temporary directory beside the destination, which is renamed when it is
//! complete and on disk. A failure or a cancellation removes it.

mod config;
mod local;
#[cfg(feature = "http")]
mod network;
mod staging;
#[cfg(not(feature = "http"))]
use super::without_http as network;

use std::path::Path;

use super::checkout;
use super::options::{CloneOptions, FetchTags, Worktree};
use super::outcome::CloneOutcome;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::Trust;
use crate::git::id::ObjectId;
use crate::git::refs::Head;
use crate::git::repo::{OpenOptions, Repo};
use crate::progress::{Phase, Progress};
use crate::remote_url::{RemoteUrl, Scheme};

#[cfg(feature = "http")]
pub(super) use config::append_branch;
#[cfg(feature = "http")]
pub use network::remote_head;
pub use staging::remove_leftovers;

/// Clones `url` into `into`, which must be missing or an empty directory.
///
/// The protocols https, http and git:// run in this process; ssh uses the `ssh` program. Paths
/// and `file` URLs are copied, with hard links where the file system allows it. No git program is
/// involved. Submodules and Git LFS files are not fetched; the outcome's warnings say
/// so.
///
/// # Errors
///
/// - [`Error::DestinationExists`] if `into` is a file or a directory that is not empty.
/// - [`Error::RepositoryNotFound`], [`Error::AuthenticationFailed`], [`Error::Network`] and
///   [`Error::Timeout`] if the remote does not exist, denies access, cannot be reached, or does not
///   answer in time.
/// - [`Error::Refused`] and [`Error::LimitExceeded`] if the received data is invalid or exceeds a
///   limit.
/// - [`Error::Unsupported`] for features that the server lacks, and for remote URLs without the
///   `http` feature.
/// - [`Error::Cancelled`] within a second of [`CancelToken::cancel`](crate::CancelToken::cancel).
///
/// After an error, `into` is unchanged.
///
/// # Example
///
/// ```no_run
/// use std::path::Path;
///
/// use gitfleet::remote::{CloneOptions, Worktree, clone_repo};
/// use gitfleet::{Context, RemoteUrl};
///
/// # fn main() -> gitfleet::Result<()> {
/// let url = RemoteUrl::parse("https://github.com/BurntSushi/ripgrep")?;
/// let options = CloneOptions::new().worktree(Worktree::Bare);
/// let cloned = clone_repo(&url, Path::new("ripgrep.git"), &options, &Context::new())?;
/// println!("{:?}, {} bytes received", cloned.head, cloned.received_bytes);
/// # Ok(())
/// # }
/// ```
pub fn clone_repo(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    context: &Context,
) -> Result<CloneOutcome> {
    context.cancel.check()?;
    let staging = staging::StagingDir::prepare(into)?;
    let tell = |phase| {
        context.progress.progress(Progress {
            subject: url.to_string(),
            phase,
            done: 0,
            total: None,
            bytes: 0,
        });
    };
    tell(Phase::Connecting);
    let mut warnings: Vec<String> = options.insecure_warning(url).into_iter().collect();
    let (received_bytes, final_url) = match url.scheme() {
        Scheme::File => {
            refuse_for_paths(url, options)?;
            warnings = local::copy(url, staging.staging(), options, context)?;
            (0, None)
        }
        _ => {
            let received = network::fetch(url, staging.staging(), options, context)?;
            (received.bytes, received.final_url)
        }
    };
    if options.worktree == Worktree::CheckedOut {
        let checked_out = checkout::head(staging.staging(), url, options, context);
        checked_out.map_err(|error| as_remote_error(url, error))?;
    }
    context.cancel.check()?;
    tell(Phase::Finishing);
    let looked = inspect(staging.staging());
    let (head, more) = looked.map_err(|error| as_remote_error(url, error))?;
    warnings.extend(more);
    let path = staging.finish()?;
    Ok(CloneOutcome {
        path,
        head,
        received_bytes,
        final_url,
        warnings,
    })
}

/// Converts [`Error::Corrupt`] of a new clone to [`Error::Refused`]: the damage is in the remote's
/// data.
fn as_remote_error(url: &RemoteUrl, error: Error) -> Error {
    match error {
        Error::Corrupt { what, source, .. } => Error::Refused {
            subject: url.to_string(),
            reason: source.map_or(what.clone(), |source| format!("{what}: {source}")),
        },
        other => other,
    }
}

/// Refuses options that leave something out: a repository on the same machine is copied whole.
fn refuse_for_paths(url: &RemoteUrl, options: &CloneOptions) -> Result<()> {
    let asked = [
        ("a depth", options.depth.is_some()),
        ("a date to start from", options.shallow_since.is_some()),
        ("a filter", options.filter.is_some()),
        ("refspecs", !options.refspecs.is_empty()),
        ("a single branch", options.single_branch),
        ("a branch", options.branch.is_some()),
        ("leaving out tags", options.tags == FetchTags::None),
    ];
    match asked.iter().find(|(_, is_asked)| *is_asked) {
        Some((what, _)) => Err(Error::unsupported(format!(
            "{what} for {url}: a repository on this machine is copied whole"
        ))),
        None => Ok(()),
    }
}

/// Returns the commit of `HEAD`, and warnings about content that its tree refers to and that is not
/// cloned.
fn inspect(path: &Path) -> Result<(Option<ObjectId>, Vec<String>)> {
    let repo = Repo::open(path, &OpenOptions::exact(Trust::Anyone)?)?;
    let head = match repo.head()? {
        Head::Unborn { name } if !repo.refs()?.is_empty() => {
            let warning = format!("its HEAD names {name}, which does not exist: no files are here");
            return Ok((None, vec![warning]));
        }
        head => head.commit_id(),
    };
    let Some(head) = head else {
        return Ok((None, Vec::new()));
    };
    let mut warnings = Vec::new();
    let local = repo.local();
    // In a partial clone these objects may be missing.
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
                "Git LFS files are not fetched: the clone contains their pointers instead"
                    .to_owned(),
            );
        }
    }
    Ok((Some(head), warnings))
}
