//! State that a transfer shares with the thread that monitors it: the request to stop, the
//! progress, and failures in structured form, which the layers in between would lose.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::mutex::lock;
use crate::secret::Secret;

/// Shortest secret that is looked for in a server's text, in bytes; anything shorter is found in many
/// words.
const SHORTEST_SECRET: usize = 4;

/// A failure, as the transport saw it.
#[derive(Clone, Debug)]
pub(crate) enum TransportFailure {
    /// An HTTP status other than success.
    Status {
        status: u16,
        retry_after: Option<Duration>,
        /// The first line of the server's message.
        words: String,
    },
    /// The host requires credentials. `were_sent` is true if some were sent.
    Unauthorized { were_sent: bool },
    /// The lookup of credentials failed.
    CredentialLookup(String),
    /// Credentials are known, but the URL is plain http.
    PlainHttp,
    /// There is no host of this name.
    UnknownHost,
    /// The host could not be reached, or the connection broke.
    Disconnected(String),
    /// Within this time, no data was received, or too little.
    Stalled { after: Duration },
    /// A limit was exceeded.
    Limit { what: &'static str, limit: u64 },
    /// A redirect that is not followed.
    Redirect(String),
    /// The server's answer is invalid, or would do harm.
    InvalidResponse(String),
    /// The server's own message instead of an answer: an `ERR` line.
    ServerError(String),
}

impl TransportFailure {
    /// Returns the failure to reach a host, which the system describes with `text`.
    pub(super) fn unreachable(text: String) -> Self {
        if is_unknown_host(&text) {
            Self::UnknownHost
        } else {
            Self::Disconnected(text)
        }
    }
}

/// Returns true if `text` is a C library's message for a host name that does not exist. A failure
/// of the lookup itself is different: it may be temporary.
fn is_unknown_host(text: &str) -> bool {
    let known = [
        "Name or service not known",
        "Name does not resolve",
        "No address associated with hostname",
        "nodename nor servname provided",
        "No such host is known",
    ];
    known.iter().any(|words| text.contains(words))
}

/// Number of lines of a program's errors that are told.
const LAST_LINES: usize = 12;
/// Longest wait for the end of a program after its connection ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Largest number of bytes before a pack: about 900,000 refs.
const MOST_BEFORE_PACK: u64 = 64 << 20;

/// The state of a transfer. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct TransferMonitor(Arc<Shared>);

#[derive(Default)]
struct Shared {
    stop: CancelToken,
    has_failed: AtomicBool,
    /// True from the start of a pack that comes without side bands.
    is_raw: AtomicBool,
    bytes: AtomicU64,
    most_bytes: AtomicU64,
    /// Limit of the total bytes, while data before a pack is received.
    most_before_pack: AtomicU64,
    state: Mutex<State>,
    /// Told when the program has ended that is listened to.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    failure: Option<TransportFailure>,
    /// True while a program may say more.
    is_listening: bool,
    /// The last lines that `ssh` or the server reported as errors.
    stderr: String,
    /// The URL that redirects led to.
    final_url: Option<String>,
    /// Passwords and tokens that were sent, in the forms in which they were sent.
    sent: Vec<Secret>,
}

impl TransferMonitor {
    /// Returns a monitor of a transfer that may receive `most_bytes`; `None` is no limit.
    pub(crate) fn new(most_bytes: Option<u64>) -> Self {
        let monitor = Self::default();
        let most = most_bytes.unwrap_or(u64::MAX);
        monitor.0.most_bytes.store(most, Ordering::Relaxed);
        monitor
            .0
            .most_before_pack
            .store(u64::MAX, Ordering::Relaxed);
        monitor
    }

    /// Returns a monitor without limits of work that `cancel` stops.
    pub(crate) fn stopped_by(cancel: &CancelToken) -> Self {
        Self(Arc::new(Shared {
            stop: cancel.child(),
            most_bytes: AtomicU64::new(u64::MAX),
            most_before_pack: AtomicU64::new(u64::MAX),
            ..Shared::default()
        }))
    }

    /// Limits the data that is held in memory from now on: greetings, lists of refs, negotiation.
    /// The limit is the higher of the built-in limit and the caller's limit.
    pub(crate) fn expect_lists(&self) {
        let all = self.0.most_bytes.load(Ordering::Relaxed);
        let most = if all == u64::MAX {
            MOST_BEFORE_PACK
        } else {
            all.max(MOST_BEFORE_PACK)
        };
        self.0.is_raw.store(false, Ordering::Relaxed);
        let most = self.bytes().saturating_add(most);
        self.0.most_before_pack.store(most, Ordering::Relaxed);
    }

