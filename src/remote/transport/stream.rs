//! Sockets and pipes of a runtime as plain readers and writers that know when to give up.

use std::io::{self, BufReader, Read, Write};
use std::rc::Rc;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::stall::Patience;

/// What one read brings at most.
const BUFFER: usize = 64 << 10;

/// git's protocol over a pair of streams.
pub(crate) type Pipes<R, W> = Connection<BufReader<Reader<R>>, Writer<W>>;

/// Speaks to a daemon, which is told the path and the host it is asked as, or to a program that knows the path.
pub(crate) fn pipes<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    (read, write): (R, W),
    path: &str,
    daemon: Option<(&str, Option<u16>)>,
    patience: Rc<Patience>,
) -> Pipes<R, W> {
    let mode = match daemon {
        Some(_) => ConnectMode::Daemon,
        None => ConnectMode::Process,
    };
    let reader = Reader {
        inner: read,
        patience: Rc::clone(&patience),
    };
    let writer = Writer {
        inner: write,
        patience,
    };
    let reader = BufReader::with_capacity(BUFFER, reader);
    Connection::new(reader, writer, Protocol::V2, path, daemon, mode, false)
}

pub(crate) struct Reader<R> {
    inner: R,
    patience: Rc<Patience>,
}

impl<R: AsyncRead + Unpin> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.patience.wait(self.inner.read(into))?;
        self.patience.received(read)?;
        Ok(read)
    }
}

pub(crate) struct Writer<W> {
    inner: W,
    patience: Rc<Patience>,
}

impl<W: AsyncWrite + Unpin> Write for Writer<W> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.patience.wait_anew(self.inner.write(from))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patience.wait_anew(self.inner.flush())
    }
}
