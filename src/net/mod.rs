//! Network access, for git and for hosting services alike: TLS, proxies and time limits.
//!
//! One TLS configuration serves both the transport of clones and the GitHub client. Its
//! cryptography is graviola, which is written in Rust and assembly and needs no C compiler; see
//! `tls`.

#[cfg(feature = "http")]
mod client;
mod options;
#[cfg(feature = "http")]
mod p521;
#[cfg(feature = "http")]
pub(crate) mod proxy;
#[cfg(feature = "http")]
mod resolver;
#[cfg(feature = "http")]
pub(crate) mod tls;
#[cfg(feature = "http")]
mod verifier;

#[cfg(feature = "http")]
pub(crate) use client::ClientSettings;
pub use options::{CredentialProvider, Credentials, Net, NetOptions};
