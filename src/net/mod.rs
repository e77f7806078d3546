//! How the network is spoken to, for git and for hosting services alike: TLS, proxies, time limits.
//!
//! One TLS configuration serves the transport of clones and the client of GitHub. Its cryptography is graviola's, which is
//! Rust and assembly and needs no C compiler; see `tls`.

#[cfg(feature = "http")]
mod client;
mod options;
#[cfg(feature = "http")]
mod tls;

#[cfg(feature = "http")]
pub(crate) use client::ClientSettings;
pub use options::{CredentialProvider, Credentials, Net, NetOptions};
