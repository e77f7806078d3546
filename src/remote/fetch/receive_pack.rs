//! Negotiates a pack, and counts and indexes it while it is received.

use std::io::{self, BufRead, Read};
use std::sync::atomic::AtomicBool;

use gix::odb::pack;
use gix::odb::store::RefreshMode;
use gix::protocol::fetch::{Context, Negotiate, Options, RefMap};

use super::connection::agent;
use super::negotiate::{Negotiation, negotiator};
use super::{Connection, Counters, ReceiveOptions};
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::remote::transport::{TransferMonitor, TransportFailure};

impl Connection<'_> {
    /// Fetches the objects that `map` needs and `repo` lacks; returns true if any were received.
    pub(crate) fn receive(
        &mut self,
        repo: &gix::Repository,
        map: &RefMap,
        options: &ReceiveOptions,
        counters: &Counters,
    ) -> Result<bool> {
        if map.object_hash != repo.object_hash() {
            return Err(Error::Refused {
                subject: self.remote.url().to_string(),
                reason: format!(
                    "its object ids are {}, but those of the clone are {}",
                    map.object_hash,
                    repo.object_hash()
                ),
            });
        }
        let mut quiet = repo.clone();
        quiet.objects.refresh = RefreshMode::Never; // most ids that are looked up are missing
        quiet.objects.unset_object_cache();
        let commit_graph = quiet.commit_graph_if_enabled().ok().flatten();
        let mut graph = quiet.revision_graph(commit_graph.as_ref());
        let mut negotiation = Negotiation {
            repo: &quiet,
            map,
            options,
            graph: &mut graph,
            negotiator: negotiator(),
            lacks_filter: false,
        };
        let objects = self.take(&mut negotiation, repo, options, counters)?;
        if negotiation.lacks_filter {
            return Err(self.without_filters());
        }
        Ok(objects > 0)
    }

    /// Negotiates, stores the pack beside the others, and returns the number of objects in it.
    pub(crate) fn take(
        &mut self,
        negotiation: &mut impl Negotiate,
        repo: &gix::Repository,
        options: &ReceiveOptions,
        counters: &Counters,
    ) -> Result<u32> {
        let shallow_file = repo.shallow_file().map_err(unreadable(repo))?;
        let mut written: Option<pack::bundle::write::Outcome> = None;
        let monitor = self.monitor.clone();
        let fetched = gix::protocol::fetch(
            negotiation,
            |reader, progress, stop| {
                monitor.expect_pack();
                let mut counted = Counted {
                    inner: reader,
                    header: Vec::with_capacity(HEADER),
                    most_objects: options.most_objects,
                    monitor: &monitor,
                };
                written = Some(write_pack(&mut counted, repo, options, progress, stop)?);
                Ok(true)
            },
            counters.root(),
            monitor.flag(),
            Context {
                handshake: &mut self.handshake,
                transport: &mut self.transport,
                user_agent: agent(),
                trace_packetlines: false,
            },
            Options {
                shallow_file,
                shallow: &options.shallow,
                tags: options.tags,
                reject_shallow_remote: false,
            },
        );
        let objects = written
            .as_ref()
            .map_or(0, |written| written.index.num_objects);
        let keep = written.and_then(|written| written.keep_path);
        if let Some(keep) = keep {
            // The keep file is not needed: no garbage collection runs here before refs are written.
            std::fs::remove_file(&keep).map_err(Error::storage("remove", keep))?;
        }
        if fetched.is_err() {
            for words in counters.words() {
                self.monitor.heard(words.as_bytes());
            }
        }
        fetched.map_err(|error| self.of_pack(&error))?;
        Ok(objects)
    }

    pub(crate) fn without_filters(&self) -> Error {
        Error::unsupported(format!(
            "a partial clone of {}: its server does not support filters",
            self.remote.url()
        ))
    }

    /// Converts the error of an unreadable pack. The server or the connection damaged it, so a
    /// retry may succeed.
    fn of_pack(&self, error: &gix::Error) -> Error {
        self.remote.failure(error, self.monitor)
    }
}

/// Writes a pack and its index to the directory of packs.
fn write_pack(
    from: &mut Counted<'_>,
    repo: &gix::Repository,
    options: &ReceiveOptions,
    progress: &mut dyn gix::progress::DynNestedProgress,
    stop: &AtomicBool,
) -> gix::Result<pack::bundle::write::Outcome> {
    let written = pack::Bundle::write_to_directory(
        from,
        Some(&repo.objects.store_ref().path().join("pack")),
        progress,
        stop,
        Some(Box::new(repo.objects.clone())),
        repo.object_hash(),
        pack::bundle::write::Options {
            thread_limit: (options.threads > 0).then_some(options.threads),
            alloc_limit_bytes: options
                .most_object_bytes
                .and_then(|most| usize::try_from(most).ok()),
            ..Default::default()
        },
    )?;
    if options.filter.is_some()
        && written.index.num_objects > 0
        && let Some(pack) = &written.data_path
    {
        // Tells git that missing objects can be fetched from the remote.
        let promise = pack.with_extension("promisor");
        std::fs::write(&promise, []).map_err(gix::Error::from_error)?;
    }
    Ok(written)
}

fn unreadable(repo: &gix::Repository) -> impl FnOnce(gix::Error) -> Error {
    gix_error::unreadable(repo.git_dir(), "its list of shallow commits")
}

/// The length of a pack's header: `PACK`, version, number of objects.
const HEADER: usize = 12;

/// A reader that checks the announced number of objects before the first object is read.
struct Counted<'a> {
    inner: &'a mut dyn BufRead,
    header: Vec<u8>,
    most_objects: Option<u64>,
    monitor: &'a TransferMonitor,
}

impl Counted<'_> {
    fn look(&mut self, bytes: usize) -> io::Result<()> {
        if self.header.len() < HEADER || bytes == 0 {
            return Ok(());
        }
        let count: [u8; 4] = self.header[8..HEADER].try_into().unwrap_or_default();
        let announced = u64::from(u32::from_be_bytes(count));
        match self.most_objects {
            Some(limit) if announced > limit => Err(self.monitor.fail(TransportFailure::Limit {
                what: "objects",
                limit,
            })),
            _ => Ok(()),
        }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let missing = HEADER.saturating_sub(self.header.len()).min(read);
        if missing > 0 {
            self.header.extend_from_slice(&into[..missing]);
            self.look(read)?;
        }
        Ok(read)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
