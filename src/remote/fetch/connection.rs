//! One connection to a remote: handshake, list of refs, and their mapping to local refs.

use gix::protocol::fetch::refmap::init::Context as MapContext;
use gix::protocol::fetch::{RefMap, Shallow, Tags};
use gix::protocol::handshake::Ref;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::{Protocol, Service};
use gix::refspec::RefSpec;

use super::refname;
use crate::error::{Error, Result};
use crate::remote::options::Filter;
use crate::remote::transport::{Remote, TransferMonitor, TransportFailure};

/// Options for fetching objects.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveOptions {
    pub(crate) shallow: Shallow,
    pub(crate) tags: Tags,
    pub(crate) filter: Option<Filter>,
    /// Number of threads; 0 is one per core.
    pub(crate) threads: usize,
    pub(crate) most_objects: Option<u64>,
    pub(crate) most_object_bytes: Option<u64>,
}

/// A connection after its handshake.
pub(crate) struct Connection<'a> {
    pub(super) remote: &'a Remote,
    pub(super) monitor: &'a TransferMonitor,
    pub(super) transport: Box<dyn Transport>,
    pub(super) handshake: gix::protocol::Handshake,
    /// The remote's refs; empty until they are listed.
    refs: Vec<Ref>,
}

impl<'a> Connection<'a> {
    pub(crate) fn open(remote: &'a Remote, monitor: &'a TransferMonitor) -> Result<Self> {
        monitor.expect_lists();
        let mut transport = remote.connect(monitor)?;
        // The transport handles credentials, so none are offered here.
        let handshake = gix::protocol::handshake(
            &mut transport,
            Service::UploadPack,
            |_| Ok(None),
            Vec::new(),
            &mut gix::progress::Discard,
        );
        Ok(Self {
            handshake: handshake.map_err(|error| remote.failure(&error, monitor))?,
            remote,
            monitor,
            transport,
            refs: Vec::new(),
        })
    }

    /// Returns true if the server ends the connection after a pack, as versions 0 and 1 do.
    pub(super) fn ends_after_pack(&self) -> bool {
        let is_v2 = self.handshake.server_protocol_version == Protocol::V2;
        !is_v2
            && self
                .transport
                .connection_persists_across_multiple_requests()
    }

    /// Requests the refs that `specs` may match.
    pub(crate) fn list(&mut self, specs: &[RefSpec]) -> Result<&[Ref]> {
        let context = MapContext {
            fetch_refspecs: specs.to_vec(),
            extra_refspecs: Vec::new(),
        };
        // A refspec that starts with a wildcard has no prefix. A filter by prefixes would then hide
        // all refs.
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
        if let Some(what) = refname::invalid_name(&map.remote_refs) {
            return Err(self.invalid_response(what));
        }
        self.refs = map.remote_refs;
        Ok(&self.refs)
    }

    /// Maps the listed refs to local refs.
    pub(crate) fn map(&self, specs: &[RefSpec], tags: Tags) -> Result<RefMap> {
        let map = RefMap::from_refs(
            self.refs.clone(),
            &self.handshake.capabilities,
            ref_map_context(specs, tags),
        );
        map.map_err(|error| self.failure(&error))
    }

    /// Returns the remote's `HEAD`, if it was requested and exists.
    pub(crate) fn head(&self) -> Option<&Ref> {
        self.refs.iter().find(|found| found.unpack().0 == "HEAD")
    }

    fn failure(&self, error: &(dyn std::error::Error + 'static)) -> Error {
        self.remote.failure(error, self.monitor)
    }

    fn invalid_response(&self, what: String) -> Error {
        let error = self.monitor.fail(TransportFailure::InvalidResponse(what));
        self.failure(&error)
    }
}

/// Returns the refspecs to request; those for `tags` are added as by git's `--tags`.
pub(super) fn ref_map_context(specs: &[RefSpec], tags: Tags) -> MapContext {
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

/// Returns the user agent that is sent in the protocol.
pub(super) fn agent() -> gix::protocol::command::Feature {
    let name = concat!("git/gitfleet-", env!("CARGO_PKG_VERSION"));
    ("agent", Some(name.to_owned()))
}
