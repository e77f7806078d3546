//! The supervisor, as a child sees it.

use std::io::{BufRead, Stdout, Write};
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::child::line;
use super::machine;
use super::messages::{CredentialsMessage, JobMessage, Setup, ToChild, ToSupervisor};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::net::CredentialProvider;
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote::CloneOptions;

/// The shortest time between two reports of progress in one phase.
const EVERY: Duration = Duration::from_millis(100);
/// Longest time until a waiting job notices its cancellation.
const TICK: Duration = Duration::from_millis(50);

type Credentials = Result<Option<CredentialsMessage>>;

/// The connection of this process to its supervisor.
pub(in crate::fleet) struct Served {
    out: Mutex<Stdout>,
    jobs: Mutex<Receiver<(JobMessage, u64, CancelToken)>>,
    turns: Mutex<Receiver<()>>,
    credentials: Mutex<Receiver<Credentials>>,
    told: Mutex<Option<(Phase, Instant)>>,
}

/// A job to be done.
pub(in crate::fleet) struct ServedJob {
    pub(in crate::fleet) message: JobMessage,
    /// The memory that it may use, in bytes.
    pub(in crate::fleet) memory: u64,
    pub(in crate::fleet) context: Context,
}

impl Served {
    /// Waits for the setup on standard input.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if standard input is not a supervisor of the same version.
    pub(in crate::fleet) fn connect() -> Result<(Arc<Self>, Setup)> {
        machine::bind_to_parent();
        let mut first = Vec::new();
        let mut input = std::io::stdin().lock();
        let read = input.read_until(b'\n', &mut first);
        read.map_err(Error::storage("read", "standard input"))?;
        drop(input);
        let setup = match serde_json::from_slice(&first) {
            Ok(ToChild::Setup(setup)) if setup.version == env!("CARGO_PKG_VERSION") => *setup,
            _ => {
                let reason = "is not a supervisor of the same version of GitFleet";
                return Err(Error::invalid("standard input", reason));
            }
        };
        let (send_job, jobs) = mpsc::channel();
        let (send_turn, turns) = mpsc::channel();
        let (send_credentials, credentials) = mpsc::channel();
        let listen = move || {
            let mut current = CancelToken::new();
            for line in std::io::stdin().lock().lines() {
                let message = line.ok().and_then(|line| serde_json::from_str(&line).ok());
                let is_taken = match message {
                    Some(ToChild::Job(message, memory)) => {
                        current = CancelToken::new();
                        send_job.send((*message, memory, current.clone())).is_ok()
                    }
                    Some(ToChild::Turn) => send_turn.send(()).is_ok(),
                    Some(ToChild::Credentials(known)) => send_credentials.send(known).is_ok(),
                    Some(ToChild::Cancel) => {
                        current.cancel();
                        true
                    }
                    Some(ToChild::Setup(_)) | None => false,
                };
                if !is_taken {
                    break;
                }
            }
            // The supervisor has ended. Nothing that is done is lost by ending at once.
            process::exit(0);
        };
        let thread = thread::Builder::new().name("gitfleet-listen".to_owned());
        thread
            .spawn(listen)
            .map_err(Error::storage("start", "a thread"))?;
        let served = Self {
            out: Mutex::new(std::io::stdout()),
            jobs: Mutex::new(jobs),
            turns: Mutex::new(turns),
            credentials: Mutex::new(credentials),
            told: Mutex::default(),
        };
        Ok((Arc::new(served), setup))
    }

    /// Waits for the next job, and limits the memory of this process to that of the job.
    pub(in crate::fleet) fn next_job(self: &Arc<Self>) -> Option<ServedJob> {
        let (message, memory, cancel) = lock(&self.jobs).recv().ok()?;
        machine::limit(memory);
        *lock(&self.told) = None;
        let context = Context::new()
            .reported_to(Arc::clone(self) as _)
            .cancelled_by(&cancel);
        Some(ServedJob {
            message,
            memory,
            context,
        })
    }

    /// Sends the result of the job.
    pub(in crate::fleet) fn ended(&self, result: Result<Value>) {
        let used = machine::in_use().map_or(0, |(used, _)| used);
        self.send(&ToSupervisor::Ended(Box::new(result), used));
    }

    /// Waits until the job may use the processors.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub(in crate::fleet) fn turn(&self, cancel: &CancelToken) -> Result<()> {
        self.send(&ToSupervisor::Turn);
        wait(&lock(&self.turns), cancel)
    }

    /// The provider that asks the supervisor.
    fn provider(self: &Arc<Self>) -> CredentialProvider {
        let served = Arc::clone(self);
        CredentialProvider::new(move |host| {
            let answers = lock(&served.credentials); // one question at a time
            served.send(&ToSupervisor::Credentials(host.to_owned()));
            let answer = answers.recv().map_err(|_| Error::Cancelled)?;
            Ok(answer?.map(Into::into))
        })
    }

    /// Sets the credentials of the setup, and the provider that asks the supervisor.
    pub(in crate::fleet) fn give_credentials(
        self: &Arc<Self>,
        setup: Setup,
        to: &mut CloneOptions,
    ) {
        to.credentials = setup.credentials.into_iter().map(Into::into).collect();
        to.credential_provider = setup.has_provider.then(|| self.provider());
    }

    fn send(&self, message: &ToSupervisor) {
        let mut out = lock(&self.out);
        // If the supervisor has ended, this process ends, too.
        if let Ok(line) = line(message) {
            let _ = out.write_all(&line).and_then(|()| out.flush());
        }
    }
}

impl ProgressSink for Served {
    fn progress(&self, event: Progress) {
        let now = Instant::now();
        let mut told = lock(&self.told);
        let is_early =
            told.is_some_and(|(phase, at)| phase == event.phase && now.duration_since(at) < EVERY);
        if !is_early {
            *told = Some((event.phase, now));
            drop(told);
            self.send(&ToSupervisor::progress(&event));
        }
    }
}

fn wait<T>(answers: &Receiver<T>, cancel: &CancelToken) -> Result<T> {
    loop {
        match answers.recv_timeout(TICK) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(Error::Cancelled),
        }
    }
}
