//! ssh, through the `ssh` program, which handles the user's keys, agents and configuration.

use std::io;
use std::process::Stdio;
use std::rc::Rc;

use gix::protocol::transport::client::TransportWithoutIO;
use gix::protocol::transport::client::blocking_io::{RequestWriter, SetServiceResponse, Transport};
use gix::protocol::transport::{Service, client};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::monitor::{TransferMonitor, TransportFailure};
use super::stall::StallTimer;
use super::stream::{Pipes, pipes};
use crate::net::NetOptions;
use crate::programs;
use crate::remote_url::RemoteUrl;

/// A running `ssh` program, which is killed when this is dropped.
struct Ssh {
    pipes: Pipes<ChildStdout, ChildStdin>,
    _child: Child,
}

pub(crate) fn connect(
    url: &RemoteUrl,
    options: &NetOptions,
    stall_timer: Rc<StallTimer>,
    monitor: &TransferMonitor,
) -> io::Result<Box<dyn Transport>> {
    let mut arguments = options.ssh_command.iter();
    let program = arguments.next().map_or("ssh", String::as_str);
    let (host, port) = url.host_and_port();
    let mut command = Command::from(programs::command(program, &options.passed_variables));
    command.args(arguments);
    // No prompts: there is no user to answer them.
    command.args(["-o", "BatchMode=yes", "-o", "SendEnv=GIT_PROTOCOL"]);
    let seconds = options.connect_timeout.as_secs().max(1);
    command.args(["-o", &format!("ConnectTimeout={seconds}")]);
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    let host = host.trim_matches(['[', ']']);
    let whom = url
        .username()
        .map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"));
    command.args(["--", &whom]);
    // In `ssh://host/~user/path`, the path starts at a home directory.
    let path = url.path();
    let path = path
        .strip_prefix('/')
        .filter(|path| path.starts_with('~'))
        .unwrap_or(path);
    command.arg(format!("git-upload-pack {}", quoted(path)));
    command.env("GIT_PROTOCOL", "version=2").env("LC_ALL", "C");
    let (words, stderr) = io::pipe()?;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(stderr);
    command.kill_on_drop(true);
    let started = {
        let _runtime = stall_timer.runtime().enter();
        command.spawn()
    };
    let mut child = started.map_err(|error| {
        let text = format!("the program `{program}` cannot be started: {error}");
        monitor.fail(TransportFailure::InvalidResponse(text)) // a retry would fail, too
    })?;
    drop(command); // and with it this process's end of the pipe for errors
    monitor.listen(words)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("ssh was started without pipes"));
    };
    let pipes = pipes((stdout, stdin), url.path(), None, stall_timer, monitor);
    Ok(Box::new(Ssh {
        pipes,
        _child: child,
    }))
}

impl TransportWithoutIO for Ssh {
    fn to_url(&self) -> std::borrow::Cow<'_, gix::bstr::BStr> {
        self.pipes.to_url()
    }

    fn connection_persists_across_multiple_requests(&self) -> bool {
        true
    }

    fn configure(&mut self, config: &dyn std::any::Any) -> gix::Result {
        self.pipes.configure(config)
    }
}

impl Transport for Ssh {
    fn handshake<'a>(
        &mut self,
        service: Service,
        extra_parameters: &'a [(&'a str, Option<&'a str>)],
    ) -> Result<SetServiceResponse<'_>, client::Error> {
        self.pipes.handshake(service, extra_parameters)
    }

    fn request(
        &mut self,
        write_mode: client::WriteMode,
        on_into_read: client::MessageKind,
        trace: bool,
    ) -> Result<RequestWriter<'_>, client::Error> {
        self.pipes.request(write_mode, on_into_read, trace)
    }
}

/// Quotes a path for the remote shell. A leading home directory such as `~user/` is not quoted, so
/// that the shell expands it.
fn quoted(path: &str) -> String {
    let (home, rest) = match path.find('/') {
        Some(slash) if path.starts_with('~') && is_plain(&path[1..slash]) => {
            path.split_at(slash + 1)
        }
        _ => ("", path),
    };
    let rest = rest.replace('\'', "'\\''").replace('!', "'\\!'");
    format!("{home}'{rest}'")
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_stays_one_shell_word() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's; rm -rf /"), "'it'\\''s; rm -rf /'");
    }
}
