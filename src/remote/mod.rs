//! Clone, fetch and update: the transfer of objects and refs. Imports `git`, which never imports
//! this module.
//!
//! A clone is complete or does not exist. An update moves refs only after their objects are stored.
//! `transport` connects to servers and `fetch` runs the fetch protocol; `clone`, `update` and
//! `prefetch` use both.
//!
//! Without the `http` feature, only repositories on the same machine can be cloned.

mod checkout;
pub mod clone;
mod copy_objects;
#[cfg(feature = "http")]
mod fetch;
#[cfg(feature = "http")]
mod lock;
mod options;
mod origin;
#[cfg(feature = "http")]
mod origin_config;
mod outcome;
mod packed_refs;
#[cfg(feature = "http")]
mod prefetch;
#[cfg(feature = "http")]
mod transport;
#[cfg(feature = "http")]
mod update;
#[cfg(not(feature = "http"))]
mod without_http;

#[cfg(feature = "http")]
pub use clone::remote_head;
pub use clone::{clone_repo, remove_leftovers};
pub use options::{
    Authenticate, CloneOptions, FetchTags, Filter, PrefetchFor, TransferLimits, UpdateFiles,
    Worktree,
};
pub use origin::{CloneOrigin, origin};
pub use outcome::{CloneOutcome, RefChange, RefUpdate, UpdateOutcome};
#[cfg(feature = "http")]
pub use prefetch::prefetch;
#[cfg(feature = "http")]
pub use update::update_repo;
#[cfg(not(feature = "http"))]
pub use without_http::{prefetch, remote_head, update_repo};
