//! HTTP clients built from the options.

use std::sync::Arc;

use super::options::{Net, NetOptions};
use super::proxy::Proxies;
use super::resolver::Resolver;
use super::tls;
use crate::error::{Error, Result};

impl Net {
    /// Refuses proxies and hosts that are not understood, whatever is connected to.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`].
    pub(crate) fn check(&self) -> Result<()> {
        let options = self.options();
        for host in &options.insecure_hosts {
            let bare = host.trim_matches(['[', ']']);
            let is_address = bare.parse::<std::net::IpAddr>().is_ok();
            let is_part = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
            if !is_address && (bare.is_empty() || !bare.chars().all(is_part)) {
                let reason = "is not the name of a host; write it without scheme, port and `*`";
                return Err(Error::invalid(format!("insecure host `{host}`"), reason));
            }
        }
        Proxies::new(options).map(drop)
    }

    /// Returns the settings that clients are built with.
    pub(crate) fn for_client(&self) -> Result<ClientSettings> {
        self.check()?;
        let tls = match self.shared.tls.get() {
            Some(tls) => tls.clone(),
            None => {
                let made = tls::client_config(self.options())?;
                self.shared.tls.get_or_init(|| made).clone()
            }
        };
        Ok(ClientSettings {
            tls,
            proxies: Arc::new(Proxies::new(self.options())?),
            options: self.options().clone(),
        })
    }
}

/// TLS, proxy and time limits of a client.
#[derive(Clone)]
pub(crate) struct ClientSettings {
    tls: rustls::ClientConfig,
    proxies: Arc<Proxies>,
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
            .dns_resolver(Resolver)
            .user_agent(USER_AGENT)
            .connect_timeout(self.options.connect_timeout);
        let proxies = Arc::clone(&self.proxies);
        builder.proxy(reqwest::Proxy::custom(move |url| proxies.of(url).cloned()))
    }

    pub(crate) fn options(&self) -> &NetOptions {
        &self.options
    }

    /// Returns the proxies that the clients use.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    builder
        .build()
        .map_err(|error| Error::internal(format!("building the http client: {error}")))
}
