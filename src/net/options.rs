//! Proxy, certificates, time limits and credentials.

use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "http")]
use std::sync::OnceLock;
use std::time::Duration;

use crate::error::Result;
use crate::secret::Secret;
use crate::settings::settings;

settings! {
    /// Proxy, certificates and time limits. Nothing of this is read from the environment here; the command and the Python
    /// package do that.
    pub struct NetOptions {
        /// PEM file with the certificate authorities to trust instead of the system's.
        pub ca_bundle: Option<PathBuf> = None,
        /// Proxy for https and http, as `http://host:port` or `socks5://host:port`.
        pub proxy: Option<String> = None,
        /// Longest time to connect to a server.
        pub connect_timeout: Duration = Duration::from_secs(20),
        /// Longest time without an answer, or with less than `min_rate`.
        pub timeout: Duration = Duration::from_secs(60),
        /// Bytes per second, on average over `timeout`; a server that sends less has stalled.
        pub min_rate: u64 = 1,
        /// Send credentials over plain http, where everybody on the way can read them.
        pub allow_clear_text: bool = false,
        /// The program for ssh addresses and its first arguments; empty is `ssh`.
        pub ssh_command: Vec<String> = Vec::new(),
        /// Environment variables that this program does not get: tokens are for hosts that are reached over http.
        pub withheld_variables: Vec<String> = Vec::new(),
    }
}

/// Who we are to one host. Sent to that host only.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The host, with its port if the address has one.
    pub host: String,
    /// The user; `x-access-token` does for a GitHub token.
    pub username: String,
    /// Password or token.
    pub password: Secret,
}

/// Asked when a host wants credentials that nobody gave beforehand; each host at most once per connection.
#[derive(Clone)]
pub struct CredentialProvider(
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "no host is there to ask")
    )]
    Arc<AskFn>,
);

type AskFn = dyn Fn(&str) -> Result<Option<Credentials>> + Send + Sync;

impl CredentialProvider {
    /// `ask` gets the host, with its port if the address has one. It must not prompt where nobody is there to answer.
    pub fn new(ask: impl Fn(&str) -> Result<Option<Credentials>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    #[cfg(feature = "http")]
    pub(crate) fn ask(&self, host: &str) -> Result<Option<Credentials>> {
        (self.0)(host)
    }
}

impl std::fmt::Debug for CredentialProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CredentialProvider")
    }
}

/// Options with what is made of them once; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Net {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    options: NetOptions,
    #[cfg(feature = "http")]
    pub(super) tls: OnceLock<rustls::ClientConfig>,
}

impl Net {
    /// Takes the options; certificates are read when they are first needed.
    pub fn new(options: NetOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                options,
                #[cfg(feature = "http")]
                tls: OnceLock::new(),
            }),
        }
    }

    /// The options given.
    pub fn options(&self) -> &NetOptions {
        &self.shared.options
    }
}
