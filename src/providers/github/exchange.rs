//! One question and its answer: whose turn it is, what is kept of it, whether to ask again, and what a refusal means.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use octocrab::service::middleware::retry::RetryConfig;
use octocrab::{Octocrab, OctocrabBuilder};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::cache::{Cache, Kept};
use super::failure::{Limited, header, limited, of_answer, retry_after, told};
use super::limits::{Bucket, MUTATION_POINTS};
use super::pool::{Account, Lease, Pool};
use crate::chance::chance;
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::net::ClientSettings;
use crate::secret::Secret;

/// An installation's token is fetched anew before it ends.
const BEFORE_EXPIRY: f64 = 300.0;
/// Answers of one question that may say "not now".
const MOST_PAUSES: u32 = 10;
const FIRST_WAIT: f64 = 1.0;
const LONGEST_WAIT: f64 = 60.0;
const API_VERSION: &str = "2022-11-28";

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    /// Path and query below the base URL.
    pub(super) route: String,
    pub(super) body: Option<Value>,
    /// Whether it changes nothing, so that it may be asked again.
    pub(super) is_safe: bool,
    /// Whether 502 and 504 mean that it is too much.
    pub(super) is_costly: bool,
    /// The token to ask with, if it has to be one.
    pub(super) token: Option<usize>,
}

impl Question {
    pub(super) fn get(route: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            route: route.into(),
            body: None,
            is_safe: true,
            is_costly: false,
            token: None,
        }
    }
}

/// An answer that is a success.
#[derive(Debug)]
pub(super) struct Answer {
    /// `rel="next"` and its like.
    pub(super) link: Option<String>,
    pub(super) body: Value,
}

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

pub(super) struct Exchange {
    apis: Apis,
    pub(super) pool: Arc<Pool>,
    cache: Option<Cache>,
    retries: u32,
    /// Whose tokens are, asked once.
    identities: OnceCell<()>,
    /// One installation token at a time is fetched.
    fetching: tokio::sync::Mutex<()>,
}

/// What one attempt came to.
enum Attempt {
    Answered(Answer),
    Failed(Error),
    /// It may go well after a while.
    Again(Error),
    /// The pool knows when.
    Later(Error),
    /// With another token.
    Other(Error),
}

