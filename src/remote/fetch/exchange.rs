//! The rounds of a fetch: the client names what it wants and what it has, until the server knows
//! enough to send a pack.
//!
//! gix's own function is not used: it refuses servers without side bands or detailed
//! acknowledgements, and echoes every feature that a version 0 server offers, which turns `deepen`
//! into a relative depth.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};
use std::ops::ControlFlow;

use gix::ObjectId;
use gix::negotiate::{Graph, Negotiator, window_size};
use gix::protocol::fetch::Shallow;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::{ExtendedBufRead, Transport};
use gix::protocol::transport::client::{MessageKind, WriteMode};

use super::answer::{Answer, BoundaryChange, Expected, Lines};
use super::ask::{Abilities, Ask, can_skip_done, valued_features};
use super::{Connection, Counters};
use crate::error::{Error, Result};
use crate::remote::transport::{TransferMonitor, TransportFailure};

/// As in git, the client stops naming commits after this many that the server does not have.
const MOST_IN_VAIN: usize = 256;

/// The commits of a repository, in the order in which they are named to the server.
pub(super) struct LocalHistory<'a, 'b, 'c> {
    pub(super) negotiator: Box<dyn Negotiator>,
    pub(super) graph: &'a mut Graph<'b, 'c>,
    /// Tag objects, which the negotiator does not know.
    pub(super) tags: Vec<ObjectId>,
}

/// The reader of a pack, without the messages of its side bands.
type PackReader<'a> = Box<dyn ExtendedBufRead<'a> + Unpin + 'a>;

impl Connection<'_> {
    /// Requests objects, passes the pack to `on_pack`, and returns the changes of the shallow
    /// boundary.
    pub(super) fn exchange(
        &mut self,
        ask: &Ask,
        mut history: Option<&mut LocalHistory<'_, '_, '_>>,
        counters: &Counters,
        on_pack: impl FnOnce(&mut dyn BufRead) -> Result<()>,
    ) -> Result<Vec<BoundaryChange>> {
        let (remote, monitor) = (self.remote, self.monitor);
        let failed = |error: &(dyn std::error::Error + 'static)| remote.failure(error, monitor);
        let persists = self
            .transport
            .connection_persists_across_multiple_requests();
        let server = Abilities::of(&self.handshake);
        if let Some(what) = ask.missing(&server) {
            return Err(Error::unsupported(format!(
                "{}: its server does not support {what}",
                remote.url()
            )));
        }
        let is_stateless = !persists || server.version == Protocol::V2;
        let head = ask.lines(&server, !persists);
        let mut rounds = Rounds::new(is_stateless);
        let mut boundary = Vec::new();
        let mut reader = loop {
            if monitor.must_stop() {
                return Err(Error::Cancelled);
            }
            let haves = rounds
                .next(history.as_deref_mut())
                .map_err(|error| failed(&error))?;
            let is_first = rounds.number == 1;
            let request = Request {
                head: if is_first || is_stateless { &head } else { &[] },
                haves: &haves,
                is_done: rounds.is_done,
            };
            let sent = request.send(&mut self.transport, &server);
            let mut lines = Lines {
                reader: sent.map_err(|error| failed(&error))?,
                version: server.version,
                monitor,
            };
            let answer = if server.version == Protocol::V2 {
                lines.sections()
            } else {
                lines.lines(Expected {
                    acknowledgements: server.acknowledgements(),
                    is_done: rounds.is_done,
                    skips_done: can_skip_done(&server, !persists),
                    has_side_bands: server.has_side_bands(),
                    is_stateless: !persists,
                    has_boundary: ask.deepens() && (is_first || !persists),
                    was_acknowledged: persists && rounds.seen_common,
                })
            };
            let answer = answer.map_err(|error| {
                // The server says why on its own standard error only.
                let is_since = matches!(ask.depth, Shallow::Since { .. });
                if is_since && error.kind() == io::ErrorKind::UnexpectedEof {
                    let what = "it ended the connection: it may have no commit since that date";
                    monitor.fail(TransportFailure::InvalidResponse(what.to_owned()));
                }
                failed(&error)
            })?;
            boundary.extend(&answer.boundary);
            let has_pack = answer.has_pack;
            let taken = rounds.take(&answer, history.as_deref_mut());
            taken.map_err(|error| failed(&error))?;
            if has_pack {
                break lines.reader;
            }
            if request.is_done {
                return Err(failed(&io::Error::other("the server sent no pack")));
            }
        };
        if !server.has_side_bands() {
            monitor.expect_raw_pack();
        }
        monitor.expect_pack();
        hear(&mut reader, counters, monitor.clone());
        on_pack(&mut reader)?;
        if reader.stopped_at().is_none() {
            // The connection is usable again after the end of the answer only.
            io::copy(&mut reader, &mut io::sink()).map_err(|error| failed(&error))?;
        }
        Ok(boundary)
    }
}

