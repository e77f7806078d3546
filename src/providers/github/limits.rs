//! The remaining quota of one identity, and the time of its reset. The caller supplies the current
//! time.
//!
//! GitHub counts per identity (a user, an app's installation, or an IP address without a token),
//! not per token, and per resource (docs.github.com, "Rate limits for the REST API"). The remaining
//! quota is read from the headers of each answer. A request under way counts as spent until its
//! answer says otherwise, so no request is sent to a bucket that may be empty. While the quota of a
//! bucket is unknown, only one request at a time is sent.
//!
//! Beside these primary limits there are secondary ones: at most 100 requests at once; at most 900
//! points per minute (2,000 for GraphQL), where a request that changes something costs 5 points;
//! and pauses that GitHub asks for, which apply to the whole identity.

use std::collections::VecDeque;

/// The resources that GitHub counts separately (`x-ratelimit-resource`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Bucket {
    /// The REST API.
    Core,
    /// Searches, other than for code.
    Search,
    /// Searches for code.
    CodeSearch,
    /// The GraphQL API.
    Graphql,
}

impl Bucket {
    pub(super) const ALL: [Self; 4] = [Self::Core, Self::Search, Self::CodeSearch, Self::Graphql];

    /// The name that GitHub uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Search => "search",
            Self::CodeSearch => "code_search",
            Self::Graphql => "graphql",
        }
    }

    /// The bucket that requests for a route count against.
    pub(super) fn of_route(route: &str) -> Self {
        let path = route
            .split('?')
            .next()
            .unwrap_or(route)
            .trim_start_matches('/');
        match path {
            "graphql" => Self::Graphql,
            "search/code" => Self::CodeSearch,
            _ if path.starts_with("search/") => Self::Search,
            _ => Self::Core,
        }
    }

    fn points_per_minute(self) -> u32 {
        match self {
            Self::Graphql => 2000,
            _ => 900,
        }
    }
}

/// Concurrent requests per identity: fewer than GitHub allows, to leave some for other programs.
const AT_ONCE: u32 = 80;
/// Points of a request that changes something.
pub(super) const MUTATION_POINTS: u32 = 5;
/// Seconds between requests that change something, as GitHub asks for.
const BETWEEN_MUTATIONS: f64 = 1.0;
/// Seconds to wait after a reset, so that small differences between clocks do no harm.
const AFTER_RESET: f64 = 1.0;
/// Seconds of the first pause if GitHub reports a secondary limit without `Retry-After`; doubled
/// for each further pause.
const FIRST_PAUSE: f64 = 60.0;
const LONGEST_PAUSE: f64 = 3600.0;
pub(super) const MINUTE: f64 = 60.0;
/// After this many requests without rate limit headers, a further successful answer without them
/// means that the server has no limits.
const SILENT_ANSWERS: usize = 3;
/// A reset that is further away than this, in seconds, is taken for an error of the server:
/// GitHub's periods are an hour or less.
const LONGEST_WINDOW: f64 = 86_400.0;

/// The rate limit headers of an answer, for one bucket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct RateLimitHeaders {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    /// Time of the reset on the server's clock, in seconds since the epoch.
    pub(super) reset: Option<i64>,
    /// Time of the answer on the server's clock, in seconds since the epoch.
    pub(super) date: Option<i64>,
    /// True if the answer is a success.
    pub(super) is_success: bool,
}

/// The known state of a bucket.
#[derive(Clone, Debug, Default)]
struct Quota {
    limit: Option<u64>,
    /// `None` while unknown.
    remaining: Option<u64>,
    /// Time of the reset on the local clock.
    reset: f64,
    /// Time of the reset on the server's clock. An answer with an earlier reset belongs to the
    /// previous period.
    reset_told: i64,
    under_way: u64,
    /// Requests that ended without rate limit headers, which may not be included in `remaining`
    /// yet. For each, the number of requests that had been started when it ended is stored. A
    /// request with a higher number was started after the silent request had ended, so the
    /// `remaining` in its answer includes the silent request.
    silent: Vec<u64>,
    /// True if the server has no limits, because its answers have no rate limit headers.
    is_unlimited: bool,
}

/// The time at which a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Admission {
    Now,
    /// Not before this time, in seconds since the epoch.
    At(f64),
    /// Not before this time, because requests would be too frequent; the wait is always short.
    Paced(f64),
    /// Not before another answer has arrived.
    AfterAnswer,
}

