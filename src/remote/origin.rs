//! The origin of a clone.

use std::path::Path;

use crate::error::Result;
use crate::git::Trust;
use crate::git::id::ObjectId;
use crate::git::repo::{OpenOptions, Repo};
use crate::remote_url::RemoteUrl;

/// The origin and the head of a clone, as the clone records them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloneOrigin {
    /// The URL of the remote `origin`; `None` if there is none or it cannot be parsed.
    pub url: Option<RemoteUrl>,
    /// The commit of `HEAD`; `None` if there is none yet.
    pub head: Option<ObjectId>,
}

/// Reads the origin and the head of the clone at `path`. Nothing in it is run or trusted.
///
/// # Errors
///
/// [`Error::RepositoryNotFound`](crate::Error::RepositoryNotFound) and
/// [`Error::Corrupt`](crate::Error::Corrupt).
pub fn origin(path: &Path) -> Result<CloneOrigin> {
    let open = OpenOptions::exact(Trust::Anyone)?;
    let repo = Repo::open(path, &open)?;
    let url = fetch_url(&repo.local());
    Ok(CloneOrigin {
        url: url.and_then(|url| RemoteUrl::parse(&url).ok()),
        head: repo.head()?.commit_id(),
    })
}

/// Returns the URL to fetch from: as in git, the first `remote.origin.url` after the last empty one.
/// Further URLs are for pushing only.
pub(super) fn fetch_url(repo: &gix::Repository) -> Option<String> {
    let config = repo.config_snapshot();
    let urls = config.plumbing().strings("remote.origin.url")?;
    let first = urls.rsplit(|url| url.is_empty()).next()?.first()?;
    Some(first.to_string())
}
