//! Negotiates a pack, and counts and indexes it while it is received.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::odb::pack;
use gix::odb::store::RefreshMode;
use gix::protocol::fetch::response::ShallowUpdate;
use gix::protocol::fetch::{RefMap, Tags};

use super::answer::BoundaryChange;
use super::ask::Ask;
use super::exchange::LocalHistory;
use super::negotiate::wanted;
use super::{Connection, Counters, ReceiveOptions};
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::no_follow;
use crate::remote::transport::{TransferMonitor, TransportFailure};

impl Connection<'_> {
    /// Fetches the objects that `map` needs and `repo` lacks, and those in `incomplete`, which it has
    /// without all that they need; returns true if any were received.
    pub(crate) fn receive(
        &mut self,
        repo: &gix::Repository,
        map: &RefMap,
        incomplete: &HashSet<ObjectId>,
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
        let needed = wanted(&quiet, map, incomplete, options, &mut graph);
        let Some((wants, mut history)) = needed.map_err(|error| self.of_pack(&error))? else {
            return Ok(false);
        };
        let ask = Ask {
            wants,
            boundary: boundary(repo)?,
            depth: options.shallow.clone(),
            filter: options.filter.map(Choice::name),
            include_tags: options.tags == Tags::Included,
        };
        let objects = self.take(&ask, Some(&mut history), repo, options, counters)?;
        Ok(objects > 0)
    }

    /// Exchanges messages, stores the pack beside the others, and returns the number of objects in
    /// it.
    pub(super) fn take(
        &mut self,
        ask: &Ask,
        history: Option<&mut LocalHistory<'_, '_, '_>>,
        repo: &gix::Repository,
        options: &ReceiveOptions,
        counters: &Counters,
    ) -> Result<u32> {
        let mut written: Option<pack::bundle::write::Outcome> = None;
        let (remote, monitor) = (self.remote, self.monitor.clone());
        let exchanged = self.exchange(ask, history, counters, |reader| {
            let mut counted = Counted {
                inner: reader,
                header: Vec::with_capacity(HEADER),
                most_objects: options.most_objects,
                monitor: &monitor,
            };
            let mut progress = counters.root();
            let pack = write_pack(&mut counted, repo, options, &mut progress, monitor.flag());
            written = Some(pack.map_err(|error| {
                for words in counters.words() {
                    monitor.heard(words.as_bytes());
                }
                // The server cannot help a disk that is full.
                let storage = gix_error::storage(&error, repo.git_dir());
                let server = || remote.failure(&error, &monitor);
                storage
                    .filter(|_| monitor.failure_seen().is_none())
                    .unwrap_or_else(server)
            })?);
            Ok(())
        });
        let objects = written
            .as_ref()
            .map_or(0, |written| written.index.num_objects);
        let keep = written.and_then(|written| written.keep_path);
        if let Some(keep) = keep {
            // The keep file is not needed: no garbage collection runs here before refs are written.
            std::fs::remove_file(&keep).map_err(Error::storage("remove", keep))?;
        }
        let mut changes = exchanged?;
        // A server of version 0 that is shallow itself says so before everything else.
        let early = self.handshake.v1_shallow_updates.take().unwrap_or_default();
        changes.extend(early.into_iter().map(|update| match update {
            ShallowUpdate::Shallow(id) => BoundaryChange::Add(id),
            ShallowUpdate::Unshallow(id) => BoundaryChange::Remove(id),
        }));
        if !changes.is_empty() {
            change_boundary(repo, &changes)?;
        }
        Ok(objects)
    }

    /// Converts the error of an unreadable pack. The server or the connection damaged it, so a
    /// retry may succeed.
    fn of_pack(&self, error: &gix::Error) -> Error {
        self.remote.failure(error, self.monitor)
    }
}

/// The commits whose parents a shallow clone does not have.
fn boundary(repo: &gix::Repository) -> Result<Vec<ObjectId>> {
    let commits = repo.shallow_commits().map_err(unreadable(repo))?;
    Ok(commits.map_or_else(Vec::new, |commits| commits.iter().copied().collect()))
}

/// Writes the shallow boundary after `changes`.
fn change_boundary(repo: &gix::Repository, changes: &[BoundaryChange]) -> Result<()> {
    let path = repo.shallow_file().map_err(unreadable(repo))?;
    let mut commits: BTreeSet<ObjectId> = boundary(repo)?.into_iter().collect();
    for change in changes {
        match change {
            BoundaryChange::Add(id) => commits.insert(*id),
            BoundaryChange::Remove(id) => commits.remove(id),
        };
    }
    if commits.is_empty() {
        return match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::storage("remove", path)(error))
            }
            _ => Ok(()),
        };
    }
    let lines: Vec<String> = commits.iter().map(ToString::to_string).collect();
    let fail = gix::lock::acquire::Fail::Immediately;
    let lock = gix::lock::File::acquire_to_update_resource(&path, fail, None, 0);
    let mut lock = lock.map_err(unreadable(repo))?;
    let written = lock.write_all((lines.join("\n") + "\n").as_bytes());
    written.map_err(Error::storage("write", &path))?;
    let committed = lock.commit().map_err(gix::Error::from_error);
    committed.map(drop).map_err(unreadable(repo))
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
        no_follow::mark(&promise).map_err(gix::Error::from_error)?;
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
