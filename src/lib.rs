#![doc = include_str!("../README.md")]

mod cancel;
mod causes;
mod choice;
#[cfg(feature = "cli")]
pub mod cli;
mod context;
mod durable;
#[cfg(feature = "cli")]
mod edge;
pub mod error;
pub mod fleet;
pub mod git;
mod git_string;
mod jitter;
mod json;
mod mutex;
pub mod net;
mod no_follow;
#[cfg(any(feature = "cli", feature = "http"))]
mod programs;
pub mod progress;
#[cfg(feature = "http")]
pub mod providers;
#[cfg(feature = "python")]
mod python;
mod regular_file;
pub mod remote;
mod remote_url;
mod repo_key;
mod secret;
mod settings;
pub mod table;
mod unix_time;
#[cfg(feature = "python")]
mod vault;
mod workers;

pub use crate::cancel::CancelToken;
pub use crate::choice::Choice;
pub use crate::context::Context;
pub use crate::error::{Error, ErrorKind, Result, ServiceError};
pub use crate::git_string::GitString;
pub use crate::json::Json;
pub use crate::remote_url::{RemoteUrl, Scheme};
pub use crate::repo_key::RepoKey;
pub use crate::secret::Secret;
pub use crate::settings::IntoSetting;
pub use crate::workers::Workers;
