//! The order of jobs, and the time of each attempt. The caller supplies the current time and the
//! random numbers.
//!
//! Hosts take turns. Each host has a limit of concurrent jobs. If a host throttles, its limit is
//! halved, and its jobs wait for as long as the host asks. The limit then grows again, up to its
//! original value: by one each time as many jobs have ended as it allows at once. A job that will
//! be retried does not count as ended. A job that failed for a temporary reason is retried after a
//! wait, which doubles with each attempt.

use std::collections::VecDeque;
use std::time::Duration;

use crate::settings::settings;

settings! {
    /// Retries after temporary failures.
    pub struct RetryOptions {
        /// Attempts after the first.
        pub retries: u32 = 4,
        /// Wait before the first retry; doubled for each further retry. Random jitter shortens each
        /// wait by up to half, so that jobs that failed together are not retried together.
        pub retry_wait: Duration = Duration::from_secs(1),
        /// Longest wait between attempts.
        pub max_wait: Duration = Duration::from_secs(60),
        /// Longest pause that a host may ask for. A longer one is a failure.
        pub max_throttle: Duration = Duration::from_secs(15 * 60),
    }
}

/// The result of one attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AttemptResult {
    /// The job has ended, successfully or not.
    Done,
    /// The attempt failed, and a retry may succeed.
    Retry,
    /// The host asks for a pause of this length. If it gives no length, the attempt counts as
    /// failed, and no job of the host starts until the normal wait before a retry has passed.
    Throttled(Option<Duration>),
}

/// The next step of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// Start the job with this index.
    Start(usize),
    /// Wait until this time, or until a running job ends.
    WaitUntil(Duration),
    /// Wait until a running job ends.
    Wait,
    /// All jobs have ended.
    Done,
}

/// A job may be throttled this many times as often as it may be retried
/// ([`RetryOptions::retries`](field@RetryOptions::retries)), because throttling is not a failure.
const THROTTLES_PER_RETRY: u32 = 5;
/// The shortest pause of a host that throttles, even if it asks for less.
const SHORTEST_THROTTLE: Duration = Duration::from_secs(1);
struct Host {
    /// Waiting jobs, ordered by the time at which they may start.
    queue: VecDeque<Waiting>,
    running: usize,
    /// The current limit of concurrent jobs.
    allowed: usize,
    /// The highest limit of concurrent jobs.
    most: usize,
    successes: usize,
    closed_until: Duration,
}

#[derive(Clone, Copy)]
struct Waiting {
    index: usize,
    from: Duration,
}

/// The state of a run. Times count from its start.
pub(super) struct Schedule {
    hosts: Vec<Host>,
    host_of: Vec<usize>,
    attempts: Vec<u32>,
    throttles: Vec<u32>,
    jobs: usize,
    running: usize,
    waiting: usize,
    turn: usize,
    options: RetryOptions,
}

impl Schedule {
    /// `hosts` names the host of each input. The empty name is the local machine, which is limited
    /// by `jobs` only.
    pub(super) fn new(
        hosts: &[&str],
        jobs: usize,
        jobs_per_host: usize,
        options: RetryOptions,
    ) -> Self {
        let jobs = jobs.max(1);
        let mut names: Vec<&str> = Vec::new();
        let mut index_of = std::collections::HashMap::new();
        let mut schedule = Self {
            hosts: Vec::new(),
            host_of: Vec::with_capacity(hosts.len()),
            attempts: vec![0; hosts.len()],
            throttles: vec![0; hosts.len()],
            jobs,
            running: 0,
            waiting: hosts.len(),
            turn: 0,
            options,
        };
        for (index, &name) in hosts.iter().enumerate() {
            let host = *index_of.entry(name).or_insert_with(|| {
                names.push(name);
                names.len() - 1
            });
            if host == schedule.hosts.len() {
                let most = if name.is_empty() {
                    jobs
                } else {
                    jobs_per_host.max(1)
                };
                schedule.hosts.push(Host {
                    queue: VecDeque::new(),
                    running: 0,
                    allowed: most,
                    most,
                    successes: 0,
                    closed_until: Duration::ZERO,
                });
            }
            schedule.host_of.push(host);
            schedule.hosts[host].queue.push_back(Waiting {
                index,
                from: Duration::ZERO,
            });
        }
        schedule
    }