/// Passes the server's messages to `counters`.
fn hear(reader: &mut PackReader<'_>, counters: &Counters, monitor: TransferMonitor) {
    let counters = counters.clone();
    reader.set_progress_handler(Some(Box::new(move |is_error, text| {
        counters.server_says(is_error, text);
        if monitor.must_stop() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })));
}

/// The state of a negotiation.
struct Rounds {
    number: usize,
    is_stateless: bool,
    /// Commits to name in the next round.
    window: usize,
    in_vain: usize,
    seen_common: bool,
    /// Common commits, in order; repeated in every request to a stateless server.
    common: Vec<ObjectId>,
    /// All common commits: servers may name one in every round.
    known: HashSet<ObjectId>,
    is_ready: bool,
    is_done: bool,
}

impl Rounds {
    fn new(is_stateless: bool) -> Self {
        Self {
            number: 0,
            is_stateless,
            window: window_size(is_stateless, None),
            in_vain: 0,
            seen_common: false,
            common: Vec::new(),
            known: HashSet::new(),
            is_ready: false,
            is_done: false,
        }
    }

    /// Starts a round, and returns the objects to name in it.
    fn next(
        &mut self,
        history: Option<&mut LocalHistory<'_, '_, '_>>,
    ) -> gix::Result<Vec<ObjectId>> {
        self.number += 1;
        let mut haves = self.common.clone();
        let Some(history) = history.filter(|_| !self.is_ready) else {
            self.is_done = true;
            return Ok(haves);
        };
        if self.number == 1 {
            haves.extend(&history.tags);
        }
        let mut added = 0;
        while added < self.window
            && let Some(id) = history.negotiator.next_have(history.graph)
        {
            haves.push(id?);
            added += 1;
        }
        self.in_vain += added;
        self.is_done = added < self.window || (self.seen_common && self.in_vain >= MOST_IN_VAIN);
        self.window = window_size(self.is_stateless, Some(self.window));
        Ok(haves)
    }

    fn take(
        &mut self,
        answer: &Answer,
        history: Option<&mut LocalHistory<'_, '_, '_>>,
    ) -> gix::Result {
        self.is_ready |= answer.is_ready;
        for id in &answer.common {
            if self.known.insert(*id) {
                (self.seen_common, self.in_vain) = (true, 0);
                if self.is_stateless {
                    self.common.push(*id);
                }
            }
        }
        if let Some(history) = history {
            for id in &answer.common {
                if history.graph.get(id).is_some() {
                    history
                        .negotiator
                        .in_common_with_remote(*id, history.graph)?;
                }
            }
        }
        Ok(())
    }
}

/// One request.
struct Request<'a> {
    head: &'a [String],
    haves: &'a [ObjectId],
    is_done: bool,
}

impl Request<'_> {
    /// Sends it, and returns the reader of the answer.
    fn send<'t>(
        &self,
        transport: &'t mut Box<dyn Transport>,
        server: &Abilities<'_>,
    ) -> io::Result<PackReader<'t>> {
        let is_v2 = server.version == Protocol::V2;
        let end = if self.is_done && !is_v2 {
            MessageKind::Text(b"done")
        } else {
            MessageKind::Flush
        };
        let mode = WriteMode::OneLfTerminatedLinePerWriteCall;
        let writer = transport.request(mode, end, false);
        let mut writer = writer.map_err(io::Error::other)?;
        if is_v2 {
            writer.write_all(b"command=fetch")?;
            for feature in valued_features(server) {
                writer.write_all(feature.as_bytes())?;
            }
            writer.write_message(MessageKind::Delimiter)?;
        }
        for line in self.head {
            writer.write_all(line.as_bytes())?;
        }
        if !is_v2 && !self.head.is_empty() {
            writer.write_message(MessageKind::Flush)?;
        }
        for id in self.haves {
            writer.write_all(format!("have {id}").as_bytes())?;
        }
        if is_v2 && self.is_done {
            writer.write_all(b"done")?;
        }
        writer.into_read()
    }
}
