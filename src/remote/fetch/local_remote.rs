//! A remote that is a repository on the same machine: its refs are read, and its object files are
//! linked or copied.

use gix::protocol::fetch::{RefMap, Tags};
use gix::protocol::handshake::Ref;
use gix::protocol::transport::client::Capabilities;
use gix::refspec::RefSpec;

use super::connection::ref_map_context;
use crate::context::Context;
use crate::error::Result;
use crate::git::gix_error;
use crate::git::refs::Head;
use crate::git::repo::Repo;
use crate::remote::copy_objects::copy_objects;
use crate::remote_url::RemoteUrl;

/// A repository on the same machine, with the methods of a [`Connection`](super::Connection).
pub(crate) struct LocalRemote<'a> {
    pub(crate) repo: &'a Repo,
    pub(crate) url: &'a RemoteUrl,
    pub(crate) context: &'a Context,
}

impl LocalRemote<'_> {
    /// Returns its refs, `HEAD` first. They must be read before objects are copied: a concurrent
    /// writer can then only add objects that these refs do not need.
    pub(crate) fn refs(&self) -> Result<Vec<Ref>> {
        let mut refs = Vec::new();
        refs.extend(match self.repo.head()? {
            Head::Branch { name, commit_id } => Some(Ref::Symbolic {
                full_ref_name: "HEAD".into(),
                target: name.into_bytes().into(),
                tag: None,
                object: commit_id.0,
            }),
            Head::Detached { commit_id } => Some(Ref::Direct {
                full_ref_name: "HEAD".into(),
                object: commit_id.0,
            }),
            Head::Unborn { .. } => None,
        });
        for found in self.repo.complete_refs()?.0 {
            let full_ref_name = found.name.into_bytes().into();
            refs.push(if found.target_id == found.peeled_id {
                Ref::Direct {
                    full_ref_name,
                    object: found.target_id.0,
                }
            } else {
                Ref::Peeled {
                    full_ref_name,
                    tag: found.target_id.0,
                    object: found.peeled_id.0,
                }
            });
        }
        Ok(refs)
    }

    /// Maps its refs to local refs.
    pub(crate) fn map(&self, refs: &[Ref], specs: &[RefSpec], tags: Tags) -> Result<RefMap> {
        let unreadable = || gix_error::unreadable(self.repo.path(), "its refs");
        let line = format!("\0object-format={}", self.repo.local().object_hash());
        let (capabilities, _) = Capabilities::from_bytes(line.as_bytes()).map_err(unreadable())?;
        RefMap::from_refs(refs.to_vec(), &capabilities, ref_map_context(specs, tags))
            .map_err(unreadable())
    }

    /// Copies all its objects to `into`.
    pub(crate) fn receive(&self, into: &gix::Repository) -> Result<()> {
        copy_objects(self.repo, into.common_dir(), self.url, self.context)
    }
}
