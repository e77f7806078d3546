//! Options for listing commits and counting their lines.

use serde::Serialize;

use crate::choice::choices;
use crate::git::pattern::PatternSyntax;
use crate::git_string::GitString;
use crate::settings::settings;

choices! {
    /// Pairing of renamed files.
    #[derive(Default)]
    pub enum Renames: "renames" {
        /// As git's default: from 50 % similarity, for at most 1000 x 1000 candidates.
        #[default]
        On = "on",
        /// A renamed file is listed as one deleted and one added.
        Off = "off",
        /// As `on`; also, an added file may be a copy of one that the commit changed: git's -C.
        Copies = "copies",
    }
}

choices! {
    /// The parents that a merge commit is compared with: git's `--diff-merges`.
    pub enum DiffMerges: "diff_merges" {
        /// A merge has no changes and counts no lines.
        None = "none" | "off",
        /// A merge counts its lines against its first parent.
        FirstParent = "first-parent" | "1",
        /// A merge counts its lines against each parent.
        Separate = "separate",
    }
}

choices! {
    /// Treatment of merge commits in the list: git's `--no-merges` and `--merges`.
    #[derive(Default)]
    pub enum MergeCommits: "merge_commits" {
        /// Merges are listed like other commits.
        #[default]
        Include = "include",
        /// Merges are left out.
        Exclude = "exclude",
        /// Only merges are listed.
        Only = "only",
    }
}

choices! {
    /// The order of commits.
    #[derive(Default)]
    pub enum Order: "order" {
        /// As git log: newest committer date first.
        #[default]
        Date = "date",
        /// As git log --topo-order: children first, and lines of history are not mixed.
        Topo = "topo",
    }
}

choices! {
    /// Treatment of content that the repository does not have, as in a partial clone: git's
    /// `--missing`.
    ///
    /// [`Repo::commits`](crate::git::Repo::commits) and [`Repo::blame`](crate::git::Repo::blame)
    /// fetch nothing themselves: for `Fetch`, call [`prefetch`](crate::remote::prefetch) first, as
    /// the command and the Python package do.
    #[derive(Default)]
    pub enum MissingBlobs: "missing" {
        /// Line counts that need missing content are null; a warning gives their number.
        #[default]
        AllowAny = "allow-any" | "allow",
        /// All content that is needed is fetched first, together, from the remote.
        Fetch = "fetch",
        /// Missing content is an error.
        Error = "error",
    }
}

settings! {
    /// Options for listing commits and counting their lines.
    ///
    /// ```
    /// use gitfleet::git::HistoryOptions;
    ///
    /// let options = HistoryOptions::new().rev("v1..v2").paths(["src"]).max_count(10);
    /// ```
    #[derive(Serialize)]
    pub struct HistoryOptions {
        /// Revisions to start at and to leave out: `main`, `v1..v2`, `^old`, `a...b` ... Several
        /// are combined. Empty is `HEAD`.
        pub rev: Vec<String> = Vec::new(),
        /// Start at every ref and at `HEAD`, in addition to `rev`.
        pub all_refs: bool = false,
        /// Only commits that change these paths, and only the changes to these paths: pathspecs in
        /// git's syntax, relative to the top of the repository. History is simplified as in git: if
        /// a merge took the version of one parent, only that parent is followed, unless
        /// `diff_merges` asks for the changes of merges. Empty is everything.
        pub paths: Vec<GitString> = Vec::new(),
        /// Only commits whose committer date is at or after this, in seconds since the Unix epoch.
        /// As in git, the ancestors of an older commit are not searched.
        pub since: Option<i64> = None,
        /// Only commits whose committer date is at or before this, in seconds since the Unix epoch.
        pub until: Option<i64> = None,
        /// Only commits whose author, as `Name <email>` resolved through the mailmap, matches one
        /// of these patterns. Empty is all.
        pub authors: Vec<String> = Vec::new(),
        /// Only commits whose committer matches one of these patterns. Empty is all.
        pub committers: Vec<String> = Vec::new(),
        /// Only commits with a line in their message that matches one of these patterns. Empty is
        /// all.
        pub grep: Vec<String> = Vec::new(),
        /// The syntax of these patterns.
        pub pattern_syntax: PatternSyntax = PatternSyntax::default(),
        /// Match patterns without regard to case.
        pub ignore_case: bool = false,
        /// Treatment of merges in the list.
        pub merge_commits: MergeCommits = MergeCommits::default(),
        /// Number of commits to leave out at the beginning.
        pub skip: u64 = 0,
        /// Largest number of commits; `None` is all.
        pub max_count: Option<u64> = None,
        /// The order of commits.
        pub order: Order = Order::default(),
        /// Follow only the first parent of each merge.
        pub first_parent: bool = false,
        /// Pairing of renamed files.
        pub renames: Renames = Renames::default(),
        /// The parents that merges are compared with. `None` is git's default: no parent, or the
        /// first one with `first_parent`.
        pub diff_merges: Option<DiffMerges> = None,
        /// Treatment of blobs that the repository does not have.
        pub missing: MissingBlobs = MissingBlobs::default(),
        /// Resolve names and e-mails through the repository's mailmap.
        pub mailmap: bool = true,
    }
}

impl HistoryOptions {
    /// Returns the parents that merges are compared with, with the default resolved. As in git, a
    /// walk along first parents compares with first parents.
    pub fn merge_policy(&self) -> DiffMerges {
        match (self.diff_merges, self.first_parent) {
            (None, false) => DiffMerges::None,
            (None | Some(DiffMerges::Separate), true) => DiffMerges::FirstParent,
            (Some(merges), _) => merges,
        }
    }

    /// True if the caller asked for the changes of merges. As in git, merges are not simplified
    /// away then.
    pub(super) fn compares_merges(&self) -> bool {
        match self.diff_merges {
            None | Some(DiffMerges::None) => false,
            Some(DiffMerges::FirstParent | DiffMerges::Separate) => true,
        }
    }
}