    /// Removes the limit for data in memory, because a pack follows, which is written to disk.
    pub(crate) fn expect_pack(&self) {
        self.0.most_before_pack.store(u64::MAX, Ordering::Relaxed);
    }

    /// Announces that the pack comes as it is, without side bands.
    pub(crate) fn expect_raw_pack(&self) {
        self.0.is_raw.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_raw(&self) -> bool {
        self.0.is_raw.load(Ordering::Relaxed)
    }

    /// Asks the transfer to stop.
    pub(crate) fn stop(&self) {
        self.0.stop.cancel();
    }

    pub(crate) fn must_stop(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    /// Returns true if the transfer failed, so that waiting for more data is useless.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }

    /// Returns the stop flag itself, for gix.
    pub(crate) fn flag(&self) -> &AtomicBool {
        self.0.stop.flag()
    }

    /// Returns a token that is cancelled when the transfer is asked to stop.
    pub(crate) fn cancel(&self) -> &CancelToken {
        &self.0.stop
    }

    /// Returns the number of bytes received so far, counted after decryption.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn received(&self, bytes: u64) -> io::Result<()> {
        let all = self.0.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let limit = self.0.most_bytes.load(Ordering::Relaxed);
        if all > limit {
            let what = "bytes received";
            return Err(self.fail(TransportFailure::Limit { what, limit }));
        }
        if all > self.0.most_before_pack.load(Ordering::Relaxed) {
            let what = "bytes in the list of its refs; raise the limit of received bytes";
            let limit = MOST_BEFORE_PACK.max(if limit == u64::MAX { 0 } else { limit });
            return Err(self.fail(TransportFailure::Limit { what, limit }));
        }
        Ok(())
    }

    /// Records a failure if it is the first; returns an error to pass through the layers above.
    pub(crate) fn fail(&self, failure: TransportFailure) -> io::Error {
        let text = format!("{failure:?}");
        self.state().failure.get_or_insert(failure);
        self.0.has_failed.store(true, Ordering::Relaxed);
        io::Error::other(text)
    }

    pub(crate) fn failure_seen(&self) -> Option<TransportFailure> {
        self.state().failure.clone()
    }

    /// Registers a password or token, in a form in which it is sent. A server may repeat it.
    pub(super) fn sends(&self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET {
            self.state().sent.push(Secret::new(secret));
        }
    }

    /// Returns a server's text without the secrets that it repeats and without control characters.
    pub(super) fn presentable(&self, text: &str) -> String {
        let mut text: String = text.chars().filter(|letter| !letter.is_control()).collect();
        for secret in &self.state().sent {
            text = text.replace(secret.expose(), "***");
        }
        text
    }

    pub(crate) fn moved_to(&self, url: &str) {
        self.state().final_url = Some(url.to_owned());
    }

    /// Returns the URL that redirects led to; `None` if there were none.
    pub(crate) fn final_url(&self) -> Option<String> {
        self.state().final_url.clone()
    }

    pub(crate) fn heard(&self, stderr: &[u8]) {
        const MOST: usize = 4096;
        let mut state = self.state();
        state.stderr.push_str(&String::from_utf8_lossy(stderr));
        let mut surplus = state.stderr.len().saturating_sub(MOST);
        while !state.stderr.is_char_boundary(surplus) {
            surplus += 1;
        }
        state.stderr.drain(..surplus);
    }

    /// Reads the errors of a program, on a thread of its own, until it ends.
    pub(super) fn listen(&self, mut words: impl Read + Send + 'static) -> io::Result<()> {
        self.state().is_listening = true;
        let monitor = self.clone();
        let listen = move || {
            let mut bytes = [0; 1024];
            while let Ok(read @ 1..) = words.read(&mut bytes) {
                monitor.heard(&bytes[..read]);
            }
            monitor.state().is_listening = false;
            monitor.0.ended.notify_all();
        };
        let thread = std::thread::Builder::new().name("gitfleet-ssh".to_owned());
        thread.spawn(listen).map(drop)
    }

    /// Returns the last lines of `stderr`, joined. A program that failed is first read to its
    /// end: what it says last is the reason.
    pub(crate) fn stderr(&self) -> String {
        let (ended, is_listening) = (&self.0.ended, |state: &mut State| state.is_listening);
        let waited = ended.wait_timeout_while(self.state(), LAST_WORDS, is_listening);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lines = state.stderr.lines().map(|line| {
            let line = line.trim();
            line.strip_prefix("remote:").unwrap_or(line).trim()
        });
        // Frames of `=` and `@` say nothing.
        let says = |line: &&str| line.contains(|letter: char| letter.is_alphanumeric());
        let last: Vec<&str> = lines.filter(says).collect();
        last[last.len().saturating_sub(LAST_LINES)..].join("; ")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}
