//! Options of the network.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::choice::{Mebibytes, Seconds, choice};
use crate::choice::Choice;
use crate::edge::environment::shell_command;
use crate::edge::network::Network;
use crate::net::NetOptions;
use crate::remote::{Authenticate, CloneOptions, TransferLimits};

/// Network options.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct NetworkArgs {
    /// PEM file with the certificate authorities to trust, instead of the system's
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// PEM file with the client certificate to show, and its key unless --client-key names it
    #[arg(long, value_name = "FILE")]
    client_cert: Option<PathBuf>,
    /// PEM file with the key of the client certificate
    #[arg(long, value_name = "FILE")]
    client_key: Option<PathBuf>,
    /// Do not check the certificate of this host (repeatable): anyone on the network path can then
    /// read and change what is sent
    #[arg(long = "insecure-host", value_name = "HOST")]
    insecure_hosts: Vec<String>,
    /// Proxy, such as http://host:port or socks5://host:port; '' is none
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Hosts that are reached without a proxy, with commas between them
    #[arg(long, value_name = "HOSTS")]
    no_proxy: Option<String>,
    /// When to send credentials to a host
    #[arg(long, value_name = "WHEN", value_parser = choice::<Authenticate>(), default_value = Authenticate::default().name())]
    authenticate: Authenticate,
    /// Give up on a server that is silent for this long
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(NetOptions::new().timeout))]
    timeout: Seconds,
    /// Longest time to connect to a server
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(NetOptions::new().connect_timeout))]
    connect_timeout: Seconds,
    /// Smallest average rate over --timeout; a server that sends more slowly counts as silent
    #[arg(long, value_name = "BYTES/S", default_value_t = NetOptions::new().min_rate)]
    min_rate: u64,
    /// Longest time for one attempt at a repository
    #[arg(long, value_name = "SECONDS")]
    max_time: Option<Seconds>,
    /// Largest number of mebibytes to receive for one repository
    #[arg(long = "max-size", value_name = "MIB")]
    max_bytes: Option<Mebibytes>,
    /// Largest number of objects to receive for one repository
    #[arg(long, value_name = "N")]
    max_objects: Option<u64>,
    /// Mebibytes that must stay free on the disk
    #[arg(long = "min-free", value_name = "MIB", default_value_t = Mebibytes(TransferLimits::new().min_free_bytes))]
    min_free_bytes: Mebibytes,
    /// The ssh command for ssh URLs, which a shell runs [default: ssh]
    #[arg(long, value_name = "COMMAND")]
    ssh_command: Option<String>,
    /// Send credentials over plain http too, where anyone on the network path can read them
    #[arg(long)]
    allow_clear_text: bool,
    /// Run this program to get credentials: its last argument is the host, and it prints a token,
    /// or user and password on two lines
    #[arg(long, value_name = "COMMAND")]
    credential_command: Option<String>,
    /// Use git's credential helpers too
    #[arg(long)]
    git_credentials: bool,
}

impl NetworkArgs {
    pub(super) fn options(&self) -> CloneOptions {
        let network = Network {
            ca_bundle: self.ca_bundle.clone(),
            client_cert: self.client_cert.clone(),
            client_key: self.client_key.clone(),
            insecure_hosts: Some(self.insecure_hosts.clone()),
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy.clone(),
            authenticate: Some(self.authenticate),
            timeout: Some(self.timeout.0),
            connect_timeout: Some(self.connect_timeout.0),
            min_rate: Some(self.min_rate),
            allow_clear_text: Some(self.allow_clear_text),
            ssh_command: self.ssh_command.as_deref().map(shell_command),
            credential_command: self.credential_command.clone(),
            git_credentials: self.git_credentials,
            ..Network::default()
        };
        let mut limits = TransferLimits::new().min_free_bytes(self.min_free_bytes.0);
        limits.max_bytes = self.max_bytes.map(|size| size.0);
        limits.max_objects = self.max_objects;
        limits.max_time = self.max_time.map(|time| time.0);
        network.clone_options().limits(limits)
    }
}
