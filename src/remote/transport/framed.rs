//! Answers of servers in the form that gix reads.
//!
//! gix reads lines only, so the bytes of a pack without side bands are put into lines of side band 1,
//! with an empty line at the end, as if the server had sent them so. It does not know the line with
//! which version 1 starts, and takes a server's `ERR` for the line that it expects.

use std::io::{self, BufRead, Cursor, Read};

use super::monitor::{TransferMonitor, TransportFailure};

/// Bytes of a pack in one line.
const MOST: usize = 65_515;
/// The lines before the first one over http.
const SERVICE: &[u8] = b"001e# service=git-upload-pack\n0000";
/// The first line of version 1; the rest is that of version 0.
const VERSION_1: &[u8] = b"000eversion 1\n";

/// A reader of an answer.
pub(crate) struct Framed<R> {
    inner: R,
    monitor: TransferMonitor,
    /// Bytes to read before those of `inner`.
    frame: Cursor<Vec<u8>>,
    is_started: bool,
    has_ended: bool,
}

impl<R: BufRead> Framed<R> {
    pub(super) fn new(inner: R, monitor: &TransferMonitor) -> Self {
        Self {
            inner,
            monitor: monitor.clone(),
            frame: Cursor::default(),
            is_started: false,
            has_ended: false,
        }
    }

    /// Looks at the first line: takes out the one of version 1, and reports an `ERR`.
    fn start(&mut self) -> io::Result<()> {
        self.is_started = true;
        let data = self.inner.fill_buf()?;
        let head = if data.starts_with(SERVICE) {
            SERVICE.len()
        } else {
            0
        };
        let line = &data[head..];
        if let Some(words) = line.get(4..).and_then(|line| line.strip_prefix(b"ERR ")) {
            let len = std::str::from_utf8(&line[..4]).ok();
            let len = len
                .and_then(|len| usize::from_str_radix(len, 16).ok())
                .unwrap_or(0);
            let words = &words[..len.saturating_sub(8).min(words.len())];
            let words = String::from_utf8_lossy(words).trim_end().to_owned();
            return Err(self.monitor.fail(TransportFailure::ServerError(words)));
        }
        if line.starts_with(VERSION_1) {
            self.frame = Cursor::new(data[..head].to_vec());
            self.inner.consume(head + VERSION_1.len());
        }
        Ok(())
    }

    /// Makes the next line of a pack without side bands.
    fn fill(&mut self) -> io::Result<()> {
        if self.has_frame() || self.has_ended {
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

    fn has_frame(&self) -> bool {
        self.frame.position() < self.frame.get_ref().len() as u64
    }

    /// Prepares the next bytes; returns true if they are in `frame`.
    fn prepare(&mut self) -> io::Result<bool> {
        if !self.is_started {
            self.start()?;
        }
        if self.monitor.is_raw() {
            self.fill()?;
            return Ok(true);
        }
        Ok(self.has_frame())
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
        if self.prepare()? {
            self.frame.read(into)
        } else {
            self.inner.read(into)
        }
    }
}

impl<R: BufRead> BufRead for Framed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.prepare()? {
            self.frame.fill_buf()
        } else {
            self.inner.fill_buf()
        }
    }

    fn consume(&mut self, amount: usize) {
        if self.has_frame() {
            self.frame.consume(amount);
        } else {
            self.inner.consume(amount);
        }
    }
}
