//! What can be asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
use crate::net::Net;
use crate::remote_url::without_user_info;

/// How GitHub is reached, and by whom.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GitHubOptions {
    /// Who asks; without any GitHub answers 60 calls an hour. GitHub's terms allow several tokens of one person no more
    /// than one would get, and forbid sharing tokens to get past limits.
    pub accounts: Vec<Account>,
    /// Where the API is, as `https://github.example.org/api/v3`; `None` is github.com's.
    pub base_url: Option<String>,
    /// Proxy, certificates and time limits.
    pub net: Net,
    /// Where answers are kept, to be asked for again at no cost.
    pub cache: Option<CacheOptions>,
    /// Requests an hour that stay for others.
    pub reserve: u64,
    /// Longest time to wait for a limit to end; more is an error that names the time.
    pub longest_wait: Duration,
    /// How often a request is tried again after a failure that may pass.
    pub retries: u32,
    /// What is waited by.
    pub clock: Arc<dyn Clock>,
}

impl Default for GitHubOptions {
    /// Nobody in particular; waits of up to 65 minutes, which is longer than any limit of GitHub's; four retries.
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            base_url: None,
            net: Net::default(),
            cache: None,
            reserve: 0,
            longest_wait: Duration::from_secs(65 * 60),
            retries: 4,
            clock: Arc::new(SystemClock),
        }
    }
}

/// In which order search results come.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SearchOrder {
    /// `stars`, `forks`, `help-wanted-issues` or `updated`; `None` is best match first.
    pub sort: Option<String>,
    /// Smallest first.
    pub ascending: bool,
}

/// A client of GitHub's API. Cheap to clone; needs a Tokio runtime around its calls, the same
/// for all, and starts none.
///
/// Every call waits its turn, tries again what may pass and follows moved repositories; dropping its future stops it.
#[derive(Clone)]
pub struct GitHub {
    pub(super) requester: Arc<Requester>,
    pub(super) batches: Arc<GraphqlBatch>,
    /// Whether an owner is an organisation.
    organisations: Arc<Mutex<HashMap<String, bool>>>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GitHub")
    }
}

const GITHUB: &str = "https://api.github.com";

/// Making.
impl GitHub {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a base URL that is none, and what TLS has to say: see [`Net`].
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
        // GitHub Enterprise has GraphQL beside the REST API's directory, not in it.
        let graphql_url = base_url.strip_suffix("/v3").unwrap_or(base_url);
        for (number, account) in options.accounts.iter().enumerate() {
            if let Account::Token(token) = account
                && http::HeaderValue::from_str(token.expose()).is_err()
            {
                let what = format!("token {} of {}", number + 1, options.accounts.len());
                let reason = "has letters that no token has, such as a line break";
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
        return Err(invalid("is no https address".to_owned()));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(invalid("has more than a path".to_owned()));
    }
    Ok(parsed)
}

/// Asking for one thing. All fail with [`Error::Service`].
impl GitHub {
    /// Whatever `route` says, such as `/repos/o/r/topics`.
    ///
    /// # Errors
    ///
    /// [`Error::Service`]: its kind, status and headers say why.
    pub async fn get(&self, route: &str) -> Result<Value> {
        let route = rooted(route);
        Ok(self.requester.ask(&ApiRequest::get(route)).await?.body)
    }

    /// What a GraphQL query's `data` is.
    ///
    /// # Errors
    ///
    /// [`Error::Service`], also if the answer has errors and no data at all.
    pub async fn graphql(&self, query: &str, variables: Value) -> Result<Value> {
        let mut body = self.graphql_answer(query, variables).await?;
        let data = body.get_mut("data").map(Value::take).unwrap_or_default();
        if data.is_null() {
            return Err(Error::service(refusal(&body)));
        }
        Ok(data)
    }

    pub(super) async fn graphql_answer(&self, query: &str, variables: Value) -> Result<Value> {
        let request = ApiRequest {
            method: Method::POST,
            route: "/graphql".to_owned(),
            body: Some(serde_json::json!({"query": query, "variables": variables})),
            // A word anywhere is enough: what changes something is not sent twice.
            is_safe: !query.contains("mutation"),
            is_costly: false,
            token: None,
            identity: None,
        };
        Ok(self.requester.ask(&request).await?.body)
    }

    /// A repository, under the name it has now.
    ///
    /// # Errors
    ///
    /// [`Error::Service`], as have all below.
    pub async fn repository(&self, owner: &str, name: &str) -> Result<Value> {
        self.get(&repo(owner, name, "")).await
    }

    /// Bytes of code per language.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn languages(&self, owner: &str, name: &str) -> Result<Value> {
        self.get(&repo(owner, name, "/languages")).await
    }

    /// A user or organisation.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn user(&self, login: &str) -> Result<Value> {
        self.get(&format!("/users/{}", part(login))).await
    }

    /// Whose token this is.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn authenticated_user(&self) -> Result<Value> {
        self.get("/user").await
    }

    /// The limits, as GitHub says them. Costs no call against them.
    ///
    /// # Errors
    ///
    /// [`Error::Service`].
    pub async fn rate_limit(&self) -> Result<Value> {
        self.get("/rate_limit").await
    }

    /// Whether GitHub takes the token.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] if that cannot be found out.
    pub async fn validate_credentials(&self) -> Result<bool> {
        match self.authenticated_user().await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AuthenticationFailed => Ok(false),
            // An installation is no user, and may say so only if it is known.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// What is known of each token; nothing is sent.
    pub fn token_statuses(&self) -> Vec<TokenStatus> {
        self.requester.pool.statuses()
    }
}

/// Listing. Nothing is sent before the first page is asked for, unless said otherwise.
impl GitHub {
    /// A listing at a route, or a cursor of one.
    pub fn resume(&self, cursor: &str) -> Pages {
        let pages = Pages::at(Arc::clone(&self.requester), &rooted(cursor));
        if cursor.trim_start_matches('/').starts_with("search/") {
            pages.items_at("items")
        } else {
            pages
        }
    }

    /// The repositories of a user or organisation; which of the two is asked once. One's own private ones are among them.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] if there is no such owner.
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

    /// Who committed, most commits first; with `anonymous` also those GitHub does not know, by e-mail.
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

    /// Tags, newest name first.
    pub fn tags(&self, owner: &str, name: &str) -> Pages {
        self.resume(&repo(owner, name, "/tags?per_page=100"))
    }

    /// Releases, newest first.
    pub fn releases(&self, owner: &str, name: &str) -> Pages {
        self.resume(&repo(owner, name, "/releases?per_page=100"))
    }

    /// Members of an organisation, as far as they are shown to us.
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
        let known = |known: &Mutex<HashMap<String, bool>>| {
            known
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(owner)
                .copied()
        };
        if let Some(known) = known(&self.organisations) {
            return Ok(known);
        }
        let is_organisation = self.user(owner).await?["type"] == "Organization";
        let mut organisations = self
            .organisations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        organisations.insert(owner.to_owned(), is_organisation);
        Ok(is_organisation)
    }

    /// The identity of a user whose token we have: he sees what others do not.
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
                let is_its = user["login"]
                    .as_str()
                    .is_some_and(|login| login.eq_ignore_ascii_case(owner));
                Ok(keys.into_iter().next().filter(|_| is_its))
            }
            // An app's installation is no user, and neither is what some tokens may see.
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

/// What stands for itself in a part of a path, or in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One part of a path: whatever is in it stays in it.
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
