//! The pool of tokens: the identity that each token belongs to, and the choice of a token for each
//! request.
//!
//! Tokens of the same user share one quota, so they share one [`RateLimits`]. A request uses the
//! identity with the largest remaining quota, and its least recently used token. If no identity has
//! quota left, the request waits until one of them has quota again. Requests that wait for the same
//! bucket are sent in the order in which they were made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use super::app::AppKey;
use super::clock::Clock;
use super::limits::{Admission, Bucket, MINUTE, MUTATION_POINTS, RateLimitHeaders, RateLimits};
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::mutex::lock;
use crate::secret::Secret;

/// Credentials that requests are sent with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Account {
    /// A token of a user: personal, fine-grained or of an OAuth app.
    Token(Secret),
    /// An installation of a GitHub App; its tokens are fetched when they are needed.
    App(AppKey),
}

/// The known quota of a token in one bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BucketStatus {
    /// The bucket.
    pub bucket: Bucket,
    /// Requests per hour (for searches: per minute), once known.
    pub limit: Option<u64>,
    /// Remaining requests, once known.
    pub remaining: Option<u64>,
    /// Time of the reset to the full limit, in seconds since the epoch, once known.
    pub reset_at: Option<i64>,
}

/// The known state of a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenStatus {
    /// Its index in the list of accounts.
    pub index: usize,
    /// The user that it belongs to, once known. Tokens of one user share their quotas.
    pub username: Option<String>,
    /// True until GitHub refuses it.
    pub is_valid: bool,
    /// Time of its last use, in seconds since the epoch; `None` if it was not used.
    pub last_used: Option<f64>,
    /// Its quotas, counted together with the other tokens of the same identity.
    pub buckets: Vec<BucketStatus>,
}

pub(super) struct Token {
    pub(super) account: Account,
    /// The token that was fetched for an app's installation, and its expiry in seconds since the
    /// epoch.
    pub(super) fetched: Option<(Secret, f64)>,
    identity: usize,
    is_valid: bool,
    last_used: Option<f64>,
}

struct Identity {
    /// Its name in the cache.
    key: String,
    name: Option<String>,
    limits: RateLimits,
}

#[derive(Default)]
struct State {
    /// The error for the first token that GitHub refused.
    reason: Option<String>,
    tokens: Vec<Token>,
    identities: Vec<Identity>,
}

/// Limits on the use of the quotas.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuotaPolicy {
    /// Requests of each bucket (other than searches) that are left for other programs.
    pub(super) reserve: u64,
    /// Longest time to wait for quota.
    pub(super) longest_wait: Duration,
}

/// The kind of a request: bucket, token, identity, and true if it changes something. Requests of
/// the same kind form one queue.
type Kind = (Bucket, Option<usize>, Option<String>, bool);

pub(super) struct Pool {
    state: Mutex<State>,
    /// Notified when a request ended or a token was found invalid.
    changed: Notify,
    /// Locks, one for each kind of request, so that only the first request of a queue looks for a
    /// token.
    gates: Mutex<HashMap<Kind, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) clock: Arc<dyn Clock>,
    quota_policy: QuotaPolicy,
}

impl Pool {
    /// Makes a pool. Without accounts, its one identity is the anonymous one, the IP address.
    pub(super) fn new(
        accounts: Vec<Account>,
        clock: Arc<dyn Clock>,
        quota_policy: QuotaPolicy,
    ) -> Self {
        let mut state = State::default();
        for account in accounts {
            let key = match &account {
                Account::Token(token) => fingerprint(token),
                Account::App(app) => format!("app-{}-{}", app.app_id, app.installation_id),
            };
            state.add(Some(account), key);
        }
        if state.identities.is_empty() {
            state.identities.push(Identity {
                key: "anonymous".to_owned(),
                name: None,
                limits: RateLimits::default(),
            });
        }
        Self {
            state: Mutex::new(state),
            changed: Notify::new(),
            gates: Mutex::default(),
            clock,
            quota_policy,
        }
    }

    pub(super) fn longest_wait(&self) -> Duration {
        self.quota_policy.longest_wait
    }

    pub(super) fn accounts(&self) -> usize {
        self.state().tokens.len()
    }

