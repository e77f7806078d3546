//! Fetches objects and refs from a remote: handshake, list of refs, negotiation, pack.
//!
//! [`Connection::list`] lists the remote's refs, and [`Connection::receive`] fetches the objects
//! for a [`RefMap`]; `ref_update` stores the refs. gix implements the protocol. This module adds
//! the parts that gix leaves to its callers: filters for partial clones, limits, and timeouts.

mod by_oid;
mod connected;
mod connection;
mod deadline;
mod local_remote;
mod negotiate;
mod progress;
mod receive_pack;
mod ref_update;
mod refname;
mod refspec;
mod transfer;

pub(super) use connected::check_connected;
pub(super) use connection::{Connection, ReceiveOptions};
pub(super) use deadline::{Deadline, on_another_thread};
pub(super) use local_remote::LocalRemote;
pub(super) use progress::Counters;
pub(super) use ref_update::{into_packed, ref_targets, update};
pub(super) use refspec::parse;
pub(super) use transfer::Transfer;
