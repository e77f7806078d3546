//! `git://`: a TCP connection to a git daemon.

use std::io;
use std::rc::Rc;

use gix::protocol::transport::client::blocking_io::Transport;
use tokio::net::TcpStream;

use super::monitor::{TransferMonitor, TransportFailure};
use super::stall::StallTimer;
use super::stream::pipes;
use crate::net::NetOptions;
use crate::remote_url::RemoteUrl;

const PORT: u16 = 9418;

pub(crate) fn connect(
    url: &RemoteUrl,
    options: &NetOptions,
    stall_timer: Rc<StallTimer>,
    monitor: &TransferMonitor,
) -> io::Result<Box<dyn Transport>> {
    let (host, port) = url.host_and_port();
    let address = (host.trim_matches(['[', ']']), port.unwrap_or(PORT));
    let limit = options.connect_timeout;
    let connected = stall_timer.wait_anew(async {
        match tokio::time::timeout(limit, TcpStream::connect(address)).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no connection within {} s", limit.as_secs()),
            )),
        }
    });
    let connected = connected
        .map_err(|error| monitor.fail(TransportFailure::unreachable(error.to_string())))?;
    let streams = connected.into_split();
    Ok(Box::new(pipes(
        streams,
        url.path(),
        Some((host, port)),
        stall_timer,
        monitor,
    )))
}
