//! The client and its requests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::batch_size::GraphqlBatch;
use super::cache::{CacheOptions, ResponseCache};
use super::clock::{Clock, SystemClock};
use super::graphql_error::refusal;
use super::listing::RepositoryFilter;
use super::pages::Pages;
use super::pool::{Account, Pool, QuotaPolicy, TokenStatus};
use super::request::ApiRequest;
use super::requester::{Apis, Requester};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::mutex::lock;
use crate::net::Net;
use crate::remote_url::without_user_info;
use crate::settings::settings;

settings! {
    /// Options of a [`GitHub`] client.
    pub struct GitHubOptions {
        /// Credentials of requests; without any, GitHub answers 60 calls per hour. Several tokens
        /// of one person share one limit, and GitHub's terms forbid sharing tokens to exceed the
        /// limits.
        pub accounts: Vec<Account> = Vec::new(),
        /// Base URL of the API, such as `https://github.example.org/api/v3`; `None` means
        /// github.com's.
        pub base_url: Option<String> = None,
        /// Proxy, certificates and time limits.
        pub net: Net = Net::default(),
        /// The cache of answers: a repeated request does not count against the rate limit if the
        /// answer is unchanged. `None` means no cache.
        pub cache: Option<CacheOptions> = None,
        /// Requests per hour that are left for other programs.
        pub reserve: u64 = 0,
        /// Longest time to wait for a rate limit to end. If the wait would be longer, the call
        /// fails at once, and its error contains the time of the reset. The default is longer than
        /// the period of any of GitHub's limits.
        pub longest_wait: Duration = Duration::from_secs(65 * 60),
        /// Number of retries after a temporary failure.
        pub retries: u32 = 4,
        /// The clock.
        pub clock: Arc<dyn Clock> = Arc::new(SystemClock),
    }
}

settings! {
    /// The order of search results.
    #[derive(Eq, PartialEq)]
    pub struct SearchOrder {
        /// `stars`, `forks`, `help-wanted-issues` or `updated`; `None` means best match first.
        pub sort: Option<String> = None,
        /// True if the smallest comes first.
        pub ascending: bool = false,
    }
}

/// A client of GitHub's API. It is cheap to clone. All calls must be made on the same Tokio
/// runtime, which the caller provides.
///
/// Every call waits for quota, retries temporary failures and follows moved repositories. Dropping
/// its future stops it.
#[derive(Clone)]
pub struct GitHub {
    pub(super) requester: Arc<Requester>,
    pub(super) batches: Arc<GraphqlBatch>,
    /// The owners looked up so far, with true for organisations.
    organisations: Arc<Mutex<HashMap<String, bool>>>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GitHub")
    }
}

const GITHUB: &str = "https://api.github.com";

/// Construction.
impl GitHub {
    /// Makes a client. No request is sent.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for an invalid base URL or token, and the errors of TLS: see
    /// [`Net`].
    pub fn new(options: GitHubOptions) -> Result<Self> {
        let settings = options.net.for_client()?;
        let base_url = options
            .base_url
            .as_deref()
            .unwrap_or(GITHUB)
            .trim_end_matches('/');
        let url = check(base_url)?;
        let is_here = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let is_open = url.scheme() == "http" && !is_here;
        if is_open && !options.accounts.is_empty() && !options.net.options().allow_clear_text {
            let reason = "is plain http: tokens are not sent over it; use https";
            return Err(Error::invalid(format!("base URL `{base_url}`"), reason));
        }
        // GitHub Enterprise serves GraphQL beside the REST API's path, not below it.
        let graphql_url = base_url.strip_suffix("/v3").unwrap_or(base_url);
        for (number, account) in options.accounts.iter().enumerate() {
            if let Account::Token(token) = account
                && http::HeaderValue::from_str(token.expose()).is_err()
            {
                let what = format!("token {} of {}", number + 1, options.accounts.len());
                let reason = "contains characters that no token has, such as a line break";
                return Err(Error::invalid(what, reason));
            }
        }
        let quota_policy = QuotaPolicy {
            reserve: options.reserve,
            longest_wait: options.longest_wait,
        };
        let pool = Arc::new(Pool::new(options.accounts, options.clock, quota_policy));
        let cache = options
            .cache
            .map(|cache| ResponseCache::new(cache, base_url));
        let apis = Apis::new(settings, base_url, graphql_url);
        Ok(Self {
            requester: Arc::new(Requester::new(apis, pool, cache, options.retries)),
            batches: Arc::default(),
            organisations: Arc::default(),
        })
    }
}

