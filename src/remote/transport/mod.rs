//! The other side of a fetch: https, http, git:// and ssh, spoken in this process and without a git program.
//!
//! A [`Remote`] is an address with all that is needed to speak to it. Its connections live on the thread that uses them. A
//! [`TransferMonitor`] stops them from outside and keeps what went wrong, which the protocol's layers in between would turn to text.

mod git_daemon;
mod http;
mod monitor;
mod remote;
mod ssh;
mod stall;
mod stream;

pub(super) use monitor::{TransferMonitor, TransportFailure};
pub(super) use remote::Remote;
