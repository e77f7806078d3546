//! Options of clones, updates and prefetches.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::choice::choices;
use crate::git::Trust;
use crate::git::blame::BlameOptions;
use crate::git::history::HistoryOptions;
use crate::net::{CredentialProvider, Credentials, Net};
use crate::remote_url::{RemoteUrl, Scheme};
use crate::settings::settings;

choices! {
    /// The layout of a clone on disk.
    #[derive(Default)]
    pub enum Worktree: "worktree" {
        /// As git clone: a working tree that contains a .git directory.
        #[default]
        CheckedOut = "checked-out",
        /// As git clone --bare, with all branches and tags: enough for mining.
        Bare = "bare",
        /// As git clone --mirror: bare, with every ref of the remote, including notes and pulls.
        Mirror = "mirror",
    }
}

choices! {
    /// The effect of an update on the files of a working tree and on the branch that is checked
    /// out.
    #[derive(Default)]
    pub enum UpdateFiles: "update_files" {
        /// Fast-forward, as git merge --ff-only, unless local changes are in the way.
        #[default]
        Forward = "forward",
        /// Leave them unchanged.
        Keep = "keep",
        /// Reset to the origin, as git reset --hard: local changes and commits are lost.
        Overwrite = "overwrite",
    }
}

choices! {
    /// The time at which credentials are sent to a host over http.
    #[derive(Default)]
    pub enum Authenticate: "authenticate" {
        /// When the host refuses or limits requests without them.
        #[default]
        WhenAsked = "when-asked",
        /// With the first request.
        Always = "always",
    }
}

choices! {
    /// The tags that are fetched.
    #[derive(Default)]
    pub enum FetchTags: "tags" {
        /// All tags; for a single branch or a shallow clone, those that point to fetched commits.
        #[default]
        Usual = "usual",
        /// No tags.
        None = "none",
    }
}

choices! {
    /// Objects that a partial clone leaves out: git's `--filter`.
    pub enum Filter: "filter" {
        /// Leave out the contents of files.
        Blobs = "blob:none",
        /// Leave out the contents of files and directories, so that only commits are fetched.
        Trees = "tree:0",
    }
}

settings! {
    /// Limits of one transfer. If one is exceeded, the call fails, and an incomplete clone is
    /// removed.
    pub struct TransferLimits {
        /// Largest number of bytes received.
        pub max_bytes: Option<u64> = None,
        /// Largest number of objects in the pack.
        pub max_objects: Option<u64> = None,
        /// Largest size of one inflated object, in bytes. Each object is held in memory.
        pub max_object_bytes: Option<u64> = Some(2 << 30),
        /// Longest duration of one attempt at a repository: to clone it or, in `mine`, to mine it.
        pub max_time: Option<Duration> = None,
        /// Bytes that must stay free on the destination's disk.
        pub min_free_bytes: u64 = 256 << 20,
    }
}

settings! {
    /// Options of a clone; the default is the full history with files checked out.
    ///
    /// ```
    /// use gitfleet::remote::{CloneOptions, Worktree};
    ///
    /// let options = CloneOptions::new().worktree(Worktree::Bare).branch("main");
    /// ```
    pub struct CloneOptions {
        /// The layout of the clone on disk.
        pub worktree: Worktree = Worktree::default(),
        /// The branch or tag to check out and, if only one branch is fetched, to fetch; `None` is
        /// the remote's default branch.
        pub branch: Option<String> = None,
        /// Fetch only one branch.
        pub single_branch: bool = false,
        /// Number of commits to fetch, counted from each tip; implies `single_branch`, as in git.
        pub depth: Option<NonZeroU32> = None,
        /// Fetch only history since this time, in seconds since the Unix epoch; implies
        /// `single_branch`.
        pub shallow_since: Option<i64> = None,
        /// Objects to leave out of the clone. Only the contents of the files that are checked out
        /// are still fetched; [`prefetch`](super::prefetch) fetches others later.
        pub filter: Option<Filter> = None,
        /// The tags that are fetched.
        pub tags: FetchTags = FetchTags::default(),
        /// Refspecs instead of the usual ones, in git's syntax.
        pub refspecs: Vec<String> = Vec::new(),
        /// The effect of an update on files.
        pub update_files: UpdateFiles = UpdateFiles::default(),
        /// Limits of the transfer.
        pub limits: TransferLimits = TransferLimits::default(),
        /// Trust in local repositories of other users.
        pub trust: Trust = Trust::default(),
        /// Proxy, certificates and time limits.
        pub net: Net = Net::default(),
        /// Credentials per host. Those in the URL itself take precedence.
        pub credentials: Vec<Credentials> = Vec::new(),
        /// Callback for the credentials of other hosts.
        pub credential_provider: Option<CredentialProvider> = None,
        /// The time at which credentials are sent.
        pub authenticate: Authenticate = Authenticate::default(),
        /// Threads that one clone may use for resolving deltas and checking out; 0 is one per core.
        pub threads: usize = 0,
    }
}

/// A job that reads objects which a partial clone may have left out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PrefetchFor {
    /// [`Repo::commits`](crate::git::Repo::commits) with these options.
    Commits(HistoryOptions),
    /// [`Repo::blame`](crate::git::Repo::blame) with these options.
    Blame(BlameOptions),
    /// Listing the files of revisions: trees only, no blobs.
    Trees,
    /// Checking out the files of `HEAD`.
    Files,
}

impl CloneOptions {
    /// Returns a warning for a host whose certificate is not checked.
    pub(super) fn insecure_warning(&self, url: &RemoteUrl) -> Option<String> {
        let host = url.host_and_port().0.trim_matches(['[', ']']);
        let insecure_hosts = &self.net.options().insecure_hosts;
        let is_insecure = insecure_hosts
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host));
        (url.scheme() == Scheme::Https && is_insecure)
            .then(|| format!("the certificate of {host} was not checked (--insecure-host)"))
    }
}