fn check(base_url: &str) -> Result<url::Url> {
    let shown = without_user_info(base_url);
    let invalid = |reason: String| Error::invalid(format!("base URL `{shown}`"), reason);
    let parsed = url::Url::parse(base_url).map_err(|error| invalid(error.to_string()))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let reason = "has credentials in it; give them as a token";
        return Err(Error::invalid("base URL", reason));
    }
    if !matches!(parsed.scheme(), "https" | "http") || !parsed.has_host() {
        return Err(invalid("is not an https address".to_owned()));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid(
            "has more than a path; remove the query and the fragment".to_owned(),
        ));
    }
    Ok(parsed)
}

/// Single requests. Their errors are [`Error::Service`], or [`Error::InvalidInput`] for a route
/// that is not valid.
impl GitHub {
    /// Returns the answer to a GET request for `route`, such as `/repos/o/r/topics`.
    ///
    /// # Errors
    ///
    /// [`Error::Service`]: its kind, status and message give the reason.
    pub async fn get(&self, route: &str) -> Result<Json> {
        let route = rooted(route);
        let answer = self.requester.ask(&ApiRequest::get(route)).await?;
        Ok(Json(answer.body))
    }

    /// Returns the `data` of the answer to a GraphQL query.
    ///
    /// # Errors
    ///
    /// [`Error::Service`], also if the answer has errors and no data.
    pub async fn graphql(&self, query: &str, variables: Json) -> Result<Json> {
        let mut body = self.graphql_answer(query, variables.0).await?;
        let data = body.get_mut("data").map(Value::take).unwrap_or_default();
        if data.is_null() {
            return Err(Error::service(refusal(&body)));
        }
        Ok(Json(data))
    }

    pub(super) async fn graphql_answer(&self, query: &str, variables: Value) -> Result<Value> {
        let request = ApiRequest {
            method: Method::POST,
            route: "/graphql".to_owned(),
            body: Some(serde_json::json!({"query": query, "variables": variables})),
            // A query that contains the word `mutation` may change something, so it is not retried.
            is_safe: !query.contains("mutation"),
            is_costly: false,
            token: None,
            identity: None,
        };
        Ok(self.requester.ask(&request).await?.body)
    }

    /// A repository. Moved repositories are returned under their current name.
    ///
    /// # Errors
    ///
    /// [`Error::Service`], as for all methods below.
    pub async fn repository(&self, owner: &str, name: &str) -> Result<Json> {
        self.get(&repo(owner, name, "")).await
    }

    /// Bytes of code per language.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn languages(&self, owner: &str, name: &str) -> Result<Json> {
        self.get(&repo(owner, name, "/languages")).await
    }

    /// A user or organisation.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn user(&self, login: &str) -> Result<Json> {
        self.get(&format!("/users/{}", part(login))).await
    }

    /// The user that the token belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn authenticated_user(&self) -> Result<Json> {
        self.get("/user").await
    }

    /// The rate limits, as GitHub reports them. The request does not count against them.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn rate_limit(&self) -> Result<Json> {
        self.get("/rate_limit").await
    }

    /// Returns true if GitHub accepts the token.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] if the token could not be checked.
    pub async fn validate_credentials(&self) -> Result<bool> {
        match self.authenticated_user().await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AuthenticationFailed => Ok(false),
            // An app's installation is not a user. GitHub denies permission only to tokens that it
            // accepts.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The known state of each token. No request is sent.
    pub fn token_statuses(&self) -> Vec<TokenStatus> {
        self.requester.pool.statuses()
    }
}

/// Listings. No request is sent before the first page is read, unless stated otherwise.
impl GitHub {
    /// The listing at a route, or at the cursor of another listing.
    pub fn resume(&self, cursor: &str) -> Pages {
        let pages = Pages::at(Arc::clone(&self.requester), &rooted(cursor));
        if cursor.trim_start_matches('/').starts_with("search/") {
            pages.items_at("items")
        } else {
            pages
        }
    }

