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
    /// Proxy, certificates and time limits. None of them is read from the environment here; the
    /// command and the Python package do that.
    pub struct NetOptions {
        /// PEM file with the certificate authorities to trust instead of the system's.
        pub ca_bundle: Option<PathBuf> = None,
        /// PEM file with the client certificate to show to servers that want one, followed by its
        /// chain.
        pub client_cert: Option<PathBuf> = None,
        /// PEM file with the key of `client_cert`; `None` means that it is in the same file.
        pub client_key: Option<PathBuf> = None,
        /// Hosts, without ports, whose certificates are not checked: anyone on the network path can
        /// then read and change what is sent.
        pub insecure_hosts: Vec<String> = Vec::new(),
        /// Proxy for https and http, as `http://host:port` or `socks5://host:port`. It overrides
        /// `http_proxy` and `https_proxy`; an empty one switches them off.
        pub proxy: Option<String> = None,
        /// Proxy for http.
        pub http_proxy: Option<String> = None,
        /// Proxy for https.
        pub https_proxy: Option<String> = None,
        /// Hosts that are reached without a proxy, with commas between them: names, which include
        /// the hosts below them, addresses, networks such as `10.0.0.0/8`, each with a port or
        /// without, or `*` for all.
        pub no_proxy: Option<String> = None,
        /// Longest time to connect to a server.
        pub connect_timeout: Duration = Duration::from_secs(20),
        /// Longest time without an answer, or with a rate below `min_rate`.
        pub timeout: Duration = Duration::from_secs(60),
        /// Minimum rate in bytes per second, on average over `timeout`. A slower transfer counts as
        /// stalled.
        pub min_rate: u64 = 1,
        /// Send credentials over plain http, where anyone on the network path can read them.
        pub allow_clear_text: bool = false,
        /// The program for ssh URLs and its first arguments; empty is `ssh`.
        pub ssh_command: Vec<String> = Vec::new(),
        /// Environment variables that this program gets in addition to those of the user's login,
        /// directories, locale and agents. It gets no others, because they may hold tokens.
        pub passed_variables: Vec<String> = Vec::new(),
    }
}

/// Credentials for one host. They are sent to that host only.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The host, with its port if the URL has one.
    pub host: String,
    /// The user name; for a GitHub token, use `x-access-token`.
    pub username: String,
    /// The password or token.
    pub password: Secret,
}

impl Credentials {
    /// Makes credentials for `host`, which includes the port if the URL has one.
    pub fn new(host: impl Into<String>, username: impl Into<String>, password: Secret) -> Self {
        Self {
            host: host.into(),
            username: username.into(),
            password,
        }
    }
}

/// A callback that returns credentials for a host that requires them, if none were given
/// beforehand. It is called at most once per host and connection.
#[derive(Clone)]
pub struct CredentialProvider(
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "only http hosts require credentials")
    )]
    Arc<AskFn>,
);

type AskFn = dyn Fn(&str) -> Result<Option<Credentials>> + Send + Sync;

impl CredentialProvider {
    /// `ask` is called with the host, including its port if the URL has one. It must not prompt if
    /// no user can answer.
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

/// Network options, with the TLS configuration that is built from them once. Clones share it.
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
    /// Stores the options. Certificates are read when they are first needed.
    pub fn new(options: NetOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                options,
                #[cfg(feature = "http")]
                tls: OnceLock::new(),
            }),
        }
    }

    /// Returns the options.
    pub fn options(&self) -> &NetOptions {
        &self.shared.options
    }
}
