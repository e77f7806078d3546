//! GitHub, through octocrab; no type of its leaves this folder.
//!
//! A [`GitHub`] asks; every request goes through `exchange`, which waits its turn in the `pool` of tokens, looks into the
//! `cache`, tries again what may pass, and turns a refusal into an error by status and headers. What an identity may still
//! ask for is `limits`'s arithmetic.

mod app;
mod batch_size;
mod cache;
mod client;
mod clock;
mod failure;
mod graphql_error;
mod limits;
mod listing;
mod metadata;
mod pages;
mod pool;
mod request;
mod requester;
mod route;

pub use app::AppKey;
pub use cache::CacheOptions;
pub use client::{GitHub, GitHubOptions, SearchOrder};
pub use clock::{Clock, SystemClock};
pub use limits::Bucket;
pub use listing::{RepositoryFilter, Visibility};
pub use pages::Pages;
pub use pool::{Account, BucketStatus, TokenStatus};
