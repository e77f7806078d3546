//! Sockets and pipes of a runtime as plain readers and writers that know when to give up.

use std::io::{self, Read, Write};
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::patience::Patience;

pub(super) struct Reader<R> {
    pub(super) inner: R,
    pub(super) patience: Rc<Patience>,
}

impl<R: AsyncRead + Unpin> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.patience.wait(self.inner.read(into))?;
        self.patience.received(read)?;
        Ok(read)
    }
}

pub(super) struct Writer<W> {
    pub(super) inner: W,
    pub(super) patience: Rc<Patience>,
}

impl<W: AsyncWrite + Unpin> Write for Writer<W> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.patience.wait_anew(self.inner.write(from))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patience.wait_anew(self.inner.flush())
    }
}
