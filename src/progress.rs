//! Events of long work, and the sink that receives them. Nothing here prints.

/// What a repository is going through.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Talking to the other side: handshake, list of refs, negotiation.
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
    /// The phase in a word or two for people and event streams.
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

/// How far one piece of work has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Progress {
    /// The repository as the user named it, without credentials.
    pub subject: String,
    /// What it is going through.
    pub phase: Phase,
    /// Units done: objects, commits or files, as the phase has it.
    pub done: u64,
    /// Units in all, once known.
    pub total: Option<u64>,
    /// Bytes received from another machine so far.
    pub bytes: u64,
}

/// How one repository's work ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EndStatus {
    /// It is done.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It failed, for this reason.
    Failed(String),
}

/// Receives progress; called from several threads, often, so it must be quick.
pub trait ProgressSink: Send + Sync {
    /// Takes one event.
    fn progress(&self, event: Progress);

    /// Hears that the work on one of several repositories ended.
    fn ended(&self, _subject: &str, _ending: &EndStatus) {}
}

/// Drops every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl ProgressSink for NoProgress {
    fn progress(&self, _event: Progress) {}
}
