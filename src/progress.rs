//! Events of long work, and the sink that receives them. This module prints nothing.

/// The stage of the work on a repository.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Talking to the remote: handshake, list of refs, negotiation.
    Connecting,
    /// Receiving objects, or copying them from a local repository.
    Receiving,
    /// Resolving deltas.
    Resolving,
    /// Writing files of the working tree.
    CheckingOut,
    /// Walking history and counting lines.
    Commits,
    /// Blaming lines.
    Blame,
    /// Writing the last bytes and renaming into place.
    Finishing,
}

impl Phase {
    /// The phase in one or two words, for display and event streams.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Receiving => "receiving",
            Self::Resolving => "resolving",
            Self::CheckingOut => "checking out",
            Self::Commits => "commits",
            Self::Blame => "blame",
            Self::Finishing => "finishing",
        }
    }
}

/// Progress of the work on one repository.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The repository as the user named it, without credentials.
    pub subject: String,
    /// The current phase.
    pub phase: Phase,
    /// Units done so far: objects, commits or files, depending on the phase.
    pub done: u64,
    /// Total number of units, once known.
    pub total: Option<u64>,
    /// Bytes received from the remote so far; local copies do not count.
    pub bytes: u64,
}

/// The end of the work on one repository.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EndStatus {
    /// The work is done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// The work failed, for this reason.
    Failed(String),
}

/// A receiver of progress events. It is called often and from several threads, so it must be quick.
pub trait ProgressSink: Send + Sync {
    /// Receives one event.
    fn progress(&self, event: Progress);

    /// Called when the work on one of several repositories has ended.
    fn ended(&self, _subject: &str, _ending: &EndStatus) {}
}

/// A sink that drops every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl ProgressSink for NoProgress {
    fn progress(&self, _event: Progress) {}
}
