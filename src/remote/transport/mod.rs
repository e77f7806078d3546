//! Transports of a fetch: https, http, git:// and ssh, in this process and without a git program.
//!
//! A [`Remote`] is a URL with everything that is needed to connect to it. Its connections stay on
//! the thread that uses them. A [`TransferMonitor`] stops them from another thread. It also keeps
//! failures in structured form, because the protocol layers in between would reduce them to text.

mod failure;
mod framed;
mod git_daemon;
mod http;
mod limits;
mod monitor;
mod remote;
mod ssh;
mod stall;
mod stream;

pub(super) use monitor::{TransferMonitor, TransportFailure};
pub(super) use remote::Remote;
