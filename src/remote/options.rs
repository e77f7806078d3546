//! How to clone and update.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::choice::choices;
use crate::git::blame::BlameOptions;
use crate::git::history::HistoryOptions;
use crate::git::repo::Trust;
use crate::net::{CredentialProvider, Credentials, Net};
use crate::settings::settings;

choices! {
    /// The layout of a clone on disk.
    #[derive(Default)]
    pub enum Worktree: "worktree" {
        /// As git clone: a working tree with a .git directory in it.
        #[default]
        CheckedOut = "checked-out",
        /// As git clone --bare, with all branches and tags: enough for mining.
        Bare = "bare",
        /// As git clone --mirror: bare, with every ref of the remote, notes and pull requests among them.
        Mirror = "mirror",
    }
}

choices! {
    /// What an update does to the files of a working tree and to the branch that is checked out.
    #[derive(Default)]
    pub enum UpdateFiles: "update_files" {
        /// They follow the origin as with git merge --ff-only, unless files or the branch were changed here.
        #[default]
        Forward = "forward",
        /// They stay.
        Keep = "keep",
        /// They become the origin's, as with git reset --hard: changes and commits made here are lost.
        Overwrite = "overwrite",
    }
}

choices! {
    /// The tags that are fetched.
    #[derive(Default)]
    pub enum FetchTags: "tags" {
        /// All; of a single branch or a shallow clone those that point to fetched commits.
        #[default]
        Usual = "usual",
        /// None.
        None = "none",
    }
}

choices! {
    /// Objects that a partial clone leaves out: git's `--filter`.
    pub enum Filter: "filter" {
        /// Contents of files.
        Blobs = "blob:none",
        /// Contents of files and directories: commits only.
        Trees = "tree:0",
    }
}

settings! {
    /// Limits of one clone or update. Exceeding one ends it; nothing is kept then.
    pub struct TransferLimits {
        /// Largest number of bytes received.
        pub max_bytes: Option<u64> = None,
        /// Largest number of objects in the pack.
        pub max_objects: Option<u64> = None,
        /// Largest size of one inflated object, in bytes. It is held in memory.
        pub max_object_bytes: Option<u64> = Some(2 << 30),
        /// Longest time for one attempt at a repository.
        pub max_time: Option<Duration> = None,
        /// Bytes that must stay free on the destination's disk.
        pub min_free_bytes: u64 = 256 << 20,
    }
}

settings! {
    /// How to clone; the default is all history with files checked out.
    ///
    /// ```
    /// use gitfleet::remote::{CloneOptions, Worktree};
    ///
    /// let options = CloneOptions::new().worktree(Worktree::Bare).branch("main");
    /// ```
    pub struct CloneOptions {
        /// The layout of the clone on disk.
        pub worktree: Worktree = Worktree::default(),
        /// The branch or tag to check out, and the one that is fetched if only one is; `None` is the remote's default.
        pub branch: Option<String> = None,
        /// Fetch only one branch.
        pub single_branch: bool = false,
        /// Number of commits to fetch, counted from each tip; implies `single_branch`, as in git.
        pub depth: Option<NonZeroU32> = None,
        /// Fetch only history since then, in seconds since the Unix epoch; implies `single_branch`.
        pub shallow_since: Option<i64> = None,
        /// Objects to leave out, to be fetched when they are needed.
        pub filter: Option<Filter> = None,
        /// The tags that are fetched.
        pub tags: FetchTags = FetchTags::default(),
        /// Refspecs instead of the usual ones, in git's syntax.
        pub refspecs: Vec<String> = Vec::new(),
        /// What an update does to files.
        pub update_files: UpdateFiles = UpdateFiles::default(),
        /// Limits of the transfer.
        pub limits: TransferLimits = TransferLimits::default(),
        /// Trust in local repositories of other users.
        pub trust: Trust = Trust::default(),
        /// Proxy, certificates and time limits.
        pub net: Net = Net::default(),
        /// Credentials per host. Those in the URL itself take precedence.
        pub credentials: Vec<Credentials> = Vec::new(),
        /// Asked for the credentials of other hosts.
        pub credential_provider: Option<CredentialProvider> = None,
        /// Threads that one clone may use for resolving deltas and checking out; 0 is one per core.
        pub threads: usize = 0,
    }
}

/// A job that reads blobs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PrefetchFor {
    /// [`Repo::commits`](crate::git::Repo::commits) with these options.
    Commits(HistoryOptions),
    /// [`Repo::blame`](crate::git::Repo::blame) with these options.
    Blame(BlameOptions),
    /// Listing the files of revisions: directories, and no content.
    Trees,
    /// Checking out the files of `HEAD`.
    Files,
}
