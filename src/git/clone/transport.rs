//! https and http, in this process.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gix::bstr::ByteSlice;
use gix::protocol::transport::client::blocking_io::http;
use gix::remote::Direction;

use super::{CloneOptions, Worktree};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::git::id::ObjectId;
use crate::git::source;
use crate::net::{ClientSettings, Credentials};
use crate::progress::{Phase, Progress, ProgressSink};
use crate::remote_url::RemoteUrl;
use crate::secret::Secret;

type Connection<'a, 'b, 'repo> = gix::remote::Connection<
    'a,
    'b,
    'repo,
    Box<dyn gix::protocol::transport::client::blocking_io::Transport + Send>,
>;

/// How often a waiting call looks at its counters and at its cancel token.
const POLL: Duration = Duration::from_millis(50);
/// How long a cancelled transfer may take to end by itself. A peer that is silent keeps it from noticing.
const GRACE: Duration = Duration::from_millis(500);

/// Fetches everything into the empty directory `into`; returns the bytes of pack data received.
pub(super) fn fetch(
    url: &RemoteUrl,
    into: &Path,
    options: &CloneOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<u64> {
    let peer = Peer::new(url, options)?;
    let counters = Counters::default();
    let work = {
        let (peer, into, counters, cancel) =
            (peer, into.to_owned(), counters.clone(), cancel.clone());
        let (worktree, threads) = (options.worktree, options.threads);
        move || peer.clone_into(&into, worktree, threads, &counters, &cancel)
    };
    let tell = || {
        if let Some((phase, done, total)) = counters.now() {
            progress.progress(Progress {
                subject: url.to_string(),
                phase,
                done,
                total,
            });
        }
    };
    on_another_thread(work, cancel, tell)?;
    Ok(counters.received_bytes())
}

/// Asks a server for the commit its `HEAD` is at, without fetching; `None` if it has none yet.
///
/// # Errors
///
/// Those of [`clone_repo`](super::clone_repo) about the other side.
pub fn remote_head(
    url: &RemoteUrl,
    options: &CloneOptions,
    cancel: &CancelToken,
) -> Result<Option<ObjectId>> {
    let peer = Peer::new(url, options)?;
    // gix speaks to a remote only from within a repository. It is ours to remove, whatever becomes of the thread.
    let scratch = tempfile::tempdir().map_err(Error::storage(
        "create a directory in",
        std::env::temp_dir(),
    ))?;
    let path = scratch.path().to_owned();
    on_another_thread(move || peer.head(&path), cancel, || {})
}

/// Runs `work` on a thread of its own, so that a silent peer cannot hold up cancellation. `tell` is called now and then.
fn on_another_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
    cancel: &CancelToken,
    tell: impl Fn(),
) -> Result<T> {
    let (sender, receiver) = channel();
    let thread = std::thread::Builder::new().name("gitfleet-transfer".to_owned());
    let handle = thread
        .spawn(move || {
            let _ = sender.send(work()); // nobody waits any more after a cancellation
        })
        .map_err(|error| Error::internal(format!("starting a thread: {error}")))?;
    let mut cancelled_at: Option<Instant> = None;
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(answer) => {
                tell();
                return if cancelled_at.is_some() {
                    Err(Error::Cancelled)
                } else {
                    answer
                };
            }
            Err(RecvTimeoutError::Timeout) => tell(),
            Err(RecvTimeoutError::Disconnected) => {
                let panic = handle
                    .join()
                    .err()
                    .map(|payload| Error::from_panic(&*payload));
                return Err(
                    panic.unwrap_or_else(|| Error::internal("a transfer ended without an answer"))
                );
            }
        }
        if cancel.is_cancelled() && cancelled_at.get_or_insert_with(Instant::now).elapsed() > GRACE
        {
            return Err(Error::Cancelled);
        }
    }
}

/// The other side, and how to speak to it.
struct Peer {
    url: RemoteUrl,
    settings: ClientSettings,
    credentials: Vec<Credentials>,
    idle_timeout: Duration,
}

impl Peer {
    fn new(url: &RemoteUrl, options: &CloneOptions) -> Result<Self> {
        let mut credentials = options.credentials.clone();
        if let Some(username) = url.username() {
            // Hosts take a token as a user without a password too.
            let username = username.to_owned();
            let password = url.password().cloned().unwrap_or_else(|| Secret::new(""));
            credentials.insert(
                0,
                Credentials {
                    host: url.host().to_owned(),
                    username,
                    password,
                },
            );
        }
        let settings = options.net.for_client()?;
        Ok(Self {
            url: url.clone(),
            settings,
            credentials,
            idle_timeout: options.net.options().idle_timeout,
        })
    }

