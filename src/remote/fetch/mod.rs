//! Fetches objects and refs from a remote: handshake, list of refs, negotiation, pack.
//!
//! [`Connection::list`] lists the remote's refs, and [`Connection::receive`] fetches the objects
//! for a [`RefMap`]; `ref_update` stores the refs. gix does the handshake, lists refs, and chooses the
//! commits to name; `exchange` talks with the server, and `receive_pack` stores what it sends.

mod answer;
mod ask;
mod by_oid;
mod connected;
mod connection;
mod deadline;
mod exchange;
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