    /// Returns the next step at `now`. A job that is returned to be started counts as running.
    pub(super) fn next(&mut self, now: Duration) -> Next {
        if self.waiting == 0 {
            return if self.running == 0 {
                Next::Done
            } else {
                Next::Wait
            };
        }
        if self.running >= self.jobs {
            return Next::Wait;
        }
        let mut earliest: Option<Duration> = None;
        for step in 0..self.hosts.len() {
            let at = (self.turn + step) % self.hosts.len();
            let host = &mut self.hosts[at];
            let Some(first) = host.queue.front().copied() else {
                continue;
            };
            if host.running >= host.allowed {
                continue;
            }
            let from = first.from.max(host.closed_until);
            if from > now {
                earliest = Some(earliest.map_or(from, |earliest| earliest.min(from)));
                continue;
            }
            host.queue.pop_front();
            host.running += 1;
            self.turn = at + 1;
            self.running += 1;
            self.waiting -= 1;
            self.attempts[first.index] += 1;
            return Next::Start(first.index);
        }
        earliest.map_or(Next::Wait, Next::WaitUntil)
    }

    /// Number of attempts at a job so far, without those that the host refused with a pause of
    /// stated length.
    pub(super) fn attempts(&self, index: usize) -> u32 {
        self.attempts[index]
    }

