//! How much one identity may still ask for, and when again: arithmetic over a clock that others supply.
//!
//! GitHub counts per identity (a user, an installation of an app, an address without a token), not per token, and per
//! resource (docs.github.com, "Rate limits for the REST API"). What is left is learned from the headers of each answer. A
//! request under way counts as spent until its answer says otherwise, so nothing is sent to a bucket that may be empty;
//! while nothing is known of a bucket, one request asks.
//!
//! Beside these primary limits there are secondary ones: at most 100 requests at once and 900 points a minute (2,000 for
//! GraphQL), where what changes something costs 5 points; and pauses that GitHub asks for, which hold for all of an identity.

use std::collections::VecDeque;

/// What GitHub counts separately (`x-ratelimit-resource`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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

    /// As GitHub spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Search => "search",
            Self::CodeSearch => "code_search",
            Self::Graphql => "graphql",
        }
    }

    /// What a route of the REST API is counted as.
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

/// Requests at once that GitHub allows an identity, less some for others who use it.
const AT_ONCE: u32 = 80;
/// Points of a request that changes something.
pub(super) const MUTATION_POINTS: u32 = 5;
/// What GitHub asks for between requests that change something.
const BETWEEN_MUTATIONS: f64 = 1.0;
/// After a reset, so that clocks that differ by less do no harm.
const AFTER_RESET: f64 = 1.0;
/// First pause after a secondary limit that does not say how long; doubled each time.
const FIRST_PAUSE: f64 = 60.0;
const LONGEST_PAUSE: f64 = 3600.0;
pub(super) const MINUTE: f64 = 60.0;
/// So many successes without a word about limits mean that there are none.
const SILENT_ANSWERS: usize = 3;
/// No limit of GitHub's lasts longer; a reset further away is a mistake.
const LONGEST_WINDOW: f64 = 86_400.0;

/// What an answer's headers say of a bucket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct RateLimitHeaders {
    pub(super) limit: Option<u64>,
    pub(super) remaining: Option<u64>,
    /// On the server's clock.
    pub(super) reset: Option<i64>,
    /// The server's clock when it answered.
    pub(super) date: Option<i64>,
    /// Whether it was a success.
    pub(super) is_success: bool,
}

/// What is known of a bucket.
#[derive(Clone, Debug, Default)]
struct Quota {
    limit: Option<u64>,
    /// `None` while nothing is known.
    remaining: Option<u64>,
    /// On our clock.
    reset: f64,
    /// On the server's clock, to tell older answers from newer.
    reset_told: i64,
    under_way: u64,
    /// Requests that ended without a word about limits, each by how many had started then: the answer to one that started
    /// later counts them, an answer that was under way may not.
    silent: Vec<u64>,
    /// Answers came without a word about limits: there are none.
    is_unlimited: bool,
}

/// Whether a request may go now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Admission {
    Now,
    /// Not before then, in seconds since the epoch.
    At(f64),
    /// The same, to keep a pace: it is never long.
    Paced(f64),
    /// Not before another answer is there.
    AfterAnswer,
}

/// One identity's limits.
#[derive(Clone, Debug, Default)]
pub(super) struct RateLimits {
    quotas: [Quota; 4],
    under_way: u32,
    /// Requests that started.
    started: u64,
    closed_until: f64,
    pauses: u32,
    /// After a pause, one request finds out whether it is over.
    is_careful: bool,
    /// When points were spent in the last minute, of the REST API and of GraphQL.
    spent: [VecDeque<(f64, u32)>; 2],
    last_mutation: f64,
    /// The server's clock less ours.
    skew: f64,
}

impl RateLimits {
    /// Whether a request of so many points may go to `bucket`, of which `reserve` requests are to stay.
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
        // Of a search's few requests a minute none is kept back.
        let reserve = match bucket {
            Bucket::Core | Bucket::Graphql => reserve,
            Bucket::Search | Bucket::CodeSearch => 0,
        };
        let quota = &mut self.quotas[bucket as usize];
        if quota.remaining.is_some() && now >= quota.reset {
            quota.remaining = None; // a new hour, of which nothing is known
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

    /// A request goes; returns its number.
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

    /// The request of this number ended, and its answer said this. `was_counted` is what to assume if it said nothing.
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
            // A whole second is lost in the header: within it, clocks agree.
            self.skew = if skew.abs() < 2.0 { 0.0 } else { skew };
        }
        let (Some(remaining), Some(reset)) = (told.remaining, told.reset) else {
            if was_counted {
                // One answer without a word may be a proxy's; some are a server without limits.
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
            return; // it was under way while a new hour began
        }
        let is_same = is_current && reset == quota.reset_told;
        quota.remaining = Some(match quota.remaining {
            Some(known) if is_same => known.min(remaining),
            _ => remaining,
        });
        #[expect(clippy::cast_precision_loss, reason = "dates are small")]
        let reset_here = reset as f64 - self.skew + AFTER_RESET;
        // What cannot be is no measure for what comes.
        let (reset_here, reset) = if reset_here > now + LONGEST_WINDOW {
            (now + 3600.0, 0)
        } else {
            (reset_here, reset)
        };
        quota.reset_told = reset;
        quota.reset = reset_here.max(now + AFTER_RESET); // a reset in the past is no reason to ask without end
    }

    /// GitHub said that the bucket is empty. If it also says that this is over already, nobody knows when it is.
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

    /// GitHub asks for a pause of everything. Returns when it ends.
    pub(super) fn pause(&mut self, retry_after: Option<u64>, now: f64) -> f64 {
        // Several requests under way hear of the same pause.
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

    /// An answer came that was no pause: the next one starts over.
    pub(super) fn went_well(&mut self, now: f64) {
        if now >= self.closed_until {
            self.is_careful = false;
        }
        if now > self.closed_until + MINUTE {
            self.pauses = 0;
        }
    }

    /// How much is left, as far as it is known, and when it is more again, in seconds since the epoch.
    pub(super) fn left(&self, bucket: Bucket) -> (Option<u64>, Option<u64>, Option<i64>) {
        let quota = &self.quotas[bucket as usize];
        let reset = quota.remaining.map(|_| {
            #[expect(clippy::cast_possible_truncation, reason = "dates are small")]
            let reset = (quota.reset - AFTER_RESET).ceil() as i64;
            reset
        });
        (quota.limit, quota.remaining, reset)
    }

    /// What of it this identity has to spare: most goes first.
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
