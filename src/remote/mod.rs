//! How objects and refs come and go: clone, fetch, update. Imports `git`, which never imports it.
//!
//! A clone is made whole or not at all; an update moves refs only once their objects are here. `transport` speaks to
//! servers, `fetch` has the conversation, `clone`, `update` and `prefetch` are what it is for.
//!
//! Without the `http` feature only repositories on this machine are copied.

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
    CloneOptions, FetchTags, Filter, PrefetchFor, TransferLimits, UpdateFiles, Worktree,
};
pub use origin::{CloneOrigin, origin};
pub use outcome::{CloneOutcome, RefChange, RefUpdate, UpdateOutcome};
#[cfg(feature = "http")]
pub use prefetch::prefetch;
#[cfg(feature = "http")]
pub use update::update_repo;
#[cfg(not(feature = "http"))]
pub use without_http::{prefetch, remote_head, update_repo};
