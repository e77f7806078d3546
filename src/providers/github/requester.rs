//! Sends one request and handles its answer: quota, cache, retries and refusals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use octocrab::service::middleware::retry::RetryConfig;
use octocrab::{Octocrab, OctocrabBuilder};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::cache::{CachedResponse, ResponseCache};
use super::failure::{Limited, header, is_of, limited, of_answer, rate_limit_headers, retry_after};
use super::limits::{Bucket, MUTATION_POINTS, RateLimitHeaders};
use super::pool::{Account, Lease, Pool};
use super::request::{ApiRequest, ApiResponse, http_request, wants_another_proof};
use super::route::below;
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::jitter::jitter;
use crate::net::ClientSettings;
use crate::secret::Secret;

/// Seconds before its expiry at which an installation's token is replaced.
const BEFORE_EXPIRY: f64 = 300.0;
/// Number of times that one request waits because GitHub asks for a pause, before it fails.
const MOST_PAUSES: u32 = 10;
const FIRST_WAIT: f64 = 1.0;
const LONGEST_WAIT: f64 = 60.0;
/// Seconds until the user of a token is requested again after a failure.
const ASK_AGAIN: f64 = 60.0;

/// The REST and GraphQL APIs, whose base URLs differ on GitHub Enterprise. The client of each is
/// built at its first use, because its tasks live on the caller's runtime.
pub(super) struct Apis {
    pub(super) settings: ClientSettings,
    pub(super) rest_url: String,
    pub(super) graphql_url: String,
    rest: OnceCell<Octocrab>,
    graphql: OnceCell<Octocrab>,
}

impl Apis {
    pub(super) fn new(settings: ClientSettings, rest_url: &str, graphql_url: &str) -> Self {
        Self {
            settings,
            rest_url: rest_url.to_owned(),
            graphql_url: graphql_url.to_owned(),
            rest: OnceCell::new(),
            graphql: OnceCell::new(),
        }
    }

    async fn of(&self, bucket: Bucket) -> Result<&Octocrab> {
        let (cell, url) = match bucket {
            Bucket::Graphql => (&self.graphql, &self.graphql_url),
            _ => (&self.rest, &self.rest_url),
        };
        cell.get_or_try_init(async || self.connect(url)).await
    }

    fn connect(&self, base_url: &str) -> Result<Octocrab> {
        OctocrabBuilder::new()
            .base_uri(base_url)
            .map_err(|error| Error::invalid(format!("base URL `{base_url}`"), error.to_string()))?
            .add_retry_config(RetryConfig::None)
            .build_with_reqwest(self.settings.client()?)
            .map_err(|error| Error::internal(format!("building the GitHub client: {error}")))
    }
}

pub(super) struct Requester {
    apis: Apis,
    pub(super) pool: Arc<Pool>,
    cache: Option<ResponseCache>,
    retries: u32,
    /// For each token, the time at which its user is to be requested; infinity means never again.
    unknown: tokio::sync::Mutex<Vec<f64>>,
    /// True once the users of all tokens were requested.
    were_asked: AtomicBool,
    /// Held while an installation token is fetched, so that only one is fetched at a time.
    fetching: tokio::sync::Mutex<()>,
}

/// The result of one attempt.
enum Attempt {
    Answered(ApiResponse),
    Failed(Error),
    /// A retry may succeed, after the number of seconds that the server asked for, if any.
    Again(Error, Option<u64>),
    /// A retry may succeed; the pool decides when it is sent.
    Later(Error),
    /// A retry may succeed with another token.
    Other(Error),
    /// The resource has moved to this route.
    Moved(String),
}

/// Redirects that are followed for one request.
const MOST_MOVES: u32 = 5;

