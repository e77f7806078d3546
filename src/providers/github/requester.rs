//! One question and its answer: whose turn it is, what is kept of it, whether to ask again, and what a refusal means.

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

/// An installation's token is fetched anew before it ends.
const BEFORE_EXPIRY: f64 = 300.0;
/// Answers of one question that may say "not now".
const MOST_PAUSES: u32 = 10;
const FIRST_WAIT: f64 = 1.0;
const LONGEST_WAIT: f64 = 60.0;
/// Seconds until a token that could not say whose it is is asked again.
const ASK_AGAIN: f64 = 60.0;

/// The REST API, and the GraphQL API, which GitHub Enterprise has elsewhere. Both are connected to when they are first
/// needed: their tasks live on the runtime that asks.
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
    /// When to ask each token whose it is; infinity is never again.
    unknown: tokio::sync::Mutex<Vec<f64>>,
    /// Whether each was asked at least once.
    were_asked: AtomicBool,
    /// One installation token at a time is fetched.
    fetching: tokio::sync::Mutex<()>,
}

/// What one attempt came to.
enum Attempt {
    Answered(ApiResponse),
    Failed(Error),
    /// It may go well after a while, which the server may have named in seconds.
    Again(Error, Option<u64>),
    /// The pool knows when.
    Later(Error),
    /// With another token.
    Other(Error),
    /// At another route.
    Moved(String),
}

/// Redirects that one question follows.
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

    /// Where the REST API is.
    pub(super) fn base_url(&self) -> &str {
        &self.apis.rest_url
    }

    /// Asks, and asks again where that may help.
    pub(super) async fn ask(&self, request: &ApiRequest) -> Result<ApiResponse> {
        self.know_identities(request.token.is_none()).await;
        self.ask_until_answered(request).await
    }

    /// The identity of a user, if one of the tokens is his.
    pub(super) async fn identity_of(&self, username: &str) -> Result<Option<String>> {
        self.know_identities(true).await;
        Ok(self.pool.identity_of(username))
    }

    /// Several tokens may be one user's: who they are is asked first. One that could not be asked counts as one of its own
    /// until it can; nobody waits for that a second time.
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
                        return Err(refused(&request.route, "it is redirected without end"));
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
                drop(lease); // whether it counted, nobody knows
                Ok(Attempt::Again(unreachable(&request.route, &error), None))
            }
        }
    }

    /// An app that cannot sign, or is not let in, leaves; that GitHub cannot be reached may pass.
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
        // Nothing is an answer, but not to who asked for something.
        let parsed = if body.is_empty() && status != StatusCode::OK {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(body)
        };
        let json = parsed.as_ref().unwrap_or(&Value::Null);
        match limited(status, headers, json) {
            Limited::No => {}
            // Of a resource that is not ours to count.
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
        if status.is_success() {
            lease.answered(told, true);
            return match parsed {
                Ok(answer) => {
                    if request.method == Method::GET
                        && let Some(cache) = &self.cache
                    {
                        cache.put(&identity, &request.route, headers, body);
                    }
                    Attempt::Answered(ApiResponse {
                        link: links(headers),
                        is_old_link: false,
                        body: answer,
                        identity,
                    })
                }
                Err(error) => Attempt::Again(nonsense(&request.route, &error), None),
            };
        }
        let error = Error::service(of_answer(&request.route, status, headers, json));
        match status.as_u16() {
            // What an installation was given may have ended before its time.
            401 if lease.token.is_some_and(|token| self.pool.forget(token)) => {
                lease.answered(told, true);
                Attempt::Other(error)
            }
            401 if lease.token.is_some() && !wants_another_proof(&request.route) => {
                if lease.revoked(told, &error) {
                    Attempt::Other(error)
                } else {
                    Attempt::Failed(error)
                }
            }
            502 | 504 if request.is_costly => {
                lease.answered(told, true);
                Attempt::Failed(error)
            }
            502..=504 => {
                lease.answered(told, true);
                Attempt::Again(error, retry_after(headers))
            }
            500 if request.method == Method::GET => {
                lease.answered(told, true);
                Attempt::Again(error, retry_after(headers))
            }
            _ => {
                lease.answered(told, true);
                Attempt::Failed(error)
            }
        }
    }

    /// The kept answer, which is still the one.
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

    /// A question that may be asked elsewhere is; only of the same server, which gets our token.
    fn moved(&self, request: &ApiRequest, headers: &HeaderMap) -> Attempt {
        let refuse = |reason: &str| Attempt::Failed(refused(&request.route, reason));
        let Some(location) = header(headers, "location") else {
            return refuse("it is redirected to nowhere");
        };
        if request.method != Method::GET {
            return refuse("it is redirected, and is no plain question");
        }
        let base = url::Url::parse(self.base_url());
        match base.and_then(|base| Ok((base.join(location)?, base))) {
            Ok((target, base)) if target.origin() == base.origin() => {
                match below(self.base_url(), target.as_str()) {
                    Ok(route) => Attempt::Moved(route),
                    Err(_) => refuse("it is redirected out of the API"),
                }
            }
            _ => refuse("it is redirected to another server, which does not get our token"),
        }
    }

    /// Who has an answer of this route.
    fn kept(&self, route: &str) -> Option<String> {
        let cache = self.cache.as_ref()?;
        let mut identities = self.pool.identity_keys().into_iter();
        identities.find(|identity| cache.get(identity, route).is_some())
    }

    /// Asks a token whose it is; returns when to ask again.
    async fn find_identity(&self, token: usize) -> f64 {
        if let (Account::App(_), _) = self.pool.account(token) {
            return f64::INFINITY; // each installation is one
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
            // It is refused, or is one of those that are nobody's, as in GitHub's workflows.
            Err(_) => f64::INFINITY,
        }
    }

    /// What a request is signed with.
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

/// Every `Link` header there is (RFC 9110, 5.3).
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

fn nonsense(route: &str, error: &serde_json::Error) -> Error {
    Error::service(ServiceError::new(
        ErrorKind::Network,
        route,
        format!("the answer is no JSON: {error}"),
    ))
}
