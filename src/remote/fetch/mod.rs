//! Objects and refs from another side: handshake, list of refs, negotiation, pack.
//!
//! A [`Connection`] is one connection. [`Connection::list`] says what there is, [`Connection::receive`] brings the objects for a
//! [`RefMap`]; which refs they are kept under is `refs`'s business. The protocol itself is gix's; what it leaves to its
//! callers is here: filters for partial clones, limits, and a clock.

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