    /// Records the user of a token. Tokens of one user become one identity.
    pub(super) fn belongs(&self, token: usize, username: &str) {
        let mut state = self.state();
        let own = state.tokens[token].identity;
        let known = state
            .identities
            .iter()
            .position(|one| one.name.as_deref() == Some(username));
        match known {
            Some(identity) => state.tokens[token].identity = identity,
            None => {
                state.identities[own].name = Some(username.to_owned());
                state.identities[own].key = format!("user-{username}");
            }
        }
    }

    /// Waits until a request may be sent. `only` is the token that must be used, if any. `prefers`
    /// is the key of the identity to use if it has quota left. `pinned` is the key of the identity
    /// that must be used, if any.
    pub(super) async fn lease(
        self: &Arc<Self>,
        bucket: Bucket,
        points: u32,
        only: Option<usize>,
        prefers: Option<&str>,
        pinned: Option<&str>,
    ) -> Result<Lease> {
        let kind = (
            bucket,
            only,
            pinned.map(str::to_owned),
            points >= MUTATION_POINTS,
        );
        let gate = Arc::clone(lock(&self.gates).entry(kind).or_default());
        // Requests that GitHub does not count need not queue.
        let _turn = match points {
            0 => None,
            _ => Some(gate.lock().await),
        };
        let reserve = self.quota_policy.reserve;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // no notification is missed from here on
            let now = self.clock.now();
            let wishes = (only, prefers, pinned);
            let found = self.state().find(bucket, points, reserve, wishes, now);
            match found {
                Found::NoToken => return Err(Error::service(self.no_valid_token(pinned))),
                Found::Admission { identity, token } => {
                    return Ok(self.admit(bucket, points, identity, token, now));
                }
                Found::Wait(QueuedRequest { until: None, .. }) => changed.await,
                Found::Wait(QueuedRequest {
                    until: Some(then),
                    is_short,
                }) => {
                    let wait = Duration::try_from_secs_f64((then - now).max(0.001));
                    let wait = wait.unwrap_or(Duration::MAX);
                    if wait > self.quota_policy.longest_wait && !is_short {
                        return Err(Error::service(too_long(bucket, then, wait)));
                    }
                    tokio::select! {
                        () = self.clock.sleep(wait) => {}
                        () = changed => {}
                    }
                }
            }
        }
    }

    /// Counts a request that starts now.
    fn admit(
        self: &Arc<Self>,
        bucket: Bucket,
        points: u32,
        identity: usize,
        token: Option<usize>,
        now: f64,
    ) -> Lease {
        let mut state = self.state();
        let number = state.identities[identity].limits.start(bucket, points, now);
        if let Some(token) = token {
            state.tokens[token].last_used = Some(now);
        }
        drop(state);
        Lease {
            pool: Arc::clone(self),
            bucket,
            identity,
            number,
            token,
            has_ended: false,
        }
    }

    /// The key of a user's identity, if one of the tokens is known to belong to that user.
    pub(super) fn identity_of(&self, username: &str) -> Option<String> {
        let state = self.state();
        let is_its = |one: &&Identity| {
            one.name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(username))
        };
        state
            .identities
            .iter()
            .find(is_its)
            .map(|one| one.key.clone())
    }

    /// Discards the token of an app's installation. Returns true if it was fetched more than a
    /// minute ago, so that it may have expired.
    pub(super) fn forget(&self, token: usize) -> bool {
        let now = self.clock.now();
        let fetched = self.state().tokens[token].fetched.take();
        fetched.is_some_and(|(_, until)| until - 3600.0 + MINUTE < now)
    }

    /// Keys of the identities that have a valid token, for the cache.
    pub(super) fn identity_keys(&self) -> Vec<String> {
        let state = self.state();
        let valid = |at: usize| {
            state.tokens.is_empty()
                || state
                    .tokens
                    .iter()
                    .any(|token| token.identity == at && token.is_valid)
        };
        let known = state.identities.iter().enumerate();
        known
            .filter(|(at, _)| valid(*at))
            .map(|(_, one)| one.key.clone())
            .collect()
    }

    pub(super) fn statuses(&self) -> Vec<TokenStatus> {
        let state = self.state();
        let status = |(index, token): (usize, &Token)| {
            let identity = &state.identities[token.identity];
            let bucket = |bucket: Bucket| {
                let (limit, remaining, reset_at) = identity.limits.left(bucket);
                BucketStatus {
                    bucket,
                    limit,
                    remaining,
                    reset_at,
                }
            };
            TokenStatus {
                index,
                username: identity.name.clone(),
                is_valid: token.is_valid,
                last_used: token.last_used,
                buckets: Bucket::ALL.map(bucket).to_vec(),
            }
        };
        state.tokens.iter().enumerate().map(status).collect()
    }

    pub(super) fn account(&self, token: usize) -> (Account, Option<(Secret, f64)>) {
        let state = self.state();
        let token = &state.tokens[token];
        (token.account.clone(), token.fetched.clone())
    }

    pub(super) fn fetched(&self, token: usize, secret: Secret, until: f64) {
        self.state().tokens[token].fetched = Some((secret, until));
    }

    /// The error for a request if no valid token may be used for it.
    fn no_valid_token(&self, pinned: Option<&str>) -> ServiceError {
        let state = self.state();
        let is_left = state.tokens.iter().any(|token| token.is_valid);
        let reason = state.reason.as_deref().unwrap_or("no reason is known");
        let message = match (pinned.filter(|_| is_left), state.tokens.len()) {
            (Some(_), _) => format!("the listing's token was refused ({reason}); list again"),
            (None, 1) => format!("the token was refused: {reason}"),
            (None, count) => format!("all {count} tokens were refused: {reason}"),
        };
        ServiceError::new(ErrorKind::AuthenticationFailed, "authentication", message)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

enum Found {
    Admission {
        identity: usize,
        token: Option<usize>,
    },
    Wait(QueuedRequest),
    /// No token is valid.
    NoToken,
}

/// The wait of a request: until the time `until`, if there is one, or until the pool changes.
#[derive(Clone, Copy, Default)]
struct QueuedRequest {
    until: Option<f64>,
    /// True if the wait is short: it ends when another request is answered, or its only purpose is
    /// to send requests less frequently.
    is_short: bool,
}

impl QueuedRequest {
    fn at(&mut self, then: f64) {
        self.until = Some(self.until.map_or(then, |known| known.min(then)));
    }
}

impl State {
    fn add(&mut self, account: Option<Account>, key: String) {
        let identity = self.identities.len();
        self.identities.push(Identity {
            key,
            name: None,
            limits: RateLimits::default(),
        });
        self.tokens.extend(account.map(|account| Token {
            account,
            fetched: None,
            identity,
            is_valid: true,
            last_used: None,
        }));
    }

    fn find(
        &mut self,
        bucket: Bucket,
        points: u32,
        reserve: u64,
        (only, prefers, pinned): (Option<usize>, Option<&str>, Option<&str>),
        now: f64,
    ) -> Found {
        let is_anonymous = self.tokens.is_empty();
        // All pages of a listing are requested with the same identity, because another identity may
        // see other items.
        let pinned = pinned.filter(|_| self.tokens.len() > 1);
        let mut best: Option<(bool, u64, usize)> = None;
        let mut wait: Option<QueuedRequest> = None;
        for (at, identity) in self.identities.iter_mut().enumerate() {
            let may = |(index, token): (usize, &Token)| {
                token.identity == at && token.is_valid && only.is_none_or(|only| only == index)
            };
            if !is_anonymous && !self.tokens.iter().enumerate().any(may) {
                continue;
            }
            if pinned.is_some_and(|pinned| pinned != identity.key) {
                continue;
            }
            match identity.limits.turn(bucket, points, reserve, now) {
                Admission::Now => {
                    let rank = (
                        prefers == Some(&*identity.key),
                        identity.limits.spare(bucket),
                        at,
                    );
                    if best.is_none_or(|best| (rank.0, rank.1) > (best.0, best.1)) {
                        best = Some(rank);
                    }
                }
                Admission::At(then) => wait.get_or_insert_default().at(then),
                Admission::Paced(then) => {
                    let wait = wait.get_or_insert_default();
                    wait.at(then);
                    wait.is_short = true;
                }
                Admission::AfterAnswer => wait.get_or_insert_default().is_short = true,
            }
        }
        let Some((_, _, identity)) = best else {
            return wait.map_or(Found::NoToken, Found::Wait);
        };
        let tokens = self.tokens.iter().enumerate();
        let tokens = tokens.filter(|(index, token)| {
            token.identity == identity && token.is_valid && only.is_none_or(|only| only == *index)
        });
        let token = tokens.min_by(|(_, a), (_, b)| {
            let used = |token: &Token| token.last_used.unwrap_or(f64::NEG_INFINITY);
            used(a).total_cmp(&used(b))
        });
        Found::Admission {
            identity,
            token: token.map(|(index, _)| index),
        }
    }
}

/// Permission to send one request. If it is dropped without a report of the answer, the request
/// counts as spent.
pub(super) struct Lease {
    pool: Arc<Pool>,
    bucket: Bucket,
    identity: usize,
    number: u64,
    pub(super) token: Option<usize>,
    has_ended: bool,
}

impl Lease {
    pub(super) fn identity_key(&self) -> String {
        self.pool.state().identities[self.identity].key.clone()
    }

    /// Reports an answer with its rate limit headers. If there are none, `was_counted` tells
    /// whether the request counts as spent.
    pub(super) fn answered(mut self, told: RateLimitHeaders, was_counted: bool) {
        self.end(told, was_counted);
        let now = self.pool.clock.now();
        self.pool.state().identities[self.identity]
            .limits
            .went_well(now);
    }

    /// Reports that the quota is used up.
    pub(super) fn exhausted(mut self, told: RateLimitHeaders, retry_after: Option<u64>) {
        self.end(told, false);
        let now = self.pool.clock.now();
        let mut state = self.pool.state();
        state.identities[self.identity]
            .limits
            .exhausted(self.bucket, told, retry_after, now);
    }

    /// Reports that GitHub asks for a pause.
    pub(super) fn paused(mut self, told: RateLimitHeaders, retry_after: Option<u64>) {
        self.end(told, true);
        let now = self.pool.clock.now();
        self.pool.state().identities[self.identity]
            .limits
            .pause(retry_after, now);
    }

    /// Reports that GitHub refuses the token, with the reason. Returns true if other tokens are
    /// valid.
    pub(super) fn revoked(mut self, told: RateLimitHeaders, reason: &Error) -> bool {
        self.end(told, false);
        let mut state = self.pool.state();
        if let Some(token) = self.token {
            state.tokens[token].is_valid = false;
            state.reason.get_or_insert_with(|| reason.report());
        }
        state.tokens.iter().any(|token| token.is_valid)
    }

    fn end(&mut self, told: RateLimitHeaders, was_counted: bool) {
        if !std::mem::replace(&mut self.has_ended, true) {
            let now = self.pool.clock.now();
            let mut state = self.pool.state();
            state.identities[self.identity].limits.end(
                self.bucket,
                self.number,
                told,
                was_counted,
                now,
            );
            drop(state);
            self.pool.changed.notify_waiters();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(RateLimitHeaders::default(), true);
    }
}

/// A name for a token that does not reveal it.
fn fingerprint(token: &Secret) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(token.expose().as_bytes());
    digest[..12].iter().fold("token-".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    })
}

/// The last second of the year 9999, the latest that HTTP dates can express.
const YEAR_9999: u64 = 253_402_300_799;

fn too_long(bucket: Bucket, then: f64, wait: Duration) -> ServiceError {
    #[expect(clippy::cast_possible_truncation, reason = "dates are small")]
    let reset_at = then.ceil() as i64;
    let seconds = u64::try_from(reset_at).unwrap_or(0).min(YEAR_9999);
    let at = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    let message = format!(
        "no {} requests are left until {} (in {} s); the longest allowed wait is shorter",
        bucket.name(),
        httpdate::fmt_http_date(at),
        wait.as_secs()
    );
    ServiceError {
        reset_at: Some(reset_at),
        retry_after: Some(wait.as_secs()),
        ..ServiceError::new(
            ErrorKind::RateLimited,
            format!("the {} limit", bucket.name()),
            message,
        )
    }
}