    /// The repositories of a user or organisation. One request per owner finds out which of the two
    /// the owner is. If one of the tokens belongs to the owner, private repositories are included.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] if there is no such owner.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use gitfleet::providers::github::{GitHub, GitHubOptions, RepositoryFilter};
    ///
    /// # async fn list() -> gitfleet::Result<()> {
    /// let github = GitHub::new(GitHubOptions::new())?;
    /// let filter = RepositoryFilter::new().forks(false);
    /// for repository in github.repositories("rust-lang", filter).await?.collect().await? {
    ///     println!("{:?}", repository.text("/full_name"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn repositories(&self, owner: &str, filter: RepositoryFilter) -> Result<Pages> {
        let route = if self.is_organisation(owner).await? {
            format!(
                "/orgs/{}/repos?per_page=100&type=all&sort=full_name",
                part(owner)
            )
        } else if let Some(identity) = self.ourselves(owner).await? {
            let route = "/user/repos?per_page=100&affiliation=owner&sort=full_name";
            return Ok(self
                .resume(route)
                .asked_as(Some(identity))
                .filtered_by(filter));
        } else {
            format!(
                "/users/{}/repos?per_page=100&type=owner&sort=full_name",
                part(owner)
            )
        };
        Ok(self.resume(&route).filtered_by(filter))
    }

    /// Contributors, most commits first. With `anonymous`, those without a GitHub account are
    /// included, by e-mail address.
    pub fn contributors(&self, owner: &str, name: &str, anonymous: bool) -> Pages {
        let anonymous = if anonymous { "&anon=1" } else { "" };
        self.resume(&repo(
            owner,
            name,
            &format!("/contributors?per_page=100{anonymous}"),
        ))
    }

    /// Branches, by name.
    pub fn branches(&self, owner: &str, name: &str) -> Pages {
        self.resume(&repo(owner, name, "/branches?per_page=100"))
    }

    /// Tags, in descending order of their names.
    pub fn tags(&self, owner: &str, name: &str) -> Pages {
        self.resume(&repo(owner, name, "/tags?per_page=100"))
    }

    /// Releases, newest first.
    pub fn releases(&self, owner: &str, name: &str) -> Pages {
        self.resume(&repo(owner, name, "/releases?per_page=100"))
    }

    /// Members of an organisation, as far as the token may see them.
    pub fn members(&self, organisation: &str) -> Pages {
        self.resume(&format!(
            "/orgs/{}/members?per_page=100",
            part(organisation)
        ))
    }

    /// Repositories that match a query in GitHub's search syntax; GitHub gives the first 1,000.
    pub fn search_repositories(&self, query: &str, order: &SearchOrder) -> Pages {
        let mut route = format!("/search/repositories?per_page=100&q={}", part(query));
        if let Some(sort) = &order.sort {
            let direction = if order.ascending { "asc" } else { "desc" };
            route = format!("{route}&sort={}&order={direction}", part(sort));
        }
        self.resume(&route)
    }

    async fn is_organisation(&self, owner: &str) -> Result<bool> {
        let known = lock(&self.organisations).get(owner).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let is_organisation = self.user(owner).await?.text("/type") == Some("Organization");
        let mut organisations = lock(&self.organisations);
        organisations.insert(owner.to_owned(), is_organisation);
        Ok(is_organisation)
    }

    /// The key of the identity of `owner`, if one of the tokens belongs to that user. With this
    /// token, private repositories are listed too.
    async fn ourselves(&self, owner: &str) -> Result<Option<String>> {
        if self.requester.pool.accounts() > 1 {
            return self.requester.identity_of(owner).await;
        }
        let keys = self.requester.pool.identity_keys();
        if self.requester.pool.accounts() == 0 {
            return Ok(None);
        }
        match self.authenticated_user().await {
            Ok(user) => {
                let is_its = user
                    .text("/login")
                    .is_some_and(|login| login.eq_ignore_ascii_case(owner));
                Ok(keys.into_iter().next().filter(|_| is_its))
            }
            // An app's installation is not a user, and some tokens may not read their user.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::NotFound
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The characters that are percent-encoded in a segment of a path or in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Percent-encodes text as one segment of a path, so that it cannot become several.
fn part(text: &str) -> String {
    match text {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        text => utf8_percent_encode(text, PLAIN).to_string(),
    }
}

fn repo(owner: &str, name: &str, rest: &str) -> String {
    format!("/repos/{}/{}{rest}", part(owner), part(name))
}

fn rooted(route: &str) -> String {
    if route.starts_with('/') {
        route.to_owned()
    } else {
        format!("/{route}")
    }
}
