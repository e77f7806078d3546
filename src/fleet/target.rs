//! Targets of mining: repositories on the local machine and addresses.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::json::Json;
use crate::remote_url::{RemoteUrl, address_of};
use crate::repo_key::RepoKey;

/// A repository to mine.
#[derive(Clone, Debug)]
pub struct Target {
    url: RemoteUrl,
    /// Its metadata from the hosting service, if it was requested.
    about: Option<Arc<Json>>,
}

impl Target {
    /// Parses a path or an address; see [`RemoteUrl::parse`].
    ///
    /// # Errors
    ///
    /// Those of [`RemoteUrl::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        RemoteUrl::parse(text).map(Self::from)
    }

    /// Returns the target with the repository's metadata from its hosting service, in the shape of
    /// GitHub's REST API.
    #[must_use]
    pub fn with_about(mut self, about: Json) -> Self {
        self.about = Some(Arc::new(about));
        self
    }

    /// The metadata from the hosting service, if it was requested.
    pub fn about(&self) -> Option<&Json> {
        self.about.as_deref()
    }

    /// Its address.
    pub fn url(&self) -> &RemoteUrl {
        &self.url
    }

    /// The directory, if the repository is on the local machine.
    pub fn local_path(&self) -> Option<PathBuf> {
        self.url.local_path().map(PathBuf::from)
    }

    /// A name that does not depend on the working directory: the address, or the absolute path with
    /// links resolved.
    pub(super) fn address(&self) -> String {
        let absolute = self
            .local_path()
            .map(|path| std::fs::canonicalize(&path).unwrap_or(path));
        absolute.map_or_else(|| self.url.to_string(), |path| address_of(path.as_os_str()))
    }

    /// The key of the repository, which is also the path of its directory in a dataset.
    pub fn key(&self) -> RepoKey {
        self.url.key()
    }
}

impl From<RemoteUrl> for Target {
    fn from(url: RemoteUrl) -> Self {
        Self { url, about: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}