impl Exchange {
    pub(super) fn new(apis: Apis, pool: Arc<Pool>, cache: Option<Cache>, retries: u32) -> Self {
        Self {
            apis,
            pool,
            cache,
            retries,
            identities: OnceCell::new(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Where the REST API is.
    pub(super) fn base_url(&self) -> &str {
        &self.apis.rest_url
    }

    /// Asks, and asks again where that may help.
    pub(super) async fn ask(&self, question: &Question) -> Result<Answer> {
        if self.pool.accounts() > 1 && question.token.is_none() {
            self.identities
                .get_or_try_init(|| self.find_identities())
                .await?;
        }
        self.ask_until_answered(question).await
    }

    async fn ask_until_answered(&self, question: &Question) -> Result<Answer> {
        let (mut attempts, mut pauses) = (0, 0);
        loop {
            match self.attempt(question).await? {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Failed(error) => return Err(error),
                Attempt::Other(error) => {
                    if question.token.is_some() {
                        return Err(error);
                    }
                }
                Attempt::Later(error) => {
                    pauses += 1;
                    if pauses > MOST_PAUSES {
                        return Err(error);
                    }
                }
                Attempt::Again(error) => {
                    attempts += 1;
                    if attempts > self.retries || !question.is_safe {
                        return Err(error);
                    }
                    let doublings = i32::try_from(attempts - 1).unwrap_or(30);
                    let wait = (FIRST_WAIT * f64::powi(2.0, doublings)).min(LONGEST_WAIT);
                    let wait = Duration::from_secs_f64(wait * (1.0 - chance() / 2.0));
                    self.pool.clock.sleep(wait).await;
                }
            }
        }
    }

    async fn attempt(&self, question: &Question) -> Result<Attempt> {
        let bucket = Bucket::of_route(&question.route);
        let is_get = question.method == Method::GET;
        let kept = if is_get {
            self.kept(&question.route)
        } else {
            None
        };
        let points = if question.is_safe { 1 } else { MUTATION_POINTS };
        let prefers = kept.as_ref().map(|(identity, _)| identity.as_str());
        let lease = self
            .pool
            .lease(bucket, points, question.token, prefers)
            .await?;
        let kept = kept
            .filter(|(identity, _)| *identity == lease.identity_key())
            .map(|(_, kept)| kept);
        let secret = match lease.token {
            Some(token) => match self.secret(token).await {
                Ok(secret) => Some(secret),
                Err(error) => {
                    drop(lease);
                    return Err(error);
                }
            },
            None => None,
        };
        let request = request(question, secret.as_ref(), kept.as_ref())?;
        let api = self.apis.of(bucket).await?;
        let sent = async {
            let (parts, body) = api.execute(request).await?.into_parts();
            Ok((parts, body.collect().await?.to_bytes()))
        };
        match sent.await {
            Ok((parts, body)) => {
                Ok(self.judge(question, lease, parts.status, &parts.headers, &body, kept))
            }
            Err(error) => {
                drop(lease); // whether it counted, nobody knows
                Ok(Attempt::Again(unreachable(&question.route, &error)))
            }
        }
    }

    fn judge(
        &self,
        question: &Question,
        lease: Lease,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        kept: Option<Kept>,
    ) -> Attempt {
        let told = told(headers);
        if status == StatusCode::NOT_MODIFIED
            && let Some(kept) = kept
        {
            lease.answered(told, false);
            return match serde_json::from_str(&kept.body) {
                Ok(body) => Attempt::Answered(Answer {
                    link: kept.link,
                    body,
                }),
                Err(error) => Attempt::Failed(nonsense(&question.route, &error)),
            };
        }
        let parsed = if body.is_empty() {
            Ok(Value::Null)
        } else {
            serde_json::from_slice(body)
        };
        let json = parsed.as_ref().unwrap_or(&Value::Null);
        match limited(status, headers, json) {
            Limited::No => {}
            Limited::Primary => {
                lease.exhausted(told, retry_after(headers));
                return Attempt::Later(limit(&question.route, status, headers, json));
            }
            Limited::Secondary => {
                lease.paused(told, retry_after(headers));
                return Attempt::Later(limit(&question.route, status, headers, json));
            }
        }
        if status.is_success() {
            let identity = lease.identity_key();
            lease.answered(told, true);
            return match parsed {
                Ok(answer) => {
                    if question.method == Method::GET
                        && let Some(cache) = &self.cache
                    {
                        cache.put(&identity, &question.route, headers, body);
                    }
                    let link = header(headers, "link").map(str::to_owned);
                    Attempt::Answered(Answer { link, body: answer })
                }
                Err(error) => Attempt::Again(nonsense(&question.route, &error)),
            };
        }
        let error = Error::service(of_answer(&question.route, status, headers, json));
        match status.as_u16() {
            401 if lease.token.is_some() => {
                if lease.revoked(told) {
                    Attempt::Other(error)
                } else {
                    Attempt::Failed(error)
                }
            }
            502 | 504 if question.is_costly => {
                lease.answered(told, true);
                Attempt::Failed(error)
            }
            502..=504 => {
                lease.answered(told, true);
                Attempt::Again(error)
            }
            500 if question.method == Method::GET => {
                lease.answered(told, true);
                Attempt::Again(error)
            }
            _ => {
                lease.answered(told, true);
                Attempt::Failed(error)
            }
        }
    }

    /// What is kept of a route, for any identity that may ask.
    fn kept(&self, route: &str) -> Option<(String, Kept)> {
        let cache = self.cache.as_ref()?;
        let identities = self.pool.identity_keys().into_iter();
        identities.into_iter().find_map(|identity| {
            let kept = cache.get(&identity, route)?;
            Some((identity, kept))
        })
    }

    /// Asks every token whose it is.
    async fn find_identities(&self) -> Result<()> {
        for token in 0..self.pool.accounts() {
            if let (Account::App(_), _) = self.pool.account(token) {
                continue; // each installation is one
            }
            let question = Question {
                token: Some(token),
                ..Question::get("/user")
            };
            match self.ask_until_answered(&question).await {
                Ok(answer) => {
                    if let Some(login) = answer.body["login"].as_str() {
                        self.pool.belongs(token, login);
                    }
                }
                // It has left the pool.
                Err(error) if error.kind() == ErrorKind::AuthenticationFailed => {}
                // A token that may not say whose it is counts as one of its own.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::PermissionDenied | ErrorKind::NotFound
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
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
        let question = Question {
            method: Method::POST,
            route: route.clone(),
            body: Some(Value::Object(serde_json::Map::new())),
            is_safe: true,
            is_costly: false,
            token: None,
        };
        let signed = app.sign(now)?;
        let request = request(&question, Some(&signed), None)?;
        let api = self.apis.of(Bucket::Core).await?;
        let sent = async {
            let (parts, body) = api.execute(request).await?.into_parts();
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
        // GitHub's installation tokens live for an hour.
        let secret = Secret::new(fetched);
        self.pool.fetched(token, secret.clone(), now + 3600.0);
        Ok(secret)
    }
}

fn request(
    question: &Question,
    secret: Option<&Secret>,
    kept: Option<&Kept>,
) -> Result<Request<String>> {
    let mut request = Request::builder()
        .method(&question.method)
        .uri(&question.route)
        .header(
            "Accept",
            "application/vnd.github+json, application/json;q=0.9",
        )
        .header("X-GitHub-Api-Version", API_VERSION);
    if let Some(secret) = secret {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.expose()))
            .map_err(|_| Error::invalid("the token", "has letters that no token has"))?;
        value.set_sensitive(true);
        request = request.header("Authorization", value);
    }
    if let Some(etag) = kept.and_then(|kept| kept.etag.as_deref()) {
        request = request.header("If-None-Match", etag);
    } else if let Some(date) = kept.and_then(|kept| kept.last_modified.as_deref()) {
        request = request.header("If-Modified-Since", date);
    }
    let body = question.body.as_ref().map(Value::to_string);
    if body.is_some() {
        request = request.header("Content-Type", "application/json");
    }
    request
        .body(body.unwrap_or_default())
        .map_err(|error| Error::invalid(format!("route `{}`", question.route), error.to_string()))
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
