//! One child process, as the supervisor sees it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child as Process, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::messages::{ToChild, ToSupervisor};
use super::options::ChildProgram;
use super::spawner::Spawner;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::progress::Phase;

/// Longest time until a cancellation and the deadline are noticed.
const TICK: Duration = Duration::from_millis(50);
/// Time that a child has to stop when its job is cancelled. Then it is killed.
const GRACE: Duration = Duration::from_millis(600);
/// Longest line that a child may send. The metadata of a repository are the longest part of one.
const LONGEST_LINE: u64 = 64 << 20;
/// Largest number of bytes of the end of its standard error that are kept.
const LAST_WORDS: usize = 4 << 10;

/// A child process. It is killed when this is dropped.
pub(super) struct Child {
    process: Process,
    stdin: ChildStdin,
    heard: Receiver<ToSupervisor>,
    /// The end of its standard error.
    words: Arc<Mutex<Vec<u8>>>,
    /// True if it has worked on a repository.
    pub(super) is_used: bool,
}

/// The end of a job.
pub(super) enum Ended {
    /// The result, and the memory that the child uses now, in bytes.
    Answer(Result<Value>, u64),
    /// The child has ended without a result.
    Death(Death),
    /// The child was killed, because the deadline had passed.
    Late(&'static str),
}

/// The end of a child.
pub(super) struct Death {
    pub(super) phase: &'static str,
    /// True if it could not allocate memory.
    pub(super) is_memory: bool,
    /// Its exit status and its last words.
    pub(super) reason: String,
}

/// The supervisor's answers to a child.
pub(super) trait Answers {
    fn progress(&mut self, phase: Phase, done: u64, total: Option<u64>, bytes: u64);

    /// Waits until the job may use the processors.
    fn turn(&mut self) -> Result<()>;

    /// The credentials for a host.
    fn credentials(&mut self, host: &str) -> ToChild;
}

impl Child {
    /// Starts a child and sends it the setup.
    pub(super) fn start(
        program: &ChildProgram,
        passed_variables: &[String],
        spawner: &Spawner,
        setup: &[u8],
    ) -> Result<Self> {
        let mut command = program.command(passed_variables);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // Ctrl-C reaches the supervisor only, and what the child starts is killed with it.
            command.process_group(0);
        }
        let mut process = spawner.spawn(command)?;
        let pipes = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Error::internal("a child has no pipes"));
        };
        let (send, heard) = mpsc::channel();
        let words = Arc::new(Mutex::new(Vec::new()));
        let mut child = Self {
            process,
            stdin,
            heard,
            words: Arc::clone(&words),
            is_used: false,
        };
        start_thread(move || read_messages(stdout, &send))?;
        start_thread(move || read_words(stderr, &words))?;
        // If it has ended already, that is noticed at its first job.
        let _ = child.stdin.write_all(setup);
        Ok(child)
    }

    /// Runs one job.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`]. The child must not be used any more then.
    pub(super) fn run(
        &mut self,
        job: &ToChild,
        deadline: Option<Instant>,
        cancel: &CancelToken,
        answers: &mut dyn Answers,
    ) -> Result<Ended> {
        let mut phase = "starting";
        let mut cancelled: Option<Instant> = None;
        // A child that has ended closes its output, too.
        let _ = self.send(job);
        self.is_used = true;
        loop {
            if cancel.is_cancelled() {
                let since = cancelled.get_or_insert_with(|| {
                    let _ = self.send(&ToChild::Cancel);
                    Instant::now()
                });
                if since.elapsed() > GRACE {
                    return Err(Error::Cancelled);
                }
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(Ended::Late(phase));
            }
            match self.heard.recv_timeout(TICK) {
                Ok(ToSupervisor::Ended(result, memory)) => {
                    return Ok(Ended::Answer(*result, memory));
                }
                Ok(ToSupervisor::Progress {
                    phase: now,
                    done,
                    total,
                    bytes,
                }) => {
                    phase = now.name();
                    answers.progress(now, done, total, bytes);
                }
                Ok(ToSupervisor::Turn) => {
                    answers.turn()?;
                    let _ = self.send(&ToChild::Turn);
                }
                Ok(ToSupervisor::Credentials(host)) => {
                    let answer = answers.credentials(&host);
                    let _ = self.send(&answer);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if cancelled.is_some() => {
                    return Err(Error::Cancelled);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Ended::Death(self.death(phase))),
            }
        }
    }

    fn send(&mut self, message: &ToChild) -> io::Result<()> {
        self.stdin.write_all(&line(message)?)
    }

    /// Waits for the end of a child that has closed its output.
    fn death(&mut self, phase: &'static str) -> Death {
        let since = Instant::now();
        let status = loop {
            match self.process.try_wait() {
                Ok(None) if since.elapsed() < GRACE => thread::sleep(Duration::from_millis(2)),
                Ok(None) => break "it closed its output".to_owned(),
                Ok(Some(status)) => break status.to_string(),
                Err(error) => break error.to_string(),
            }
        };
        let words = lock(&self.words).clone();
        let words = String::from_utf8_lossy(&words);
        let last = words.lines().rfind(|line| !line.trim().is_empty());
        let said = last.map(|last| format!(": {}", last.trim()));
        Death {
            phase,
            is_memory: words.contains("memory allocation of"),
            reason: status + &said.unwrap_or_default(),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            let group = i32::try_from(self.process.id())
                .ok()
                .and_then(Pid::from_raw);
            if let Some(group) = group.filter(|_| matches!(self.process.try_wait(), Ok(None))) {
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A message as one line.
pub(super) fn line(message: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

fn start_thread(work: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = thread::Builder::new().name("gitfleet-child".to_owned());
    let started = thread.spawn(work);
    started
        .map(drop)
        .map_err(Error::storage("start", "a thread"))
}

/// Passes on the messages of a child until its output ends.
fn read_messages(output: impl Read, send: &mpsc::Sender<ToSupervisor>) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = output
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line);
        let message = match read {
            Ok(1..) => serde_json::from_slice(&line),
            _ => return,
        };
        let is_sent = message.is_ok_and(|message| send.send(message).is_ok());
        if !is_sent {
            return;
        }
    }
}

/// Keeps the end of what a child writes to its standard error.
fn read_words(mut output: impl Read, words: &Mutex<Vec<u8>>) {
    let mut part = [0; 1024];
    while let Ok(len @ 1..) = output.read(&mut part) {
        let mut words = lock(words);
        words.extend_from_slice(&part[..len]);
        let surplus = words.len().saturating_sub(LAST_WORDS);
        words.drain(..surplus);
    }
}
