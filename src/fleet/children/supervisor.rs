//! The supervisor: gives each job to a child, and decides what the death of a child means.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::Budget;
use super::child::{Answers, Child, Death, Ended, line};
use super::machine;
use super::messages::{JobMessage, Setup, ToChild, from_message};
use super::options::{ChildProgram, IsolationOptions};
use super::spawner::Spawner;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fleet::turns::{Turn, Turns};
use crate::mutex::lock;
use crate::net::CredentialProvider;
use crate::progress::{Phase, Progress};
use crate::remote::CloneOptions;

/// Memory that each job has at least, if the budget is that large, in bytes. Fewer jobs run at once
/// rather than with less.
const LEAST_SHARE: u64 = 256 << 20;
/// Memory that is kept for this process, besides what it uses at the start, in bytes.
const OWN_RESERVE: u64 = 64 << 20;
/// A child that uses more memory than this after a job is replaced.
const LARGEST_IDLE: u64 = 48 << 20;
/// Number of new children that a repository may end.
const LIVES: u32 = 2;

/// The children of one run.
pub(in crate::fleet) struct Supervisor<'a> {
    program: &'a ChildProgram,
    options: &'a IsolationOptions,
    passed_variables: &'a [String],
    setup: Vec<u8>,
    provider: Option<&'a CredentialProvider>,
    spawner: Spawner,
    idle: Mutex<Vec<Child>>,
    budget: Budget,
    /// The memory of the first attempt at a job, in bytes.
    share: u64,
    /// The memory of the last attempt.
    most: u64,
    /// The time spent on each repository, by its name.
    spent: Mutex<HashMap<String, Duration>>,
}

/// A job, and those who hear of it.
pub(in crate::fleet) struct SupervisedJob<'a> {
    /// The repository as the user named it.
    pub(in crate::fleet) name: &'a str,
    pub(in crate::fleet) message: JobMessage,
    pub(in crate::fleet) context: &'a Context,
    /// The turns in which jobs use the processors; `None` if they need none.
    pub(in crate::fleet) turns: Option<&'a Arc<Turns>>,
    /// Removes what a child that has died left.
    pub(in crate::fleet) clean: &'a dyn Fn(),
}

impl<'a> Supervisor<'a> {
    /// Returns a supervisor for at most `slots` jobs at once, which use the network as `clone` says;
    /// `None` if the work is to be done in this process.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the memory does not suffice for one job, [`Error::Storage`] if no
    /// thread can be started.
    pub(in crate::fleet) fn start(
        options: &'a IsolationOptions,
        clone: &'a CloneOptions,
        setup: impl FnOnce() -> Result<Setup>,
        slots: usize,
    ) -> Result<Option<Self>> {
        let Some(program) = &options.program else {
            return Ok(None);
        };
        let budget = budget(options.memory)?;
        let most = options.memory_per_repository.unwrap_or(budget).min(budget);
        let share = (budget / slots.max(1) as u64).max(LEAST_SHARE).min(most);
        let setup = line(&ToChild::Setup(Box::new(setup()?)));
        Ok(Some(Self {
            program,
            options,
            passed_variables: &clone.net.options().passed_variables,
            setup: setup.map_err(|error| Error::internal(error.to_string()))?,
            provider: clone.credential_provider.as_ref(),
            spawner: Spawner::new()?,
            idle: Mutex::default(),
            budget: Budget::new(budget),
            share,
            most,
            spent: Mutex::default(),
        }))
    }

    /// Runs one attempt at a job. If its child dies, it is tried again in a new one, with more memory
    /// if it lacked some.
    ///
    /// # Errors
    ///
    /// Those of the job; [`Error::MemoryLimit`], [`Error::TimeLimit`], [`Error::Crashed`].
    pub(in crate::fleet) fn run<T: DeserializeOwned>(&self, job: &SupervisedJob<'_>) -> Result<T> {
        let cancel = &job.context.cancel;
        let since = Instant::now();
        let spent = lock(&self.spent).get(job.name).copied();
        let deadline = self
            .options
            .deadline
            .and_then(|limit| since.checked_add(limit.saturating_sub(spent.unwrap_or_default())));
        let result = self.attempts(job, deadline, cancel);
        *lock(&self.spent).entry(job.name.to_owned()).or_default() += since.elapsed();
        from_message(result?)
    }