    fn clone_into(
        &self,
        into: &Path,
        worktree: Worktree,
        threads: usize,
        counters: &Counters,
        cancel: &CancelToken,
    ) -> Result<()> {
        let kind = match worktree {
            Worktree::Bare => gix::create::Kind::Bare,
            Worktree::CheckedOut => gix::create::Kind::WithWorktree,
        };
        let (settings, credentials) = (self.settings.clone(), self.credentials.clone());
        let mut prepare = gix::clone::PrepareFetch::new(
            self.url.as_str(),
            into,
            kind,
            gix::create::Options::default(),
            gix::open::Options::isolated(),
        )
        .map_err(|error| self.classify(&error))?
        .with_in_memory_config_overrides([format!("pack.threads={threads}")])
        .configure_connection(move |connection| configure(connection, &settings, &credentials));
        let fetched = prepare.fetch_only(counters.root(), cancel.flag());
        fetched.map(|_| ()).map_err(|error| self.classify(&error))
    }

    fn head(&self, scratch: &Path) -> Result<Option<ObjectId>> {
        let failed = |error| self.classify(&error);
        let repo: gix::Repository = gix::ThreadSafeRepository::init_opts(
            scratch,
            gix::create::Kind::Bare,
            gix::create::Options::default(),
            gix::open::Options::isolated(),
        )
        .map_err(failed)?
        .into();
        let remote = repo.remote_at(self.url.as_str()).map_err(failed)?;
        let remote = remote
            .with_refspecs(["HEAD"], Direction::Fetch)
            .map_err(failed)?
            .with_fetch_tags(gix::remote::fetch::Tags::None);
        let mut connection = remote.connect(Direction::Fetch).map_err(failed)?;
        configure(&mut connection, &self.settings, &self.credentials).map_err(failed)?;
        let (refs, _) = connection
            .ref_map(
                gix::progress::Discard,
                gix::remote::ref_map::Options::default(),
            )
            .map_err(failed)?;
        let head = refs
            .remote_refs
            .iter()
            .find(|reference| reference.unpack().0 == "HEAD");
        Ok(head
            .and_then(|head| head.unpack().1)
            .map(|id| ObjectId(id.to_owned())))
    }

    /// What went wrong, by gix's classes first and by the server's status where gix has none.
    fn classify(&self, error: &gix::Error) -> Error {
        let subject = self.url.to_string();
        if error.is_cancelled() {
            return Error::Cancelled;
        }
        let text = source::text(error);
        if error.is_unauthenticated() || text.contains("status 401") {
            let reason = if self
                .credentials
                .iter()
                .any(|known| known.host == self.url.host())
            {
                "the host refused the credentials (HTTP status 401)"
            } else {
                "the host wants credentials (HTTP status 401); a private repository needs a token"
            };
            return Error::AuthenticationFailed {
                subject,
                reason: reason.to_owned(),
            };
        }
        if text.contains("status 403") {
            return Error::AuthenticationFailed {
                subject,
                reason: "the host forbids it (HTTP status 403)".to_owned(),
            };
        }
        if text.contains("status 404") || text.contains("status 410") {
            let reason = "the server has none there (HTTP status 404); a private one looks the same without a token";
            return Error::RepositoryNotFound {
                subject,
                reason: reason.to_owned(),
            };
        }
        if text.contains("status 429") {
            return Error::RateLimited {
                host: self.url.host().to_owned(),
                reset_at: None,
            };
        }
        if text.contains("timed out") {
            return Error::Timeout {
                subject,
                after: self.idle_timeout,
            };
        }
        Error::Network {
            subject,
            source: source::cause(error),
        }
    }
}

