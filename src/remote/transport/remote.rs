//! A remote: a URL with everything that is needed to connect to it.

use std::rc::Rc;

use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::blocking_io::http as protocol;

use super::monitor::TransferMonitor;
use super::stall::StallTimer;
use super::{git_daemon, http, ssh};
use crate::error::{Error, Result};
use crate::git::gix_error;
use crate::net::{ClientSettings, CredentialProvider, Credentials, NetOptions};
use crate::remote::options::{Authenticate, CloneOptions};
use crate::remote_url::{RemoteUrl, Scheme};

/// A URL, with the options and credentials to connect to it.
#[derive(Clone)]
pub(crate) struct Remote {
    url: RemoteUrl,
    options: NetOptions,
    /// TLS and proxy settings, for http and https only. For other schemes they are not created,
    /// because creating them fails on a CPU that TLS does not support.
    settings: Option<ClientSettings>,
    credentials: Vec<Credentials>,
    ask: Option<CredentialProvider>,
    authenticate: Authenticate,
}

impl Remote {
    /// Of `options`, the network and the credentials are used. Credentials in the URL take
    /// precedence.
    pub(crate) fn new(url: &RemoteUrl, options: &CloneOptions) -> Result<Self> {
        let mut credentials = options.credentials.clone();
        if let (Some(username), Some(password)) = (url.username(), url.password()) {
            credentials.insert(0, Credentials::new(url.host(), username, password.clone()));
        }
        options.net.check()?;
        let proxy = options.net.options().proxy.as_deref();
        if proxy.is_some_and(|proxy| !proxy.is_empty()) && !is_http(url) {
            return Err(Error::unsupported(format!(
                "a proxy for {url}; proxies are used for https and http only"
            )));
        }
        Ok(Self {
            url: url.clone(),
            options: options.net.options().clone(),
            settings: is_http(url).then(|| options.net.for_client()).transpose()?,
            credentials,
            ask: options.credential_provider.clone(),
            authenticate: options.authenticate,
        })
    }

    pub(crate) fn url(&self) -> &RemoteUrl {
        &self.url
    }

    /// Connects. For http, the first request opens the connection.
    pub(crate) fn connect(&self, monitor: &TransferMonitor) -> Result<Box<dyn Transport>> {
        let options = &self.options;
        let stall_timer = Rc::new(StallTimer::new(options, monitor)?);
        let failed = |error: std::io::Error| self.failure(&error, monitor);
        match (self.url.scheme(), &self.settings) {
            (Scheme::Http | Scheme::Https, Some(settings)) => {
                let address = gix::url::parse(self.url.as_str())
                    .map_err(|error| Error::invalid(self.url.as_str(), gix_error::text(&error)))?;
                let client = http::Client::new(
                    settings,
                    stall_timer,
                    monitor,
                    self.credentials.clone(),
                    self.ask.clone(),
                    self.authenticate,
                    self.url.username(),
                )?;
                Ok(Box::new(protocol::Transport::new_http(
                    client,
                    address,
                    Protocol::V2,
                    false,
                )))
            }
            (Scheme::Git, _) => {
                git_daemon::connect(&self.url, options, stall_timer, monitor).map_err(failed)
            }
            (Scheme::Ssh, _) => {
                ssh::connect(&self.url, options, stall_timer, monitor).map_err(failed)
            }
            _ => Err(Error::internal("a local path has no transport")),
        }
    }
}

fn is_http(url: &RemoteUrl) -> bool {
    matches!(url.scheme(), Scheme::Http | Scheme::Https)
}