    fn attempts(
        &self,
        job: &SupervisedJob<'_>,
        deadline: Option<Instant>,
        cancel: &CancelToken,
    ) -> Result<Value> {
        let (mut memory, mut lives) = (self.share, LIVES);
        let mut is_alone = false;
        loop {
            let grant = self.budget.take(memory, cancel)?;
            let mut child = self.child(is_alone)?;
            is_alone = !child.is_used;
            let message = ToChild::Job(Box::new(job.message.clone()), grant.bytes);
            let mut answers = Answering {
                job,
                provider: self.provider,
                turn: None,
            };
            let lacks_memory = |phase: &str| Error::MemoryLimit {
                subject: job.name.to_owned(),
                limit: grant.bytes,
                phase: phase.to_owned(),
            };
            match child.run(&message, deadline, cancel, &mut answers)? {
                Ended::Answer(Err(error), _) if is_out_of_memory(&error) => {
                    if grant.bytes >= self.most {
                        return Err(lacks_memory("reading"));
                    }
                    memory = self.most;
                }
                Ended::Answer(result, used) => {
                    if used <= LARGEST_IDLE {
                        lock(&self.idle).push(child);
                    }
                    return result;
                }
                Ended::Late(phase) => {
                    drop(child);
                    (job.clean)();
                    return Err(Error::TimeLimit {
                        subject: job.name.to_owned(),
                        limit: self.options.deadline.unwrap_or_default(),
                        phase: phase.to_owned(),
                    });
                }
                Ended::Death(Death {
                    phase,
                    is_memory,
                    reason,
                }) => {
                    drop(child);
                    (job.clean)();
                    if is_memory && grant.bytes >= self.most && is_alone {
                        return Err(lacks_memory(phase));
                    } else if is_memory {
                        memory = self.most;
                    } else if is_alone {
                        lives -= 1;
                    }
                    if lives == 0 {
                        return Err(Error::Crashed {
                            subject: job.name.to_owned(),
                            phase: phase.to_owned(),
                            reason,
                        });
                    }
                }
            }
            is_alone = true;
        }
    }

    /// Returns an idle child, or starts one.
    fn child(&self, is_new: bool) -> Result<Child> {
        let idle = if is_new { None } else { lock(&self.idle).pop() };
        match idle {
            Some(child) => Ok(child),
            None => Child::start(
                self.program,
                self.passed_variables,
                &self.spawner,
                &self.setup,
            ),
        }
    }
}

/// True for an error of the system that it has no memory for this process.
fn is_out_of_memory(error: &Error) -> bool {
    const ENOMEM: i32 = 12;
    const EAGAIN: i32 = 11;
    let Error::Storage { action, source, .. } = error else {
        return false;
    };
    match source.raw_os_error() {
        Some(ENOMEM) => true,
        Some(EAGAIN) => action == "start", // a thread, which needs a stack
        _ => false,
    }
}

/// The memory that all children may use together, in bytes.
fn budget(asked: Option<u64>) -> Result<u64> {
    let all = asked.or_else(|| machine::available().map(|bytes| bytes / 10 * 7));
    let Some(all) = all else {
        return Ok(u64::MAX / 2); // unlimited: the system does not tell how much there is
    };
    let used = machine::in_use().map_or(0, |(used, _)| used);
    let left = all.saturating_sub(used + OWN_RESERVE);
    if left < LEAST_SHARE / 4 {
        let least = (used + OWN_RESERVE + LEAST_SHARE / 4) >> 20;
        return Err(Error::invalid(
            format!("memory of {} MiB", all >> 20),
            format!("is too little; at least {least} MiB are needed"),
        ));
    }
    Ok(left)
}

/// The answers to the child of one job.
struct Answering<'a> {
    job: &'a SupervisedJob<'a>,
    provider: Option<&'a CredentialProvider>,
    /// The turn, until the job ends.
    turn: Option<Turn>,
}

impl Answers for Answering<'_> {
    fn progress(&mut self, phase: Phase, done: u64, total: Option<u64>, bytes: u64) {
        self.job.context.progress.progress(Progress {
            subject: self.job.name.to_owned(),
            phase,
            done,
            total,
            bytes,
        });
    }

    fn turn(&mut self) -> Result<()> {
        let turns = self.job.turns;
        let taken = turns.map(|turns| turns.take(&self.job.context.cancel));
        self.turn = taken.transpose()?;
        Ok(())
    }

    fn credentials(&mut self, host: &str) -> ToChild {
        let asked = self.provider.map(|provider| provider.ask(host));
        let found = asked.transpose().map(Option::flatten);
        ToChild::Credentials(found.map(|known| known.as_ref().map(Into::into)))
    }
}
