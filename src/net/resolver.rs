//! Addresses of hosts, looked up on threads that may be refused: Tokio panics if it cannot start one.

use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Asks the operating system, on one thread per question.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let (sender, receiver) = oneshot::channel();
            let look_up = move || {
                // reqwest replaces the port.
                let found = (name.as_str(), 0).to_socket_addrs();
                let _ = sender.send(found); // fails if the request was given up
            };
            let thread = thread::Builder::new().name("gitfleet-dns".to_owned());
            thread.spawn(look_up)?;
            let found: Vec<SocketAddr> = receiver.await??.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
