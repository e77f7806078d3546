#![doc = include_str!("../README.md")]

mod cancel;
#[cfg(feature = "cli")]
pub mod cli;
mod durable;
#[cfg(feature = "cli")]
mod edge;
pub mod error;
pub mod fleet;
pub mod git;
mod jitter;
pub mod net;
pub mod progress;
#[cfg(feature = "http")]
pub mod providers;
#[cfg(feature = "python")]
mod python;
pub mod remote;
mod remote_url;
mod secret;
pub mod table;
#[cfg(feature = "python")]
mod vault;
mod workers;

pub use crate::cancel::CancelToken;
pub use crate::error::{Error, ErrorKind, Result, ServiceError};
pub use crate::remote_url::{RemoteUrl, RepoKey, Scheme};
pub use crate::secret::Secret;
pub use crate::workers::Workers;
