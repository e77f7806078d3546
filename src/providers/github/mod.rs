//! GitHub, through octocrab; no type of its leaves this folder.

mod client;
mod source;

pub use client::{GitHub, GitHubOptions};
