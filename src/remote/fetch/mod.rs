//! Objects and refs from another side: handshake, list of refs, negotiation, pack.
//!
//! A [`Session`] is one connection. [`Session::list`] says what there is, [`Session::receive`] brings the objects for a
//! [`RefMap`]; which refs they are kept under is `refs`'s business. The protocol itself is gix's; what it leaves to its
//! callers is here: filters for partial clones, limits, and a clock.

mod by_oid;
mod connected;
mod connection;
mod local_remote;
mod negotiate;
mod progress;
mod receive_pack;
mod ref_update;
mod refname;
mod refspec;
mod thread;
mod transfer;

pub(super) use connected::check_connected;
pub(super) use connection::{How, Session};
pub(super) use local_remote::Near;
pub(super) use progress::Counters;
pub(super) use ref_update::{mapped, update, write_new};
pub(super) use refspec::parse;
pub(super) use thread::{Deadline, on_another_thread};
pub(super) use transfer::Transfer;
