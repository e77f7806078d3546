//! Options for reaching remotes: those that the user gave override those of the environment.

use std::path::PathBuf;
use std::time::Duration;

use super::credentials;
use super::environment::{net_options, token_of_environment};
use crate::net::{Credentials, Net};
use crate::remote::{Authenticate, CloneOptions};
use crate::secret::Secret;

/// Network options that the user gave. `None` means the environment's value, or else the library's
/// default.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) ca_bundle: Option<PathBuf>,
    pub(crate) client_cert: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    pub(crate) insecure_hosts: Option<Vec<String>>,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) authenticate: Option<Authenticate>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) min_rate: Option<u64>,
    pub(crate) allow_clear_text: Option<bool>,
    pub(crate) ssh_command: Option<Vec<String>>,
    /// A program that prints credentials for a host.
    pub(crate) credential_command: Option<String>,
    /// True if git's credential helpers are used.
    pub(crate) git_credentials: bool,
    /// The token for github.com. `username` is the user name that is sent with it.
    pub(crate) token: Option<Secret>,
    pub(crate) username: Option<String>,
    pub(crate) credentials: Vec<Credentials>,
}

impl Network {
    /// Returns the options of a clone; only the network options differ from the defaults.
    pub(crate) fn clone_options(self) -> CloneOptions {
        let mut net = net_options();
        set(&mut net.ca_bundle, self.ca_bundle.map(Some));
        if self.client_cert.is_some() {
            // The key of the environment belongs to the certificate of the environment.
            (net.client_cert, net.client_key) = (self.client_cert, None);
        }
        set(&mut net.client_key, self.client_key.map(Some));
        set(&mut net.insecure_hosts, self.insecure_hosts);
        set(&mut net.proxy, self.proxy.map(Some));
        set(&mut net.no_proxy, self.no_proxy.map(Some));
        set(&mut net.timeout, self.timeout);
        set(&mut net.connect_timeout, self.connect_timeout);
        set(&mut net.min_rate, self.min_rate);
        set(&mut net.allow_clear_text, self.allow_clear_text);
        set(&mut net.ssh_command, self.ssh_command);
        let mut known = self.credentials;
        let token = self.token.or_else(token_of_environment);
        known.extend(token.map(|token| {
            Credentials {
                host: "github.com".to_owned(),
                username: self
                    .username
                    .unwrap_or_else(|| credentials::TOKEN_USER.to_owned()),
                password: token,
            }
        }));
        CloneOptions::new()
            .net(Net::new(net))
            .credentials(known)
            .authenticate(self.authenticate.unwrap_or_default())
            .credential_provider(credentials::ask(
                self.credential_command,
                self.git_credentials,
            ))
    }
}

fn set<T>(option: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *option = given;
    }
}
