//! Worker threads, which take jobs from a schedule and run them. A panic fails only the job in
//! which it happens; the job is not retried.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::input::Input;
use super::outcome::{Outcome, Report};
use super::schedule::{AttemptResult, Next, RetryOptions, Schedule};
use crate::cancel::CancelToken;
use crate::durable::is_exhausted;
use crate::error::{Error, Result};
use crate::jitter::jitter;
use crate::mutex::{into_inner, lock};
use crate::settings::settings;
use crate::unix_time;

/// Longest time until a waiting thread notices a cancellation.
const TICK: Duration = Duration::from_millis(100);

settings! {
    /// Concurrency and retries of a fleet.
    pub struct FleetOptions {
        /// Repositories worked on at once, at least 1.
        pub jobs: usize = 8,
        /// Largest number of repositories worked on at once from one host.
        pub jobs_per_host: usize = 4,
        /// Retries after temporary failures.
        pub retry: RetryOptions = RetryOptions::default(),
    }
}

/// Holds the result of a job and the seconds spent on it, once the job has ended.
type Slot<T> = Mutex<Option<(Result<T>, f64)>>;

/// A valid input and its position among all inputs.
struct Job<I> {
    place: usize,
    name: String,
    value: I,
}

/// Runs `work` on every valid input, with retries after temporary failures. Returns one outcome per
/// input, in the order of the inputs. The outcome of an invalid input is its error. The outcome of
/// an input that was not started before a cancellation is [`Error::Cancelled`].
///
/// `host` returns the host of an input, or an empty string for the local machine. `on_end` is
/// called on any thread, with the position, the name and the result of each input that has ended.
pub(super) fn run<I: Sync, T: Send>(
    inputs: Vec<Input<I>>,
    host: impl Fn(&I) -> String,
    options: &FleetOptions,
    cancel: &CancelToken,
    work: impl Fn(&I) -> Result<T> + Sync,
    on_end: impl Fn(usize, &str, &Result<T>) + Sync,
) -> Report<T> {
    let (mut jobs, mut outcomes) = (Vec::new(), Vec::new());
    for (place, Input { name, value }) in inputs.into_iter().enumerate() {
        match value {
            Ok(value) => jobs.push(Job { place, name, value }),
            Err(error) => {
                let result = Err(error);
                on_end(place, &name, &result);
                outcomes.push((place, Outcome::new(name, result, 0, 0.0)));
            }
        }
    }
    let hosts: Vec<String> = jobs.iter().map(|job| host(&job.value)).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let threads = options.jobs.clamp(1, jobs.len().max(1));
    let pool = WorkerPool {
        schedule: Mutex::new(Schedule::new(
            &hosts,
            threads,
            options.jobs_per_host,
            options.retry.clone(),
        )),
        changed: Condvar::new(),
        started: Instant::now(),
        cancel,
    };
    let results: Vec<Slot<T>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let spent: Vec<Mutex<f64>> = jobs.iter().map(|_| Mutex::new(0.0)).collect();
    let worker = || {
        while let Some(index) = pool.take() {
            let since = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(|| work(&jobs[index].value)))
                .unwrap_or_else(|payload| Err(Error::from_panic(&*payload)));
            let seconds = {
                let mut spent = lock(&spent[index]);
                *spent += since.elapsed().as_secs_f64();
                *spent
            };
            if !pool.ended(index, &result) {
                on_end(jobs[index].place, &jobs[index].name, &result);
                *lock(&results[index]) = Some((result, seconds));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // If the operating system allows fewer threads, those that started do all jobs.
            let thread = std::thread::Builder::new().name("gitfleet-job".to_owned());
            if thread.spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let schedule = into_inner(pool.schedule);
    for (index, (job, slot)) in jobs.into_iter().zip(results).enumerate() {
        let found = into_inner(slot);
        let (result, seconds) = found.unwrap_or((Err(Error::Cancelled), 0.0));
        let attempts = schedule.attempts(index);
        let outcome = Outcome::new(job.name, result, attempts, seconds);
        outcomes.push((job.place, outcome));
    }
    outcomes.sort_by_key(|(place, _)| *place);
    Report {
        outcomes: outcomes.into_iter().map(|(_, outcome)| outcome).collect(),
    }
}

struct WorkerPool<'a> {
    schedule: Mutex<Schedule>,
    changed: Condvar,
    started: Instant,
    cancel: &'a CancelToken,
}

impl WorkerPool<'_> {
    /// Waits for the next job. Returns `None` if all jobs have ended or the run was cancelled.
    fn take(&self) -> Option<usize> {
        let mut schedule = lock(&self.schedule);
        loop {
            if self.cancel.is_cancelled() {
                return None;
            }
            let now = self.started.elapsed();
            let wait = match schedule.next(now) {
                Next::Start(index) => return Some(index),
                Next::Done => {
                    self.changed.notify_all();
                    return None;
                }
                Next::Wait => TICK,
                Next::WaitUntil(then) => TICK.min(then.saturating_sub(now)),
            };
            let waited = self.changed.wait_timeout(schedule, wait);
            schedule = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records the end of an attempt. Returns true if there will be another attempt.
    fn ended<T>(&self, index: usize, result: &Result<T>) -> bool {
        let attempt = if self.cancel.is_cancelled() {
            AttemptResult::Done
        } else {
            result.as_ref().err().map_or(AttemptResult::Done, classify)
        };
        let again = lock(&self.schedule).ended(index, attempt, self.started.elapsed(), jitter());
        self.changed.notify_all();
        again
    }
}

/// Decides from the error of an attempt if and when the job is retried.
fn classify(error: &Error) -> AttemptResult {
    match error {
        Error::Network { .. } | Error::Timeout { .. } => AttemptResult::Retry,
        Error::RateLimited { reset_at, .. } => AttemptResult::Throttled(reset_at.map(|at| {
            let wait = at.saturating_sub(unix_time::now());
            Duration::from_secs(u64::try_from(wait).unwrap_or(0))
        })),
        // Other jobs give back descriptors and threads when they end.
        Error::Storage { source, .. } if source.raw_os_error().is_some_and(is_exhausted) => {
            AttemptResult::Retry
        }
        _ => AttemptResult::Done,
    }
}
