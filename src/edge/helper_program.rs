//! Programs that print credentials: they are given little time, and their output is limited.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::variables::passed_variables;
use crate::programs;

/// Longest time that a program may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time that its output may stay open once it has ended, as a child of it may keep it open.
const AFTERWARDS: Duration = Duration::from_secs(1);
/// Largest output, in bytes. One or two lines are expected.
const LARGEST: u64 = 64 << 10;

/// Returns a command that gets no tokens from the environment and cannot prompt the user.
pub(super) fn quiet(program: &str) -> Command {
    let mut command = programs::command(program, &passed_variables());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0); // so that its children are killed with it
    }
    command
}

/// Runs a program with this input and returns its output. A program that takes too long is killed.
pub(super) fn output(command: &mut Command, input: &str) -> io::Result<Output> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes()); // a program need not read it
    }
    let (send, receive) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::Builder::new().spawn(move || {
            let mut part = [0; 4096];
            let mut stdout = stdout.take(LARGEST);
            while let Ok(len @ 1..) = stdout.read(&mut part) {
                let _ = send.send(part[..len].to_vec());
            }
        })?;
    }
    let since = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if since.elapsed() > PATIENCE => {
                kill(&mut child)?;
                let text = format!("did not end within {} s", PATIENCE.as_secs());
                return Err(io::Error::new(ErrorKind::TimedOut, text));
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut stdout = Vec::new();
    let until = Instant::now() + AFTERWARDS;
    while let Ok(part) = receive.recv_timeout(until.saturating_duration_since(Instant::now())) {
        stdout.extend(part);
    }
    Ok(Output {
        status,
        stdout,
        stderr: Vec::new(),
    })
}

/// Kills a program and its children.
fn kill(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.kill()?;
    child.wait().map(drop)
}