/// The limits of one identity.
#[derive(Clone, Debug, Default)]
pub(super) struct RateLimits {
    quotas: [Quota; 4],
    under_way: u32,
    /// Number of requests started so far.
    started: u64,
    closed_until: f64,
    pauses: u32,
    /// True after a pause: only one request at a time is sent, until GitHub answers one without
    /// asking for another pause.
    is_careful: bool,
    /// Points spent in the last minute, with times: those of the REST API, then those of GraphQL.
    spent: [VecDeque<(f64, u32)>; 2],
    last_mutation: f64,
    /// Server's clock minus local clock, in seconds.
    skew: f64,
}

impl RateLimits {
    /// Returns the time at which a request that costs `points` may be sent to `bucket`. `reserve`
    /// requests of the bucket are left unused.
    pub(super) fn turn(
        &mut self,
        bucket: Bucket,
        points: u32,
        reserve: u64,
        now: f64,
    ) -> Admission {
        if now < self.closed_until {
            return Admission::At(self.closed_until);
        }
        if self.under_way >= AT_ONCE || (self.is_careful && self.under_way > 0) {
            return Admission::AfterAnswer;
        }
        if points == 0 {
            return Admission::Now; // GitHub does not count it
        }
        if points >= MUTATION_POINTS && now < self.last_mutation + BETWEEN_MUTATIONS {
            return Admission::Paced(self.last_mutation + BETWEEN_MUTATIONS);
        }
        let spent = &mut self.spent[usize::from(bucket == Bucket::Graphql)];
        while spent.front().is_some_and(|(at, _)| at + MINUTE <= now) {
            spent.pop_front();
        }
        let sum: u32 = spent.iter().map(|(_, points)| points).sum();
        if let Some((first, _)) = spent.front()
            && sum + points > bucket.points_per_minute()
        {
            return Admission::Paced(first + MINUTE);
        }
        // Searches have few requests per minute, so none are reserved.
        let reserve = match bucket {
            Bucket::Core | Bucket::Graphql => reserve,
            Bucket::Search | Bucket::CodeSearch => 0,
        };
        let quota = &mut self.quotas[bucket as usize];
        if quota.remaining.is_some() && now >= quota.reset {
            quota.remaining = None; // a new period, whose quota is unknown
            quota.silent.clear();
        }
        let left = quota
            .remaining
            .map(|left| left.saturating_sub(quota.silent.len() as u64));
        match left {
            _ if quota.is_unlimited => Admission::Now,
            None if quota.under_way == 0 => Admission::Now,
            None => Admission::AfterAnswer,
            Some(remaining) if remaining > quota.under_way + reserve => Admission::Now,
            Some(remaining) if quota.under_way > 0 && remaining > reserve => Admission::AfterAnswer,
            Some(_) => Admission::At(quota.reset),
        }
    }

    /// Records the start of a request. Returns its number.
    pub(super) fn start(&mut self, bucket: Bucket, points: u32, now: f64) -> u64 {
        self.started += 1;
        self.under_way += 1;
        self.quotas[bucket as usize].under_way += 1;
        if points > 0 {
            self.spent[usize::from(bucket == Bucket::Graphql)].push_back((now, points));
        }
        if points >= MUTATION_POINTS {
            self.last_mutation = now;
        }
        self.started
    }