    /// Records the end of an attempt. `jitter` is a random number from 0 to 1. Returns true if
    /// there will be another attempt.
    pub(super) fn ended(
        &mut self,
        index: usize,
        result: AttemptResult,
        now: Duration,
        jitter: f64,
    ) -> bool {
        let host = &mut self.hosts[self.host_of[index]];
        host.running -= 1;
        self.running -= 1;
        let attempts = self.attempts[index];
        let doublings = attempts.saturating_sub(1).min(20);
        let wait = self.options.retry_wait.saturating_mul(1 << doublings);
        let wait = wait.min(self.options.max_wait);
        let jitter = jitter.clamp(0.0, 1.0);
        let from = match result {
            AttemptResult::Done => {
                host.successes += 1;
                if host.successes >= host.allowed && host.allowed < host.most {
                    host.allowed += 1;
                    host.successes = 0;
                }
                return false;
            }
            AttemptResult::Retry => {
                if attempts > self.options.retries {
                    return false;
                }
                now + wait.mul_f64(1.0 - jitter / 2.0)
            }
            AttemptResult::Throttled(asked) => {
                let away = match asked {
                    Some(asked) => {
                        self.throttles[index] += 1;
                        let retries = self.options.retries;
                        let most = retries.saturating_mul(THROTTLES_PER_RETRY);
                        if asked > self.options.max_throttle || self.throttles[index] > most {
                            return false;
                        }
                        self.attempts[index] -= 1;
                        asked.max(SHORTEST_THROTTLE)
                    }
                    None if attempts > self.options.retries => return false,
                    None => wait.max(SHORTEST_THROTTLE),
                };
                // A host that throttles usually refuses all of its running jobs at about the same
                // time. The limit is halved only once for all of them.
                if now >= host.closed_until {
                    host.allowed = (host.allowed / 2).max(1);
                    host.successes = 0;
                }
                host.closed_until = host.closed_until.max(now + away);
                // Jitter delays each job a little more, so that they do not all start at once.
                now + away + away.mul_f64(jitter / 10.0)
            }
        };
        let at = host.queue.partition_point(|waiting| waiting.from <= from);
        host.queue.insert(at, Waiting { index, from });
        self.waiting += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn hosts_take_turns_and_have_their_limits() {
        let hosts = ["a", "a", "a", "b", "", ""];
        let mut schedule = Schedule::new(&hosts, 5, 2, RetryOptions::default());
        let mut started = Vec::new();
        while let Next::Start(index) = schedule.next(Duration::ZERO) {
            started.push(index);
        }
        assert_eq!(started, [0, 3, 4, 1, 5], "the third job of `a` waits");
        assert_eq!(schedule.next(Duration::ZERO), Next::Wait);
        schedule.ended(0, AttemptResult::Done, Duration::ZERO, 0.0);
        assert_eq!(schedule.next(Duration::ZERO), Next::Start(2));
    }

    #[test]
    fn retry_waits_double_and_end() {
        let options = RetryOptions::new().retries(3).max_wait(seconds(3));
        let mut schedule = Schedule::new(&["a"], 1, 1, options);
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        loop {
            assert_eq!(schedule.next(now), Next::Start(0));
            if !schedule.ended(0, AttemptResult::Retry, now, 0.0) {
                break;
            }
            let Next::WaitUntil(then) = schedule.next(now) else {
                panic!("it would start at once");
            };
            waits.push(then.saturating_sub(now).as_secs());
            now = then;
        }
        assert_eq!(waits, [1, 2, 3]);
        assert_eq!(schedule.next(now), Next::Done);
    }

    #[test]
    fn throttling_host_is_left_alone_and_recovers() {
        let hosts = ["a"; 40];
        let mut schedule = Schedule::new(&hosts, 8, 4, RetryOptions::default());
        for _ in 0..4 {
            assert!(matches!(schedule.next(Duration::ZERO), Next::Start(_)));
        }
        for index in 0..4 {
            let again = schedule.ended(
                index,
                AttemptResult::Throttled(Some(seconds(30))),
                Duration::ZERO,
                0.0,
            );
            assert!(again);
            assert_eq!(
                schedule.attempts(index),
                0,
                "a throttled attempt does not count"
            );
        }
        assert_eq!(schedule.next(Duration::ZERO), Next::WaitUntil(seconds(30)));
        let now = seconds(31);
        let mut most = 0;
        let mut running = Vec::new();
        let mut first = None;
        loop {
            match schedule.next(now) {
                Next::Start(index) => running.push(index),
                Next::Done => break,
                _ => {
                    first.get_or_insert(running.len());
                    most = most.max(running.len());
                    let index = running.remove(0);
                    schedule.ended(index, AttemptResult::Done, now, 0.0);
                }
            }
        }
        assert_eq!((first, most), (Some(2), 4), "half at first, all in the end");
    }

    #[test]
    fn wait_that_is_too_long_is_a_failure() {
        let mut schedule = Schedule::new(&["a"], 1, 1, RetryOptions::default());
        assert_eq!(schedule.next(Duration::ZERO), Next::Start(0));
        let hour = Some(seconds(3600));
        assert!(!schedule.ended(0, AttemptResult::Throttled(hour), Duration::ZERO, 0.5));
    }

    proptest::proptest! {
        /// Every job ends, no job runs twice at once, and no limit is exceeded, whatever the
        /// results.
        #[test]
        fn schedule_ends_for_every_input(
            hosts in proptest::collection::vec(0u8..4, 1..40),
            jobs in 1usize..6,
            per_host in 1usize..4,
            fates in proptest::collection::vec((0u8..3, 0.0f64..1.0), 400),
        ) {
            let names: Vec<String> = hosts.iter().map(|host| format!("h{host}")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let options = RetryOptions::new().retries(2);
            let mut schedule = Schedule::new(&names, jobs, per_host, options);
            let mut fates = fates.into_iter();
            let mut now = Duration::ZERO;
            let mut running: Vec<usize> = Vec::new();
            let mut over = std::collections::HashSet::new();
            loop {
                match schedule.next(now) {
                    Next::Start(index) => {
                        proptest::prop_assert!(!running.contains(&index) && !over.contains(&index));
                        running.push(index);
                        proptest::prop_assert!(running.len() <= jobs);
                        let same = running.iter().filter(|&&other| names[other] == names[index]);
                        proptest::prop_assert!(same.count() <= per_host);
                    }
                    Next::Done => break,
                    next => {
                        if running.is_empty() {
                            let Next::WaitUntil(then) = next else { panic!("stuck") };
                            now = then;
                            continue;
                        }
                        let index = running.remove(0);
                        let (fate, jitter) = fates.next().unwrap_or((0, 0.0));
                        let result = match fate {
                            0 => AttemptResult::Done,
                            1 => AttemptResult::Retry,
                            _ => AttemptResult::Throttled(Some(seconds(5))),
                        };
                        if !schedule.ended(index, result, now, jitter) {
                            over.insert(index);
                        }
                    }
                }
            }
            proptest::prop_assert_eq!(over.len(), names.len());
        }
    }
}
