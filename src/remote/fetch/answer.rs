//! The server's answers before the pack: the commits that both have, and the shallow boundary.

use std::io;

use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::protocol::transport::client::MessageKind;
use gix::protocol::transport::client::blocking_io::ExtendedBufRead;
use gix::protocol::transport::{Protocol, packetline::PacketLineRef};

use super::ask::Acknowledgements;
use crate::remote::transport::{TransferMonitor, TransportFailure};

/// A change of the shallow boundary.
#[derive(Clone, Copy, Debug)]
pub(super) enum BoundaryChange {
    Add(ObjectId),
    Remove(ObjectId),
}

/// One answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Commits that the server has, too.
    pub(super) common: Vec<ObjectId>,
    pub(super) boundary: Vec<BoundaryChange>,
    /// The server knows enough to make a pack.
    pub(super) is_ready: bool,
    /// The pack follows.
    pub(super) has_pack: bool,
}

/// Parameters for parsing a response of protocol versions 0 and 1, whose end depends on the request.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    pub(super) acknowledgements: Acknowledgements,
    /// The client sent `done`.
    pub(super) is_done: bool,
    /// The server may send the pack without `done`.
    pub(super) skips_done: bool,
    pub(super) has_side_bands: bool,
    /// Each answer belongs to a request of its own.
    pub(super) is_stateless: bool,
    /// A shallow boundary comes first.
    pub(super) has_boundary: bool,
    /// The server has named the one common commit that it will name, on this connection.
    pub(super) was_acknowledged: bool,
}

/// Reads lines, and reports an `ERR` line at any position.
pub(super) struct Lines<'a, R> {
    pub(super) reader: R,
    pub(super) version: Protocol,
    pub(super) monitor: &'a TransferMonitor,
}

/// A data line, or a delimiter between the sections of a response.
enum Line {
    Text(Vec<u8>),
    Flush,
    Delimiter,
}

impl<'b, R: ExtendedBufRead<'b>> Lines<'_, R> {
    fn next(&mut self) -> io::Result<Line> {
        let text = match self.reader.readline() {
            Some(line) => match line?.map_err(io::Error::other)? {
                PacketLineRef::Data(text) => Some(text.to_vec()),
                _ => None,
            },
            None => None,
        };
        if let Some(mut text) = text {
            if text.last() == Some(&b'\n') {
                text.pop();
            }
            if let Some(words) = text.strip_prefix(b"ERR ") {
                let words = words.to_str_lossy().into_owned();
                return Err(self.monitor.fail(TransportFailure::ServerError(words)));
            }
            return Ok(Line::Text(text));
        }
        let end = self.reader.stopped_at();
        self.reader.reset(self.version);
        match end {
            Some(MessageKind::Delimiter) => Ok(Line::Delimiter),
            Some(MessageKind::Flush) => Ok(Line::Flush),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn text(&mut self) -> io::Result<Vec<u8>> {
        match self.next()? {
            Line::Text(text) => Ok(text),
            Line::Flush | Line::Delimiter => Err(self.invalid(b"")),
        }
    }

    fn invalid(&self, line: &[u8]) -> io::Error {
        let shown = line[..line.len().min(200)].as_bstr();
        let what = format!("the server's answer `{shown}` is not understood");
        self.monitor.fail(TransportFailure::InvalidResponse(what))
    }

    /// Reads an answer of version 2: sections with a title each.
    pub(super) fn sections(&mut self) -> io::Result<Answer> {
        let mut answer = Answer::default();
        self.reader.reset(Protocol::V2);
        loop {
            let title = match self.next()? {
                Line::Text(title) => title,
                Line::Flush => return Ok(answer),
                Line::Delimiter => continue,
            };
            if title == b"packfile" {
                answer.has_pack = true;
                return Ok(answer);
            }
            loop {
                let line = match self.next()? {
                    Line::Text(line) => line,
                    Line::Delimiter => break,
                    Line::Flush => return Ok(answer),
                };
                match title.as_slice() {
                    b"acknowledgments" => {
                        self.acknowledgement(&line, &mut answer)?;
                    }
                    b"shallow-info" => answer.boundary.push(self.boundary(&line)?),
                    b"wanted-refs" => {}
                    _ => return Err(self.invalid(&title)),
                }
            }
        }
    }

    /// Reads an answer of version 0 or 1.
    pub(super) fn lines(&mut self, expected: Expected) -> io::Result<Answer> {
        let mut answer = Answer::default();
        if expected.has_boundary {
            while let Line::Text(line) = self.next()? {
                answer.boundary.push(self.boundary(&line)?);
            }
        }
        if expected.acknowledgements == Acknowledgements::One {
            // After the acknowledgement, the server says nothing until the pack.
            if !expected.was_acknowledged {
                let line = self.text()?;
                self.acknowledgement(&line, &mut answer)?;
            }
            answer.is_ready = expected.was_acknowledged || !answer.common.is_empty();
            answer.has_pack = expected.is_done;
            if expected.is_done && expected.has_side_bands {
                self.skip_acknowledgements()?;
            } else if !expected.is_done && expected.is_stateless {
                // The answer has to be read to its end before the next request.
                while self.reader.readline().is_some_and(|line| line.is_ok()) {}
            }
            return Ok(answer);
        }
        loop {
            let line = self.text()?;
            if self.acknowledgement(&line, &mut answer)? {
                break;
            }
        }
        if !expected.is_done && expected.skips_done && answer.is_ready {
            let line = self.text()?;
            self.acknowledgement(&line, &mut answer)?;
            answer.has_pack = true;
        }
        answer.has_pack |= expected.is_done;
        Ok(answer)
    }

    /// Skips acknowledgements before the pack: git's server sends several where it should send one.
    fn skip_acknowledgements(&mut self) -> io::Result<()> {
        loop {
            match self.reader.peek_data_line() {
                Some(Ok(Ok(line))) if line.starts_with(b"ACK ") => {}
                Some(Err(error)) => return Err(error),
                _ => return Ok(()),
            }
            self.text()?;
        }
    }

    /// Adds an acknowledgement; returns true for `NAK` and for a plain `ACK`, which end an answer.
    fn acknowledgement(&mut self, line: &[u8], answer: &mut Answer) -> io::Result<bool> {
        let mut words = line.split(|byte| *byte == b' ');
        match (words.next(), words.next(), words.next()) {
            (Some(b"NAK"), None, _) => Ok(true),
            (Some(b"ready"), None, _) => {
                answer.is_ready = true;
                Ok(false)
            }
            (Some(b"ACK"), Some(id), status) => {
                let id = ObjectId::from_hex(id).map_err(|_| self.invalid(line))?;
                if status == Some(b"ready") {
                    answer.is_ready = true;
                } else {
                    answer.common.push(id);
                }
                Ok(status.is_none())
            }
            _ => Err(self.invalid(line)),
        }
    }

    fn boundary(&self, line: &[u8]) -> io::Result<BoundaryChange> {
        let id = |hex| ObjectId::from_hex(hex).ok();
        let added = line.strip_prefix(b"shallow ").and_then(id);
        let removed = line.strip_prefix(b"unshallow ").and_then(id);
        let change = added.map(BoundaryChange::Add);
        let change = change.or(removed.map(BoundaryChange::Remove));
        change.ok_or_else(|| self.invalid(line))
    }
}
