//! `git://`: a git daemon on a socket.

use std::io::{self, BufReader};
use std::rc::Rc;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;
use tokio::net::TcpStream;

use super::patience::Patience;
use super::stream::{Reader, Writer};
use super::watch::{Trouble, Watch};
use crate::net::NetOptions;
use crate::remote_url::RemoteUrl;

const PORT: u16 = 9418;

pub(super) fn connect(
    url: &RemoteUrl,
    options: &NetOptions,
    patience: Rc<Patience>,
    watch: &Watch,
) -> io::Result<Box<dyn Transport>> {
    let (host, port) = url.host_and_port();
    let address = (host.trim_matches(['[', ']']), port.unwrap_or(PORT));
    let limit = options.connect_timeout;
    let connected = patience.wait_anew(async {
        match tokio::time::timeout(limit, TcpStream::connect(address)).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no connection within {} s", limit.as_secs()),
            )),
        }
    });
    let (read, write) = connected
        .map_err(|error| watch.fail(Trouble::Broken(error.to_string())))?
        .into_split();
    let reader = Reader {
        inner: read,
        patience: Rc::clone(&patience),
    };
    let writer = Writer {
        inner: write,
        patience,
    };
    Ok(Box::new(Connection::new(
        BufReader::with_capacity(super::BUFFER, reader),
        writer,
        Protocol::V2,
        url.path(),
        Some((host, port)),
        ConnectMode::Daemon,
        false,
    )))
}
