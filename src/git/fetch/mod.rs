//! Objects and refs from another side: handshake, list of refs, negotiation, pack.
//!
//! A [`Session`] is one connection. [`Session::list`] says what there is, [`Session::receive`] brings the objects for a
//! [`RefMap`]; which refs they are kept under is `refs`'s business. The protocol itself is gix's; what it leaves to its
//! callers is here: filters for partial clones, limits, and a clock.

mod by_id;
mod connected;
mod names;
mod near;
mod negotiate;
mod pack;
mod progress;
mod refs;
mod specs;
mod thread;
mod transfer;

use gix::protocol::fetch::refmap::init::Context as MapContext;
use gix::protocol::fetch::{RefMap, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix::protocol::transport::Service;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::refspec::RefSpec;

pub(super) use connected::check_connected;
pub(super) use near::Near;
pub(super) use progress::Counters;
pub(super) use refs::{mapped, update, write_new};
pub(super) use specs::parse;
pub(super) use thread::{Deadline, on_another_thread};
pub(super) use transfer::Transfer;

use super::clone::Filter;
use super::transport::{Peer, Trouble, Watch};
use crate::error::{Error, Result};

/// How objects are brought.
#[derive(Clone, Debug)]
pub(super) struct How {
    pub(super) shallow: Shallow,
    pub(super) tags: Tags,
    pub(super) filter: Option<Filter>,
    /// 0 is one per core.
    pub(super) threads: usize,
    pub(super) most_objects: Option<u64>,
    pub(super) most_object_bytes: Option<u64>,
}

/// A connection after its handshake.
pub(super) struct Session<'a> {
    peer: &'a Peer,
    watch: &'a Watch,
    transport: Box<dyn Transport>,
    handshake: gix::protocol::Handshake,
    /// What the other side has, once listed.
    refs: Vec<Ref>,
}

impl<'a> Session<'a> {
    pub(super) fn open(peer: &'a Peer, watch: &'a Watch) -> Result<Self> {
        watch.expect_lists();
        let mut transport = peer.connect(watch)?;
        // Credentials are the transport's business: here is nobody to ask, and nobody asks.
        let handshake = gix::protocol::handshake(
            &mut transport,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut gix::progress::Discard,
        );
        Ok(Self {
            handshake: handshake.map_err(|error| peer.failure(&error, watch))?,
            peer,
            watch,
            transport,
            refs: Vec::new(),
        })
    }

    /// Asks for the refs that `specs` may match.
    pub(super) fn list(&mut self, specs: &[RefSpec]) -> Result<&[Ref]> {
        let context = MapContext {
            fetch_refspecs: specs.to_vec(),
            extra_refspecs: Vec::new(),
        };
        // A wildcard at the top has no prefix, and then a filter would hide everything.
        let has_prefixes = specs
            .iter()
            .all(|spec| spec.to_ref().prefix().is_some() || is_exact(spec));
        let found = self
            .handshake
            .prepare_lsrefs_or_extract_refmap(agent(), has_prefixes, context)
            .and_then(|list| {
                list.fetch_blocking(gix::progress::Discard, &mut self.transport, false)
            });
        let map = found.map_err(|error| self.failure(&error))?;
        if let Some(what) = names::wrong_with(&map.remote_refs) {
            return Err(self.nonsense(what));
        }
        self.refs = map.remote_refs;
        Ok(&self.refs)
    }

    /// What of the refs listed goes where.
    pub(super) fn map(&self, specs: &[RefSpec], tags: Tags) -> Result<RefMap> {
        let map = RefMap::from_refs(
            self.refs.clone(),
            &self.handshake.capabilities,
            wanted(specs, tags),
        );
        map.map_err(|error| self.failure(&error))
    }

    /// The other side's `HEAD`, if it was asked for and is there.
    pub(super) fn head(&self) -> Option<&Ref> {
        self.refs.iter().find(|found| found.unpack().0 == "HEAD")
    }

    fn failure(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        self.peer.failure(error, self.watch)
    }

    fn nonsense(&self, what: String) -> Error {
        let error = self.watch.fail(Trouble::Nonsense(what));
        self.failure(&error)
    }
}

/// Which refs are asked for; with tags as git's `--tags` does.
fn wanted(specs: &[RefSpec], tags: Tags) -> MapContext {
    let tags = tags.to_refspec().map(|spec| spec.to_owned());
    MapContext {
        fetch_refspecs: specs.to_vec(),
        extra_refspecs: tags.into_iter().collect(),
    }
}

fn is_exact(spec: &RefSpec) -> bool {
    spec.to_ref()
        .source()
        .is_some_and(|source| !source.contains(&b'*'))
}

/// Who we are, in the protocol.
fn agent() -> gix::protocol::command::Feature {
    let name = concat!("git/gitfleet-", env!("CARGO_PKG_VERSION"));
    ("agent", Some(name.to_owned()))
}
