//! The thread that starts the children. On Linux, a child ends with the thread that started it, so
//! that this thread must live as long as they do.

use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, mpsc};
use std::thread;

use crate::error::{Error, Result};
use crate::mutex::lock;

type Started = io::Result<Child>;
type Order = (Command, mpsc::Sender<Started>);

/// A thread that starts programs until this is dropped.
pub(super) struct Spawner {
    orders: Mutex<mpsc::Sender<Order>>,
}

impl Spawner {
    pub(super) fn new() -> Result<Self> {
        let (send, receive) = mpsc::channel::<Order>();
        let work = move || {
            for (mut command, answer) in receive {
                let _ = answer.send(command.spawn()); // fails if the caller no longer waits
            }
        };
        let thread = thread::Builder::new().name("gitfleet-spawn".to_owned());
        thread
            .spawn(work)
            .map_err(Error::storage("start", "a thread"))?;
        Ok(Self {
            orders: Mutex::new(send),
        })
    }

    /// Starts a program.
    pub(super) fn spawn(&self, command: Command) -> Result<Child> {
        let program = command.get_program().to_owned();
        let (send, receive) = mpsc::channel();
        let ended = || io::Error::other("the thread that starts programs has ended");
        let sent = lock(&self.orders).send((command, send));
        let started = match sent {
            Ok(()) => receive.recv().unwrap_or_else(|_| Err(ended())),
            Err(_) => Err(ended()),
        };
        started.map_err(Error::storage("start", program))
    }
}
