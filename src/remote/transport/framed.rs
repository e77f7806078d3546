//! Side bands for packs of servers that do not know them.
//!
//! gix reads lines only. The bytes of such a pack are put into lines of side band 1 here, with an
//! empty line at the end, as if the server had sent them so.

use std::io::{self, BufRead, Cursor, Read};

use super::monitor::TransferMonitor;

/// Bytes of a pack in one line.
const MOST: usize = 65_515;

/// A reader of lines, and of what follows them when the monitor expects a pack as it is.
pub(crate) struct Framed<R> {
    inner: R,
    monitor: TransferMonitor,
    frame: Cursor<Vec<u8>>,
    has_ended: bool,
}

impl<R: BufRead> Framed<R> {
    pub(super) fn new(inner: R, monitor: &TransferMonitor) -> Self {
        Self {
            inner,
            monitor: monitor.clone(),
            frame: Cursor::default(),
            has_ended: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.frame.position() < self.frame.get_ref().len() as u64 || self.has_ended {
            return Ok(());
        }
        // git's server may send several acknowledgements before the pack.
        while let Some(len) = acknowledgement(self.inner.fill_buf()?) {
            self.inner.consume(len);
        }
        let data = self.inner.fill_buf()?;
        let data = &data[..data.len().min(MOST)];
        let len = data.len();
        let line = if len == 0 {
            self.has_ended = true;
            b"0000".to_vec()
        } else {
            let mut line = format!("{:04x}\u{1}", len + 5).into_bytes();
            line.extend_from_slice(data);
            line
        };
        self.frame = Cursor::new(line);
        self.inner.consume(len);
        Ok(())
    }
}

/// The length of the line of an acknowledgement that `data` starts with; a pack starts with `PACK`.
fn acknowledgement(data: &[u8]) -> Option<usize> {
    let (len, line) = data.split_at_checked(4)?;
    let len = usize::from_str_radix(std::str::from_utf8(len).ok()?, 16).ok()?;
    (line.starts_with(b"ACK ") && len <= data.len()).then_some(len)
}

impl<R: BufRead> Read for Framed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.monitor.is_raw() {
            return self.inner.read(into);
        }
        self.fill()?;
        self.frame.read(into)
    }
}

impl<R: BufRead> BufRead for Framed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.monitor.is_raw() {
            return self.inner.fill_buf();
        }
        self.fill()?;
        self.frame.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if self.monitor.is_raw() {
            self.frame.consume(amount);
        } else {
            self.inner.consume(amount);
        }
    }
}
