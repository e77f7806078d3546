//! What one transfer shares with whoever watches it: whether it is to stop, how far it is, and what went wrong in terms that
//! the layers between would lose.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What went wrong on the way, as the transport saw it.
#[derive(Clone, Debug)]
pub(crate) enum TransportFailure {
    /// An HTTP status that is no success.
    Status {
        status: u16,
        retry_after: Option<Duration>,
        /// The first line of what the server had to say.
        words: String,
    },
    /// The host wants credentials, and has or has not seen ours.
    Unauthorized { were_sent: bool },
    /// Looking for credentials failed.
    CredentialLookup(String),
    /// Credentials are known and the address is plain http.
    PlainHttp,
    /// The host could not be reached, or the connection broke.
    Disconnected(String),
    /// Nothing, or next to nothing, came for so long.
    Stalled { after: Duration },
    /// A limit of the caller's was passed.
    Limit { what: &'static str, limit: u64 },
    /// A redirect that is not followed.
    Redirect(String),
    /// What the server sent makes no sense, or would do harm.
    InvalidResponse(String),
}

/// What may come before a pack: about 900,000 refs.
const MOST_BEFORE_PACK: u64 = 64 << 20;

/// Shared by clones.
#[derive(Clone, Default)]
pub(crate) struct TransferMonitor(Arc<Shared>);

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    has_failed: AtomicBool,
    bytes: AtomicU64,
    most_bytes: AtomicU64,
    /// All bytes at which what comes before a pack is too much.
    most_before_pack: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failure: Option<TransportFailure>,
    /// The last lines a helper program wrote to standard error.
    stderr: String,
    /// Where redirects led.
    final_url: Option<String>,
}

impl TransferMonitor {
    /// A watch over a transfer that may bring so many bytes.
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

    /// From now on comes what is held in memory: greetings, lists of refs, negotiation. A caller who allows more bytes than
    /// we would gets them.
    pub(crate) fn expect_lists(&self) {
        let all = self.0.most_bytes.load(Ordering::Relaxed);
        let most = if all == u64::MAX {
            MOST_BEFORE_PACK
        } else {
            all.max(MOST_BEFORE_PACK)
        };
        let most = self.bytes().saturating_add(most);
        self.0.most_before_pack.store(most, Ordering::Relaxed);
    }

    /// From now on comes a pack, which goes to disk.
    pub(crate) fn expect_pack(&self) {
        self.0.most_before_pack.store(u64::MAX, Ordering::Relaxed);
    }

    /// Asks the transfer to end.
    pub(crate) fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    pub(crate) fn must_stop(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// Whether there was trouble: there is nothing to wait for then.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Relaxed)
    }

    /// The bare flag, for gix.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0.stop
    }

    /// Bytes received so far, on the wire after decryption.
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
            let what =
                "bytes in the list of its refs; a limit on all bytes that is higher allows more";
            let limit = MOST_BEFORE_PACK.max(if limit == u64::MAX { 0 } else { limit });
            return Err(self.fail(TransportFailure::Limit { what, limit }));
        }
        Ok(())
    }

    /// Remembers the first trouble; returns an error to hand through the layers above.
    pub(crate) fn fail(&self, failure: TransportFailure) -> io::Error {
        let text = format!("{failure:?}");
        self.state().failure.get_or_insert(failure);
        self.0.has_failed.store(true, Ordering::Relaxed);
        io::Error::other(text)
    }

    pub(crate) fn failure_seen(&self) -> Option<TransportFailure> {
        self.state().failure.clone()
    }

    pub(crate) fn moved_to(&self, url: &str) {
        self.state().final_url = Some(url.to_owned());
    }

    /// Where redirects led, if they did.
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

    /// What a helper program said last.
    pub(crate) fn stderr(&self) -> String {
        let state = self.state();
        let lines = state.stderr.lines().map(str::trim);
        let last: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        last[last.len().saturating_sub(2)..].join("; ")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