    /// Records the end of the request with this number, and the headers of its answer. If there are
    /// none, `was_counted` tells if the request counts as spent.
    pub(super) fn end(
        &mut self,
        bucket: Bucket,
        number: u64,
        told: RateLimitHeaders,
        was_counted: bool,
        now: f64,
    ) {
        self.under_way = self.under_way.saturating_sub(1);
        let quota = &mut self.quotas[bucket as usize];
        quota.under_way = quota.under_way.saturating_sub(1);
        if let Some(date) = told.date {
            #[expect(clippy::cast_precision_loss, reason = "dates are small")]
            let skew = date as f64 - now;
            // The header has whole seconds only, so small differences are ignored.
            self.skew = if skew.abs() < 2.0 { 0.0 } else { skew };
        }
        let (Some(remaining), Some(reset)) = (told.remaining, told.reset) else {
            if was_counted {
                // One answer without headers may be a proxy's; several mean a server without
                // limits.
                let is_new = quota.limit.is_none() && told.is_success;
                quota.is_unlimited |= is_new && quota.silent.len() >= SILENT_ANSWERS;
                if !quota.is_unlimited {
                    quota.silent.push(self.started);
                }
            }
            return;
        };
        quota.is_unlimited = false;
        quota.silent.retain(|started| *started >= number);
        quota.limit = told.limit.or(quota.limit);
        let is_current = quota.remaining.is_some();
        if is_current && reset < quota.reset_told {
            return; // the answer belongs to the previous period
        }
        let is_same = is_current && reset == quota.reset_told;
        quota.remaining = Some(match quota.remaining {
            Some(known) if is_same => known.min(remaining),
            _ => remaining,
        });
        #[expect(clippy::cast_precision_loss, reason = "dates are small")]
        let reset_here = reset as f64 - self.skew + AFTER_RESET;
        // If the reset is impossibly late, 0 is stored instead. If the late time were stored, later
        // answers with the correct, earlier reset would be ignored.
        let (reset_here, reset) = if reset_here > now + LONGEST_WINDOW {
            (now + 3600.0, 0)
        } else {
            (reset_here, reset)
        };
        quota.reset_told = reset;
        // A reset in the past must not cause endless requests.
        quota.reset = reset_here.max(now + AFTER_RESET);
    }

    /// Records that GitHub reports the bucket as empty. It stays closed for at least `retry_after`
    /// seconds. If there is neither `retry_after` nor a reset in the future, it stays closed for at
    /// least a minute.
    pub(super) fn exhausted(
        &mut self,
        bucket: Bucket,
        told: RateLimitHeaders,
        retry_after: Option<u64>,
        now: f64,
    ) {
        let skew = self.skew;
        let quota = &mut self.quotas[bucket as usize];
        quota.remaining = Some(0);
        #[expect(clippy::cast_precision_loss, reason = "dates are small")]
        let is_over = told.reset.is_none_or(|reset| reset as f64 - skew <= now);
        if let Some(seconds) = retry_after {
            quota.reset = quota.reset.max(now + as_seconds(seconds));
        } else if is_over {
            quota.reset = quota.reset.max(now + FIRST_PAUSE);
        }
    }

    /// Records that GitHub asks the whole identity to pause. Returns the end of the pause.
    pub(super) fn pause(&mut self, retry_after: Option<u64>, now: f64) -> f64 {
        // If several requests under way report the same pause, it is counted once.
        if now >= self.closed_until {
            self.pauses += 1;
        }
        self.is_careful = true;
        let doublings = i32::try_from(self.pauses.saturating_sub(1).min(10)).unwrap_or(10);
        let own = (FIRST_PAUSE * f64::powi(2.0, doublings)).min(LONGEST_PAUSE);
        let pause = retry_after.map_or(own, as_seconds);
        self.closed_until = self.closed_until.max(now + pause.max(1.0));
        self.closed_until
    }

    /// Records an answer that did not ask for a pause. If the last pause ended more than a minute
    /// ago, the length of pauses is reset to that of the first pause.
    pub(super) fn went_well(&mut self, now: f64) {
        if now >= self.closed_until {
            self.is_careful = false;
        }
        if now > self.closed_until + MINUTE {
            self.pauses = 0;
        }
    }

    /// The limit, the remaining quota, and the time of the reset in seconds since the epoch, as far
    /// as they are known.
    pub(super) fn left(&self, bucket: Bucket) -> (Option<u64>, Option<u64>, Option<i64>) {
        let quota = &self.quotas[bucket as usize];
        let reset = quota.remaining.map(|_| {
            #[expect(clippy::cast_possible_truncation, reason = "dates are small")]
            let reset = (quota.reset - AFTER_RESET).ceil() as i64;
            reset
        });
        (quota.limit, quota.remaining, reset)
    }

    /// The remaining quota. The identity with the most remaining quota is used first.
    pub(super) fn spare(&self, bucket: Bucket) -> u64 {
        let quota = &self.quotas[bucket as usize];
        match quota.remaining {
            Some(remaining) => {
                remaining.saturating_sub(quota.under_way + quota.silent.len() as u64)
            }
            None => u64::MAX - u64::from(self.under_way),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds are few")]
fn as_seconds(seconds: u64) -> f64 {
    seconds as f64
}
