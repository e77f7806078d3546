//! HTTP clients built from the options.

use super::options::{Net, NetOptions};
use super::tls;
use crate::error::{Error, Result};

impl Net {
    /// Returns the settings that clients are built with.
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
                    "is not a valid address; write http://host:port or socks5://host:port",
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

/// TLS, proxy and time limits of a client.
#[derive(Clone)]
pub(crate) struct ClientSettings {
    tls: rustls::ClientConfig,
    proxy: Option<reqwest::Proxy>,
    options: NetOptions,
}

const USER_AGENT: &str = concat!("git/2 (gitfleet ", env!("CARGO_PKG_VERSION"), ")");

impl ClientSettings {
    /// Creates a client for git's transport. It follows no redirects and has no read timeout,
    /// because the transport has its own.
    pub(crate) fn client_for_git(&self) -> Result<reqwest::Client> {
        let builder = self.builder().redirect(reqwest::redirect::Policy::none());
        built(builder)
    }

    /// Creates a client for a hosting service's API. It follows no redirects.
    pub(crate) fn client(&self) -> Result<reqwest::Client> {
        let builder = self.builder().read_timeout(self.options.timeout);
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

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder
        .build()
        .map_err(|error| Error::internal(format!("building the http client: {error}")))
}
