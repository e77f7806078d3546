//! Who asks: tokens, the identities behind them, and whose turn it is.
//!
//! Tokens of the same user share one quota, so they share one [`Limits`]. A request takes the identity with most to spare,
//! and of it the token that was used longest ago; if none has any, it waits for the first that will. Those that wait for one
//! bucket get their turn in the order they came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::app::AppKey;
use super::clock::Clock;
use super::limits::{Admission, Bucket, MINUTE, MUTATION_POINTS, RateLimitHeaders, RateLimits};
use crate::error::{Error, ErrorKind, Result, ServiceError};
use crate::secret::Secret;

/// What a request can be signed with.
#[derive(Clone, Debug)]
pub enum Account {
    /// A token of a user: personal, fine-grained or of an OAuth app.
    Token(Secret),
    /// An installation of a GitHub App, whose tokens are fetched when they are needed.
    App(AppKey),
}

/// What is known of a token's quota in one bucket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BucketStatus {
    /// Which.
    pub bucket: Bucket,
    /// Requests an hour (searches: a minute), once known.
    pub limit: Option<u64>,
    /// How many are left, once known.
    pub remaining: Option<u64>,
    /// When it is the limit again, in seconds since the epoch, once known.
    pub reset_at: Option<i64>,
}

/// What is known of a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenStatus {
    /// Its place among those given.
    pub index: usize,
    /// Whose it is, once known: tokens of one user share everything below.
    pub username: Option<String>,
    /// Whether GitHub still takes it.
    pub is_valid: bool,
    /// When it was last used, in seconds since the epoch.
    pub last_used: Option<f64>,
    /// Its quotas, those of the same identity counted together.
    pub buckets: Vec<BucketStatus>,
}

pub(super) struct Token {
    pub(super) account: Account,
    /// What an app's installation was given, and until when.
    pub(super) fetched: Option<(Secret, f64)>,
    identity: usize,
    is_valid: bool,
    last_used: Option<f64>,
}

struct Identity {
    /// What the cache knows it by.
    key: String,
    name: Option<String>,
    limits: RateLimits,
}

#[derive(Default)]
struct State {
    /// Why the first one left.
    reason: Option<String>,
    tokens: Vec<Token>,
    identities: Vec<Identity>,
}

/// How the pool spends.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuotaPolicy {
    /// Requests of each bucket that stay for others.
    pub(super) reserve: u64,
    /// Longest time to wait for a turn.
    pub(super) longest_wait: Duration,
}

/// What requests have to have in common to wait for one another: bucket, token, identity, and whether they change something.
type Kind = (Bucket, Option<usize>, Option<String>, bool);

pub(super) struct Pool {
    state: Mutex<State>,
    /// An answer came, or a token was found invalid.
    changed: Notify,
    /// Whose turn it is to look for a turn, among those who wait for the same.
    gates: Mutex<HashMap<Kind, Arc<tokio::sync::Mutex<()>>>>,
    pub(super) clock: Arc<dyn Clock>,
    quota_policy: QuotaPolicy,
}

impl Pool {
    /// Without accounts, the one identity is our address.
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

    /// Says whose a token is: those of one user become one identity.
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

    /// Waits for a turn. `only` is the token to use, if it has to be one; `prefers` an identity's key, if it has a turn.
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
        let gate = Arc::clone(
            self.gates
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(kind)
                .or_default(),
        );
        // What GitHub does not count waits for nobody.
        let _turn = match points {
            0 => None,
            _ => Some(gate.lock().await),
        };
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // what happens from here on is not missed
            let now = self.clock.now();
            let found = self.state().find(
                bucket,
                points,
                self.quota_policy.reserve,
                (only, prefers, pinned),
                now,
            );
            match found {
                Found::Nobody => return Err(Error::service(self.nobody(pinned))),
                Found::Admission { identity, token } => {
                    let mut state = self.state();
                    let number = state.identities[identity].limits.start(bucket, points, now);
                    if let Some(token) = token {
                        state.tokens[token].last_used = Some(now);
                    }
                    drop(state);
                    return Ok(Lease {
                        pool: Arc::clone(self),
                        bucket,
                        identity,
                        number,
                        token,
                        has_ended: false,
                    });
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

    /// The identity of a user whose token is here, if that is known.
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

    /// Gives up what an app's installation was given; returns whether it was old enough to have ended.
    pub(super) fn forget(&self, token: usize) -> bool {
        let now = self.clock.now();
        let fetched = self.state().tokens[token].fetched.take();
        fetched.is_some_and(|(_, until)| until - 3600.0 + MINUTE < now)
    }

    /// What the cache knows identities by.
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

    /// Why nobody can ask.
    fn nobody(&self, pinned: Option<&str>) -> ServiceError {
        let state = self.state();
        let is_left = state.tokens.iter().any(|token| token.is_valid);
        let reason = state.reason.as_deref().unwrap_or("none is known");
        let message = match (pinned.filter(|_| is_left), state.tokens.len()) {
            (Some(_), _) => format!("the token it began with is gone ({reason}); begin anew"),
            (None, 1) => format!("the token was refused: {reason}"),
            (None, count) => format!("all {count} tokens were refused: {reason}"),
        };
        ServiceError::new(
            ErrorKind::AuthenticationFailed,
            "a token that is still valid",
            message,
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Found {
    Admission {
        identity: usize,
        token: Option<usize>,
    },
    Wait(QueuedRequest),
    Nobody,
}

/// What a turn has to wait for: this time, if there is one, or that something changes.
#[derive(Clone, Copy, Default)]
struct QueuedRequest {
    until: Option<f64>,
    /// Somebody's answer or pace is enough: it will not be long.
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
        // Whoever began goes on, and nobody else: another may see other things.
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
            return wait.map_or(Found::Nobody, Found::Wait);
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

/// A request that may go. Dropping it without a word counts it as spent.
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

    /// An answer came, and said this of limits.
    pub(super) fn answered(mut self, told: RateLimitHeaders, was_counted: bool) {
        self.end(told, was_counted);
        let now = self.pool.clock.now();
        self.pool.state().identities[self.identity]
            .limits
            .went_well(now);
    }

    /// GitHub says that nothing is left.
    pub(super) fn exhausted(mut self, told: RateLimitHeaders, retry_after: Option<u64>) {
        self.end(told, false);
        let now = self.pool.clock.now();
        let mut state = self.pool.state();
        state.identities[self.identity]
            .limits
            .exhausted(self.bucket, told, retry_after, now);
    }

    /// GitHub asks for a pause.
    pub(super) fn paused(mut self, told: RateLimitHeaders, retry_after: Option<u64>) {
        self.end(told, true);
        let now = self.pool.clock.now();
        self.pool.state().identities[self.identity]
            .limits
            .pause(retry_after, now);
    }

    /// GitHub does not take the token any more, for this reason. Returns whether others are left.
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

/// Names a token without showing it.
fn fingerprint(token: &Secret) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(token.expose().as_bytes());
    digest[..12].iter().fold("token-".to_owned(), |text, byte| {
        format!("{text}{byte:02x}")
    })
}

/// The last second that dates are written for.
const YEAR_9999: u64 = 253_402_300_799;

fn too_long(bucket: Bucket, then: f64, wait: Duration) -> ServiceError {
    #[expect(clippy::cast_possible_truncation, reason = "dates are small")]
    let reset_at = then.ceil() as i64;
    let seconds = u64::try_from(reset_at).unwrap_or(0).min(YEAR_9999);
    let at = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
    let message = format!(
        "no {} requests are left before {} (in {} s), which is longer than may be waited",
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
