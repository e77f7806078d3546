//! GitHub's API, through octocrab. Types of octocrab are not used outside of this folder.
//!
//! [`GitHub`] is the client. Every request goes through `requester`, which waits for quota in the
//! `pool` of tokens, looks in the `cache`, retries temporary failures, and maps refusals to errors
//! by status and headers. The arithmetic of an identity's remaining quota is in `limits`.

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