/// TLS, proxy, time limits; credentials on demand, and only for their host. Never a prompt, never a helper program.
fn configure(
    connection: &mut Connection<'_, '_, '_>,
    settings: &ClientSettings,
    credentials: &[Credentials],
) -> gix::Result<()> {
    let url = connection
        .remote()
        .url(Direction::Fetch)
        .map(gix::Url::to_bstring)
        .unwrap_or_default();
    if let Some(mut options) = connection
        .remote()
        .repo()
        .transport_options(url.as_bstr(), None)?
    {
        if let Some(options) = options.downcast_mut::<http::Options>() {
            let settings = settings.clone();
            options.backend = Some(Arc::new(Mutex::new(http::reqwest::Options {
                configure_client: Some(Box::new(move |builder| Ok(settings.blocking(builder)))),
                configure_request: None,
            })));
        }
        connection.set_transport_options(options);
    }
    let credentials = credentials.to_vec();
    connection.set_credentials(move |action| {
        let gix::credentials::helper::Action::Get(context) = action else {
            return Ok(None);
        };
        // The address after redirects: who they are for is decided by where they would go.
        let asked = context
            .url
            .as_ref()
            .and_then(|url| RemoteUrl::parse(&url.to_str_lossy()).ok());
        let known = credentials.iter().find(|known| {
            asked
                .as_ref()
                .is_some_and(|asked| asked.host() == known.host)
        });
        Ok(known.map(|known| gix::credentials::protocol::Outcome {
            identity: gix::sec::identity::Account {
                username: known.username.clone(),
                password: known.password.expose().to_owned(),
                oauth_refresh_token: None,
            },
            next: gix::credentials::helper::NextAction::from(context),
        }))
    });
    Ok(())
}

/// gix's counters, read now and then instead of being told of each step.
#[derive(Clone, Default)]
struct Counters(Arc<Mutex<Vec<Counter>>>);

#[derive(Clone)]
struct Counter {
    what: What,
    done: Arc<AtomicUsize>,
    /// 0 while unknown.
    total: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum What {
    ReceivedBytes,
    Phase(Phase),
    Other,
}

impl Counters {
    fn root(&self) -> Node {
        Node {
            counters: self.clone(),
            counter: Counter {
                what: What::Other,
                done: Arc::default(),
                total: Arc::default(),
            },
        }
    }

    fn known(&self) -> Vec<Counter> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The phase that started last.
    fn now(&self) -> Option<(Phase, u64, Option<u64>)> {
        self.known()
            .iter()
            .rev()
            .find_map(|counter| match counter.what {
                What::Phase(phase) => {
                    let total = counter.total.load(Ordering::Relaxed) as u64;
                    Some((
                        phase,
                        counter.done.load(Ordering::Relaxed) as u64,
                        (total > 0).then_some(total),
                    ))
                }
                What::ReceivedBytes | What::Other => None,
            })
    }

    fn received_bytes(&self) -> u64 {
        let received = self
            .known()
            .into_iter()
            .filter(|counter| counter.what == What::ReceivedBytes);
        received
            .map(|counter| counter.done.load(Ordering::Relaxed) as u64)
            .sum()
    }
}

/// One node of gix's tree of progress.
struct Node {
    counters: Counters,
    counter: Counter,
}

impl gix::progress::Count for Node {
    fn set(&self, step: usize) {
        self.counter.done.store(step, Ordering::Relaxed);
    }

    fn step(&self) -> usize {
        self.counter.done.load(Ordering::Relaxed)
    }

    fn inc_by(&self, step: usize) {
        self.counter.done.fetch_add(step, Ordering::Relaxed);
    }

    fn counter(&self) -> gix::progress::StepShared {
        Arc::clone(&self.counter.done)
    }
}

impl gix::Progress for Node {
    fn init(&mut self, max: Option<usize>, _unit: Option<gix::progress::Unit>) {
        self.counter
            .total
            .store(max.unwrap_or(0), Ordering::Relaxed);
    }

    fn set_name(&mut self, _name: String) {}

    fn name(&self) -> Option<String> {
        None
    }

    fn id(&self) -> gix::progress::Id {
        gix::progress::UNKNOWN
    }

    fn message(&self, _level: gix::progress::MessageLevel, _message: String) {}
}

impl gix::NestedProgress for Node {
    type SubProgress = Self;

    fn add_child(&mut self, name: impl Into<String>) -> Self {
        self.add_child_with_id(name, gix::progress::UNKNOWN)
    }

    fn add_child_with_id(&mut self, _name: impl Into<String>, id: gix::progress::Id) -> Self {
        let what = match &id {
            b"BWRB" => What::ReceivedBytes,
            b"IWIO" => What::Phase(Phase::Receiving),
            b"IWRO" => What::Phase(Phase::Resolving),
            _ => What::Other,
        };
        let counter = Counter {
            what,
            done: Arc::default(),
            total: Arc::default(),
        };
        if what != What::Other {
            self.counters
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(counter.clone());
        }
        Self {
            counters: self.counters.clone(),
            counter,
        }
    }
}
