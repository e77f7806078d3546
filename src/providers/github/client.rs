//! The client.

use octocrab::{Octocrab, OctocrabBuilder};
use serde_json::Value;

use super::source;
use crate::error::{Error, Result};
use crate::net::Net;
use crate::secret::Secret;

/// How GitHub is reached.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GitHubOptions {
    /// Who asks; without a token GitHub answers 60 calls an hour.
    pub token: Option<Secret>,
    /// Where the API is, as `https://github.example.org/api/v3`; `None` is github.com's.
    pub base_url: Option<String>,
    /// Proxy, certificates and time limits.
    pub net: Net,
}

/// A client of GitHub's API. Cheap to clone; needs a Tokio runtime around its calls and starts none.
#[derive(Clone)]
pub struct GitHub {
    api: Octocrab,
}

impl GitHub {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a base URL that is none, and what TLS has to say: see [`Net`]. Needs a runtime, like every
    /// call.
    pub fn new(options: &GitHubOptions) -> Result<Self> {
        let client = options.net.for_client()?.client()?;
        let base_url = options
            .base_url
            .as_deref()
            .unwrap_or("https://api.github.com");
        let mut builder = OctocrabBuilder::new()
            .base_uri(base_url)
            .map_err(|error| Error::invalid(format!("base URL `{base_url}`"), error.to_string()))?;
        if let Some(token) = &options.token {
            builder = builder.personal_token(token.expose().to_owned());
        }
        let api = builder
            .build_with_reqwest(client)
            .map_err(|error| Error::internal(format!("building the GitHub client: {error}")))?;
        Ok(Self { api })
    }

    /// Returns what GitHub says about a repository, as it says it.
    ///
    /// # Errors
    ///
    /// [`Error::RepositoryNotFound`], [`Error::AuthenticationFailed`], [`Error::RateLimited`], [`Error::Network`].
    pub async fn repository(&self, owner: &str, name: &str) -> Result<Value> {
        self.get(&format!("/repos/{owner}/{name}")).await
    }

    /// Returns the limits of this token, as GitHub says them. Costs no call against them.
    ///
    /// # Errors
    ///
    /// As [`GitHub::repository`].
    pub async fn rate_limit(&self) -> Result<Value> {
        self.get("/rate_limit").await
    }

    async fn get(&self, route: &str) -> Result<Value> {
        self.api
            .get(route, None::<&()>)
            .await
            .map_err(|error| source::classify(route, error))
    }
}