impl Requester {
    pub(super) fn new(
        apis: Apis,
        pool: Arc<Pool>,
        cache: Option<ResponseCache>,
        retries: u32,
    ) -> Self {
        Self {
            apis,
            pool,
            cache,
            retries,
            unknown: tokio::sync::Mutex::default(),
            were_asked: AtomicBool::new(false),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Base URL of the REST API.
    pub(super) fn base_url(&self) -> &str {
        &self.apis.rest_url
    }

    /// Sends a request, with retries where they may help.
    pub(super) async fn ask(&self, request: &ApiRequest) -> Result<ApiResponse> {
        self.know_identities(request.token.is_none()).await;
        self.ask_until_answered(request).await
    }

    /// The key of a user's identity, if one of the tokens belongs to that user.
    pub(super) async fn identity_of(&self, username: &str) -> Result<Option<String>> {
        self.know_identities(true).await;
        Ok(self.pool.identity_of(username))
    }

    /// Requests the users of the tokens, since several tokens may belong to one user. A token whose
    /// user could not be requested counts as an identity of its own until a later attempt succeeds.
    /// Only the first attempt makes other requests wait.
    async fn know_identities(&self, may_ask: bool) {
        if self.pool.accounts() < 2 || !may_ask {
            return;
        }
        let mut unknown = if self.were_asked.load(Ordering::Acquire) {
            match self.unknown.try_lock() {
                Ok(unknown) => unknown,
                Err(_) => return,
            }
        } else {
            self.unknown.lock().await
        };
        unknown.resize(self.pool.accounts(), 0.0);
        for (token, next) in unknown.iter_mut().enumerate() {
            if self.pool.clock.now() >= *next {
                *next = self.find_identity(token).await;
            }
        }
        self.were_asked.store(true, Ordering::Release);
    }

    async fn ask_until_answered(&self, request: &ApiRequest) -> Result<ApiResponse> {
        let (mut attempts, mut pauses, mut moves) = (0, 0, 0);
        let mut request = request.clone();
        loop {
            match self.attempt(&request).await? {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Failed(error) => return Err(error),
                Attempt::Other(error) | Attempt::Later(error) if request.token.is_some() => {
                    return Err(error);
                }
                Attempt::Other(_) => {}
                Attempt::Moved(route) => {
                    moves += 1;
                    if moves > MOST_MOVES {
                        return Err(refused(&request.route, "it is redirected too often"));
                    }
                    request.route = route;
                }
                Attempt::Later(error) => {
                    pauses += 1;
                    if pauses > MOST_PAUSES {
                        return Err(error);
                    }
                }
                Attempt::Again(error, retry_after) => {
                    attempts += 1;
                    if attempts > self.retries || !request.is_safe {
                        return Err(error);
                    }
                    let doublings = i32::try_from(attempts - 1).unwrap_or(30);
                    let wait = (FIRST_WAIT * f64::powi(2.0, doublings)).min(LONGEST_WAIT);
                    let wait = Duration::from_secs_f64(wait * (1.0 - jitter() / 2.0));
                    let asked = Duration::from_secs(retry_after.unwrap_or(0));
                    if asked > self.pool.longest_wait() {
                        return Err(error);
                    }
                    self.pool.clock.sleep(wait.max(asked)).await;
                }
            }
        }
    }

    async fn attempt(&self, request: &ApiRequest) -> Result<Attempt> {
        let bucket = Bucket::of_route(&request.route);
        let is_get = request.method == Method::GET;
        let kept_by = if is_get {
            self.kept(&request.route)
        } else {
            None
        };
        let points = match (request.is_safe, request.route.as_str()) {
            (_, "/rate_limit") => 0, // GitHub does not count it
            (true, _) => 1,
            (false, _) => MUTATION_POINTS,
        };
        let pinned = request.identity.as_deref();
        let lease = self
            .pool
            .lease(bucket, points, request.token, kept_by.as_deref(), pinned)
            .await?;
        let identity = lease.identity_key();
        let cache = self.cache.as_ref().filter(|_| is_get);
        let kept = cache.and_then(|cache| cache.get(&identity, &request.route));
        let secret = match lease.token {
            Some(token) => match self.secret(token).await {
                Ok(secret) => Some(secret),
                Err(error) => return Ok(Self::without_secret(lease, error)),
            },
            None => None,
        };
        let sent = http_request(request, secret.as_ref(), kept.as_ref())?;
        let api = self.apis.of(bucket).await?;
        let sent = async {
            let (parts, body) = api.execute(sent).await?.into_parts();
            Ok((parts, body.collect().await?.to_bytes()))
        };
        match sent.await {
            Ok((parts, body)) => {
                Ok(self.classify(request, lease, parts.status, &parts.headers, &body, kept))
            }
            Err(error) => {
                drop(lease); // it is unknown if GitHub counted it
                Ok(Attempt::Again(unreachable(&request.route, &error), None))
            }
        }
    }

    /// Handles a failure to get a token. An app that cannot sign or is refused is not used any
    /// more; network errors and rate limits are temporary.
    fn without_secret(lease: Lease, error: Error) -> Attempt {
        match error.kind() {
            ErrorKind::Network => {
                drop(lease);
                Attempt::Again(error, None)
            }
            ErrorKind::RateLimited => {
                let asked = match &error {
                    Error::Service(error) => error.retry_after,
                    _ => None,
                };
                lease.paused(RateLimitHeaders::default(), asked);
                Attempt::Later(error)
            }
            _ if lease.revoked(RateLimitHeaders::default(), &error) => Attempt::Other(error),
            _ => Attempt::Failed(error),
        }
    }

    fn classify(
        &self,
        request: &ApiRequest,
        lease: Lease,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        kept: Option<CachedResponse>,
    ) -> Attempt {
        let bucket = Bucket::of_route(&request.route);
        let told = rate_limit_headers(bucket, status, headers);
        let identity = lease.identity_key();
        if status == StatusCode::NOT_MODIFIED
            && let Some(kept) = kept
        {
            lease.answered(told, false);
            return self.unchanged(request, headers, kept, identity);
        }
        if status.is_redirection() {
            lease.answered(told, true);
            return self.moved(request, headers);
        }
        // An empty body is a valid answer, except with status 200, which must have content.
        let parsed = if body.is_empty() && status != StatusCode::OK {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(body)
        };
        let json = parsed.as_ref().unwrap_or(&Value::Null);
        match limited(status, headers, json) {
            Limited::No => {}
            // The used-up quota belongs to a resource that this client does not keep track of.
            Limited::Primary if !is_of(bucket, headers) => {
                lease.answered(told, false);
                return Attempt::Failed(limit(&request.route, status, headers, json));
            }
            Limited::Primary => {
                lease.exhausted(told, retry_after(headers));
                return Attempt::Later(limit(&request.route, status, headers, json));
            }
            Limited::Secondary => {
                lease.paused(told, retry_after(headers));
                return Attempt::Later(limit(&request.route, status, headers, json));
            }
        }
        if !status.is_success() {
            let error = Error::service(of_answer(&request.route, status, headers, json));
            return self.refused(request, lease, status, told, retry_after(headers), error);
        }
        lease.answered(told, true);
        // GitHub still makes the answer, as for statistics; this one is empty.
        if status == StatusCode::ACCEPTED && request.method == Method::GET {
            return Attempt::Again(not_ready(&request.route), retry_after(headers));
        }
        let body_json = match parsed {
            Ok(json) => json,
            Err(error) => return Attempt::Again(nonsense(&request.route, &error), None),
        };
        if request.method == Method::GET
            && let Some(cache) = &self.cache
        {
            cache.put(&identity, &request.route, headers, body);
        }
        Attempt::Answered(ApiResponse {
            link: links(headers),
            is_old_link: false,
            body: body_json,
            identity,
        })
    }

    /// Classifies a response with an error status other than a rate limit.
    fn refused(
        &self,
        request: &ApiRequest,
        lease: Lease,
        status: StatusCode,
        told: RateLimitHeaders,
        retry_after: Option<u64>,
        error: Error,
    ) -> Attempt {
        let is_token_at_fault = status == StatusCode::UNAUTHORIZED && lease.token.is_some();
        // The token of an installation may have expired early.
        if is_token_at_fault && lease.token.is_some_and(|token| self.pool.forget(token)) {
            lease.answered(told, true);
            return Attempt::Other(error);
        }
        if is_token_at_fault && !wants_another_proof(&request.route) {
            return if lease.revoked(told, &error) {
                Attempt::Other(error)
            } else {
                Attempt::Failed(error)
            };
        }
        lease.answered(told, true);
        match status.as_u16() {
            502 | 504 if request.is_costly => Attempt::Failed(error),
            502..=504 => Attempt::Again(error, retry_after),
            500 if request.method == Method::GET => Attempt::Again(error, retry_after),
            _ => Attempt::Failed(error),
        }
    }

    /// Returns the cached answer, which is still current.
    fn unchanged(
        &self,
        request: &ApiRequest,
        headers: &HeaderMap,
        kept: CachedResponse,
        identity: String,
    ) -> Attempt {
        if let Some(cache) = &self.cache {
            cache.touch(&identity, &request.route);
        }
        let new_link = links(headers);
        match serde_json::from_str(&kept.body) {
            Ok(body) => Attempt::Answered(ApiResponse {
                is_old_link: new_link.is_none(),
                link: new_link.or(kept.link),
                body,
                identity,
            }),
            Err(error) => {
                if let Some(cache) = &self.cache {
                    cache.forget(&identity, &request.route);
                }
                Attempt::Again(nonsense(&request.route, &error), None)
            }
        }
    }

    /// Follows the redirect of a GET request, but only to the same server, which receives the
    /// token.
    fn moved(&self, request: &ApiRequest, headers: &HeaderMap) -> Attempt {
        let refuse = |reason: &str| Attempt::Failed(refused(&request.route, reason));
        let Some(location) = header(headers, "location") else {
            return refuse("the redirect has no target");
        };
        if request.method != Method::GET {
            return refuse("it is redirected, and only GET requests follow redirects");
        }
        let base = url::Url::parse(self.base_url());
        match base.and_then(|base| Ok((base.join(location)?, base))) {
            Ok((target, base)) if target.origin() == base.origin() => {
                match below(self.base_url(), target.as_str()) {
                    Ok(route) => Attempt::Moved(route),
                    Err(_) => refuse("it is redirected to an address outside of the API"),
                }
            }
            _ => refuse("it is redirected to another server, which must not get the token"),
        }
    }

    /// The key of the first identity with a cached answer for this route.
    fn kept(&self, route: &str) -> Option<String> {
        let cache = self.cache.as_ref()?;
        let mut identities = self.pool.identity_keys().into_iter();
        identities.find(|identity| cache.get(identity, route).is_some())
    }

    /// Requests the user of a token. Returns the time of the next attempt; infinity means never.
    async fn find_identity(&self, token: usize) -> f64 {
        if let (Account::App(_), _) = self.pool.account(token) {
            return f64::INFINITY; // each installation is its own identity
        }
        let request = ApiRequest {
            token: Some(token),
            ..ApiRequest::get("/user")
        };
        match self.ask_until_answered(&request).await {
            Ok(answer) => {
                if let Some(login) = answer.body["login"].as_str() {
                    self.pool.belongs(token, login);
                }
                f64::INFINITY
            }
            Err(error) if matches!(error.kind(), ErrorKind::Network | ErrorKind::RateLimited) => {
                self.pool.clock.now() + ASK_AGAIN
            }
            // The token is refused, or belongs to no user (such as a token of GitHub Actions).
            Err(_) => f64::INFINITY,
        }
    }

    /// Returns the secret to send with a request. For an app's installation, a new token is fetched
    /// if the stored one is missing or expires soon.
    async fn secret(&self, token: usize) -> Result<Secret> {
        let app = match self.pool.account(token) {
            (Account::Token(secret), _) => return Ok(secret),
            (Account::App(app), _) => app,
        };
        let _one = self.fetching.lock().await;
        let now = self.pool.clock.now();
        if let (_, Some((secret, until))) = self.pool.account(token)
            && now + BEFORE_EXPIRY < until
        {
            return Ok(secret);
        }
        let route = format!("/app/installations/{}/access_tokens", app.installation_id);
        let request = ApiRequest {
            method: Method::POST,
            route: route.clone(),
            body: Some(Value::Object(serde_json::Map::new())),
            is_safe: true,
            is_costly: false,
            token: None,
            identity: None,
        };
        let signed = app.sign(now)?;
        let sent = http_request(&request, Some(&signed), None)?;
        let api = self.apis.of(Bucket::Core).await?;
        let sent = async {
            let (parts, body) = api.execute(sent).await?.into_parts();
            Ok((parts, body.collect().await?.to_bytes()))
        };
        let (parts, body) = sent.await.map_err(|error| unreachable(&route, &error))?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(fetched) = body["token"].as_str().filter(|_| parts.status.is_success()) else {
            return Err(Error::service(of_answer(
                &route,
                parts.status,
                &parts.headers,
                &body,
            )));
        };
        let until = body["expires_at"]
            .as_str()
            .and_then(|at| at.parse::<jiff::Timestamp>().ok());
        #[expect(clippy::cast_precision_loss, reason = "dates are small")]
        let until = until.map_or(now + 3600.0, |until| until.as_second() as f64);
        let secret = Secret::new(fetched);
        self.pool.fetched(token, secret.clone(), until);
        Ok(secret)
    }
}

/// All `Link` headers, joined (RFC 9110, 5.3).
fn links(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all("link").iter();
    let all: Vec<&str> = all.filter_map(|value| value.to_str().ok()).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn refused(route: &str, reason: &str) -> Error {
    Error::service(ServiceError::new(ErrorKind::Refused, route, reason))
}

fn limit(route: &str, status: StatusCode, headers: &HeaderMap, body: &Value) -> Error {
    let mut error = of_answer(route, status, headers, body);
    error.kind = ErrorKind::RateLimited;
    Error::service(error)
}

fn unreachable(route: &str, error: &octocrab::Error) -> Error {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        let part = error.to_string();
        let part = part.lines().next().unwrap_or_default();
        if !part.is_empty() && !text.contains(part) {
            text = if text.is_empty() {
                part.to_owned()
            } else {
                format!("{text}: {part}")
            };
        }
        next = error.source();
    }
    Error::service(ServiceError::new(ErrorKind::Network, route, text))
}

fn not_ready(route: &str) -> Error {
    Error::service(ServiceError::new(
        ErrorKind::Network,
        route,
        "the answer is not ready yet (HTTP status 202); ask again in a minute",
    ))
}

fn nonsense(route: &str, error: &serde_json::Error) -> Error {
    Error::service(ServiceError::new(
        ErrorKind::Network,
        route,
        format!("the answer is not JSON: {error}"),
    ))
}
