//! Asynchronous sockets and pipes as blocking readers and writers with timeouts.

use std::io::{self, BufReader, Read, Write};
use std::rc::Rc;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::framed::Framed;
use super::monitor::TransferMonitor;
use super::stall::StallTimer;

/// Largest number of bytes per read.
const BUFFER: usize = 64 << 10;

/// git's protocol over a pair of streams.
pub(crate) type Pipes<R, W> = Connection<Framed<BufReader<PipeReader<R>>>, PipeWriter<W>>;

/// Opens a connection to a daemon or to a program. A daemon is sent the path and the requested host
/// name; a program already has the path as an argument.
pub(crate) fn pipes<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    (read, write): (R, W),
    path: &str,
    daemon: Option<(&str, Option<u16>)>,
    stall_timer: Rc<StallTimer>,
    monitor: &TransferMonitor,
) -> Pipes<R, W> {
    let mode = match daemon {
        Some(_) => ConnectMode::Daemon,
        None => ConnectMode::Process,
    };
    let reader = PipeReader {
        inner: read,
        stall_timer: Rc::clone(&stall_timer),
    };
    let writer = PipeWriter {
        inner: write,
        stall_timer,
    };
    let reader = Framed::new(BufReader::with_capacity(BUFFER, reader), monitor);
    Connection::new(reader, writer, Protocol::V2, path, daemon, mode, false)
}

pub(crate) struct PipeReader<R> {
    inner: R,
    stall_timer: Rc<StallTimer>,
}

impl<R: AsyncRead + Unpin> Read for PipeReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.stall_timer.wait(self.inner.read(into))?;
        self.stall_timer.received(read)?;
        Ok(read)
    }
}

pub(crate) struct PipeWriter<W> {
    inner: W,
    stall_timer: Rc<StallTimer>,
}

impl<W: AsyncWrite + Unpin> Write for PipeWriter<W> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.stall_timer.wait_anew(self.inner.write(from))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stall_timer.wait_anew(self.inner.flush())
    }
}
