//! Getting a copy of a repository: whole, or not at all.
//!
//! Everything happens in a temporary directory beside the destination, which is renamed when it is complete and on disk. A
//! failure and a cancellation remove it.

mod checkout;
mod local;
mod place;
#[cfg(feature = "http")]
mod transport;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::id::ObjectId;
use super::refs::Head;
use super::repo::{OpenOptions, Repo, Trust};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::net::{Credentials, Net};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote_url::{RemoteUrl, Scheme};
use crate::workers::Workers;

#[cfg(feature = "http")]
pub use transport::remote_head;

/// Whether files are checked out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Worktree {
    /// As `git clone` does: a working tree with a `.git` directory in it.
    #[default]
    CheckedOut,
    /// As `git clone --bare` does: enough for mining.
    Bare,
}

/// How to clone; the default is all history with files checked out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CloneOptions {
    /// Whether files are checked out.
    pub worktree: Worktree,
    /// Whether a local repository of another user is copied.
    pub trust: Trust,
    /// Proxy, certificates and time limits.
    pub net: Net,
    /// Whom we are to which host. Those in the address itself come first.
    pub credentials: Vec<Credentials>,
    /// Threads that one clone may use for resolving deltas and checking out; 0 is one per core.
    pub threads: usize,
}

/// What a finished clone looks like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloneOutcome {
    /// Where it lies.
    pub path: PathBuf,
    /// The commit `HEAD` is at; `None` if the repository has none yet.
    pub head: Option<ObjectId>,
    /// Pack data received, in bytes; 0 for a local copy.
    pub received_bytes: u64,
}

/// Clones `url` into `into`, which must be missing or an empty directory.
///
/// https and http go over the network in this process; paths and `file` URLs are copied, with hard links where the file
/// system allows. No git program is involved. All branches and tags come along, as with `git clone`; submodules do not.
///
/// # Errors
///
/// - [`Error::DestinationExists`] if `into` holds something.
/// - [`Error::RepositoryNotFound`], [`Error::AuthenticationFailed`], [`Error::Network`] and [`Error::Timeout`], as the other side has it.
/// - [`Error::Unsupported`] for ssh, `git://`, and https without the `http` feature.
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
    let tell = |phase, done| {
        progress.progress(Progress {
            subject: url.to_string(),
            phase,
            done,
            total: None,
        });
    };
    tell(Phase::Connecting, 0);
    let received_bytes = match url.scheme() {
        Scheme::File => {
            local::copy(url, place.staging(), options, progress, cancel)?;
            0
        }
        #[cfg(feature = "http")]
        Scheme::Https | Scheme::Http => {
            transport::fetch(url, place.staging(), options, progress, cancel)?
        }
        #[cfg(not(feature = "http"))]
        Scheme::Https | Scheme::Http => {
            return Err(Error::unsupported(format!(
                "{url}: this GitFleet was built without the `http` feature"
            )));
        }
        Scheme::Ssh => {
            return Err(Error::unsupported(format!(
                "ssh ({url}); use the repository's https address"
            )));
        }
        Scheme::Git => {
            return Err(Error::unsupported(format!(
                "git:// ({url}); use the repository's https address"
            )));
        }
    };
    if options.worktree == Worktree::CheckedOut {
        checkout::head(place.staging(), url, options, progress, cancel)?;
    }
    cancel.check()?;
    tell(Phase::Finishing, 0);
    let head = head_of(place.staging())?;
    let path = place.finish()?;
    Ok(CloneOutcome {
        path,
        head,
        received_bytes,
    })
}

fn head_of(path: &Path) -> Result<Option<ObjectId>> {
    let options = OpenOptions {
        trust: Trust::Anyone,
        workers: Some(Workers::new(1)?),
        ..OpenOptions::default()
    };
    Ok(match Repo::open(path, &options)?.head()? {
        Head::Branch { commit_id, .. } | Head::Detached { commit_id } => Some(commit_id),
        Head::Unborn { .. } => None,
    })
}
