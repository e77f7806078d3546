//! How the network is spoken to, for git and for hosting services alike: TLS, proxies, time limits.
//!
//! One TLS configuration serves the transport of clones and the client of GitHub. Its cryptography is graviola's, which is
//! Rust and assembly and needs no C compiler; see `tls`.

#[cfg(feature = "http")]
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "http")]
use std::sync::OnceLock;
use std::time::Duration;

#[cfg(feature = "http")]
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Proxy, certificates and time limits. Nothing of this is read from the environment here; the command and the Python
/// package do that.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NetOptions {
    /// PEM file with the certificate authorities to trust instead of the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Proxy for https and http, as `http://host:port` or `socks5://host:port`.
    pub proxy: Option<String>,
    /// Longest time to reach the other side.
    pub connect_timeout: Duration,
    /// Longest time without an answer, or without enough of it.
    pub idle_timeout: Duration,
    /// What is enough: bytes per second, on average over `idle_timeout`. Less is a stall.
    pub least_bytes_per_second: u64,
    /// Whether credentials go over plain http, where everybody on the way can read them.
    pub allow_clear_text_credentials: bool,
    /// The program for ssh addresses and its first arguments; empty is `ssh`.
    pub ssh_command: Vec<String>,
    /// Environment variables that this program does not get: tokens are for hosts that are spoken to over http.
    pub withheld_variables: Vec<String>,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            proxy: None,
            connect_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(60),
            least_bytes_per_second: 1,
            allow_clear_text_credentials: false,
            ssh_command: Vec::new(),
            withheld_variables: Vec::new(),
        }
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
pub struct AskCredentials(
    #[cfg_attr(
        not(feature = "http"),
        expect(dead_code, reason = "no host is there to ask")
    )]
    Arc<AskFn>,
);

type AskFn = dyn Fn(&str) -> crate::error::Result<Option<Credentials>> + Send + Sync;

impl AskCredentials {
    /// `ask` gets the host, with its port if the address has one. It must not prompt where nobody is there to answer.
    pub fn new(
        ask: impl Fn(&str) -> crate::error::Result<Option<Credentials>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(ask))
    }

    #[cfg(feature = "http")]
    pub(crate) fn ask(&self, host: &str) -> Result<Option<Credentials>> {
        (self.0)(host)
    }
}

impl std::fmt::Debug for AskCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AskCredentials")
    }
}

/// Options with what is made of them once; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Net {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    options: NetOptions,
    #[cfg(feature = "http")]
    tls: OnceLock<rustls::ClientConfig>,
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

#[cfg(feature = "http")]
impl Net {
    /// What a blocking client is built with; `None` for the proxy if there is none.
    pub(crate) fn for_client(&self) -> Result<ClientSettings> {
        let tls = match self.shared.tls.get() {
            Some(tls) => tls.clone(),
            None => {
                let made = tls::client_config(self.options().ca_bundle.as_deref())?;
                self.shared.tls.get_or_init(|| made).clone()
            }
        };
        let proxy = self.options().proxy.as_deref().map(|proxy| {
            reqwest::Proxy::all(proxy).map_err(|_| {
                Error::invalid(
                    "proxy",
                    "is not understood; write http://host:port or socks5://host:port",
                )
            })
        });
        Ok(ClientSettings {
            tls,
            proxy: proxy.transpose()?,
            options: self.options().clone(),
        })
    }
}

/// TLS, proxy and time limits, ready to be put into a client.
#[cfg(feature = "http")]
#[derive(Clone)]
pub(crate) struct ClientSettings {
    tls: rustls::ClientConfig,
    proxy: Option<reqwest::Proxy>,
    options: NetOptions,
}

#[cfg(feature = "http")]
const USER_AGENT: &str = concat!("git/2 (gitfleet ", env!("CARGO_PKG_VERSION"), ")");

#[cfg(feature = "http")]
impl ClientSettings {
    /// For git: no redirect is followed, and waiting is its user's business.
    pub(crate) fn client_for_git(&self) -> Result<reqwest::Client> {
        let builder = self.builder().redirect(reqwest::redirect::Policy::none());
        built(builder)
    }

    /// For a hosting service's API.
    pub(crate) fn client(&self) -> Result<reqwest::Client> {
        let builder = self.builder().read_timeout(self.options.idle_timeout);
        built(builder.redirect(reqwest::redirect::Policy::none()))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(USER_AGENT)
            .connect_timeout(self.options.connect_timeout);
        match self.proxy.clone() {
            Some(proxy) => builder.proxy(proxy),
            None => builder.no_proxy(),
        }
    }
}

#[cfg(feature = "http")]
fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder
        .build()
        .map_err(|error| Error::internal(format!("building the http client: {error}")))
}
