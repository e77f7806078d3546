//! How to clone.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::git::blame::BlameOptions;
use crate::git::history::HistoryOptions;
use crate::git::repo::Trust;
use crate::net::{CredentialProvider, Credentials, Net};

/// What a clone looks like on disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Worktree {
    /// As `git clone` does: a working tree with a `.git` directory in it.
    #[default]
    CheckedOut,
    /// As `git clone --bare` does, with all branches and tags: enough for mining.
    Bare,
    /// As `git clone --mirror` does: bare, with every ref the other side has, notes and pull requests among them.
    Mirror,
}

/// What an update does to the files of a working tree and the branch they show.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UpdateFiles {
    /// They follow the origin's branch as with `git merge --ff-only`: only if the branch here has no commits of its own, and
    /// where nobody changed them.
    #[default]
    Forward,
    /// They stay.
    Keep,
    /// They become the origin's branch, as with `git reset --hard`: changes and commits made here are lost.
    Overwrite,
}

/// Which tags come along.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FetchTags {
    /// All; of a single branch or a shallow clone those that point to what comes along anyway.
    #[default]
    Usual,
    /// None.
    None,
}

/// What a partial clone leaves out (gitformat-pack, "partial clone").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Filter {
    /// Contents of files.
    Blobs,
    /// Contents of files and directories: commits only.
    Trees,
}

impl Filter {
    /// As git spells it.
    pub fn spec(self) -> &'static str {
        match self {
            Self::Blobs => "blob:none",
            Self::Trees => "tree:0",
        }
    }
}

/// What one clone or update may cost. Passing a limit ends it; nothing is kept then.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransferLimits {
    /// Bytes received.
    pub bytes: Option<u64>,
    /// Objects in the pack.
    pub objects: Option<u64>,
    /// Bytes of one object, unpacked. It is held in memory.
    pub object_bytes: Option<u64>,
    /// Time for everything.
    pub time: Option<Duration>,
    /// Bytes that must stay free on the destination's disk.
    pub free_disk_bytes: u64,
}

impl Default for TransferLimits {
    /// No limit but two gibibytes per object, and 256 mebibytes that stay free on the disk.
    fn default() -> Self {
        Self {
            bytes: None,
            objects: None,
            object_bytes: Some(2 << 30),
            time: None,
            free_disk_bytes: 256 << 20,
        }
    }
}

/// How to clone; the default is all history with files checked out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CloneOptions {
    /// What the clone looks like on disk.
    pub worktree: Worktree,
    /// The branch or tag to check out, and the one that comes if only one does; `None` is the other side's default.
    pub branch: Option<String>,
    /// Whether only one branch comes.
    pub single_branch: bool,
    /// So many commits of history, counted from each tip; implies one branch, as in git.
    pub depth: Option<NonZeroU32>,
    /// History since then, in seconds since the epoch; implies one branch.
    pub shallow_since: Option<i64>,
    /// What is left out, to be fetched when it is needed.
    pub filter: Option<Filter>,
    /// Which tags come along.
    pub tags: FetchTags,
    /// Refspecs instead of the usual ones, as git writes them.
    pub refspecs: Vec<String>,
    /// What an update does to files.
    pub update_files: UpdateFiles,
    /// What the clone may cost.
    pub limits: TransferLimits,
    /// Whether a local repository of another user is copied.
    pub trust: Trust,
    /// Proxy, certificates and time limits.
    pub net: Net,
    /// Whom we are to which host. Those in the address itself come first.
    pub credentials: Vec<Credentials>,
    /// Asked for those of other hosts.
    pub credential_provider: Option<CredentialProvider>,
    /// Threads that one clone may use for resolving deltas and checking out; 0 is one per core.
    pub threads: usize,
}

/// A job that reads blobs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PrefetchFor {
    /// [`Repo::commits`] with these options.
    Commits(HistoryOptions),
    /// [`Repo::blame`] with these options.
    Blame(BlameOptions),
    /// Listing the files of revisions: directories, and no content.
    Trees,
    /// Checking out the files of `HEAD`.
    Files,
}
