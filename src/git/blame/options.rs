//! What to blame, and how.

use std::path::PathBuf;

use crate::git::history::MissingBlobs;
use crate::git_string::GitString;
use crate::settings::settings;

settings! {
    /// What to blame, and how.
    ///
    /// ```
    /// use gitfleet::git::BlameOptions;
    ///
    /// let options = BlameOptions::new().paths(["src"]).ignore_whitespace(true);
    /// ```
    pub struct BlameOptions {
        /// The revision; `None` is `HEAD`. A range (`v1..v2`) looks no further back than its start: older lines are
        /// attributed to the commit at its edge, as a boundary.
        pub rev: Option<String> = None,
        /// Blame the files of the working tree, as they are on disk; lines that differ from `HEAD` have the zero id.
        pub working_tree: bool = false,
        /// Files and directories relative to the top of the repository, with `/`; `None` is every file.
        pub paths: Option<Vec<GitString>> = None,
        /// Only these lines of the one file that is blamed: git's `-L`, such as `10,20`, `10,+5` or `/start/,/end/`.
        /// Empty is all lines.
        pub line_ranges: Vec<String> = Vec::new(),
        /// Compare lines without their white space: git's `-w`.
        pub ignore_whitespace: bool = false,
        /// Commits to look past: git's `--ignore-rev`. Their lines go to the lines they most resemble.
        pub ignore_revs: Vec<String> = Vec::new(),
        /// Files that list such commits, one id per line: git's `--ignore-revs-file`.
        pub ignore_revs_files: Vec<PathBuf> = Vec::new(),
        /// Look past the commits that the repository's `blame.ignoreRevsFile` lists, too.
        pub configured_ignores: bool = false,
        /// Follow only the first parent of merges.
        pub first_parent: bool = false,
        /// Commits older than this, in seconds since the Unix epoch, are boundaries.
        pub since: Option<i64> = None,
        /// Treatment of content that the repository does not have: `Error` makes the files fail that need it, `Fetch` is
        /// for [`prefetch`](crate::remote::prefetch), `AllowAny` is refused.
        pub missing: MissingBlobs = MissingBlobs::Error,
        /// Resolve names and e-mails through the repository's mailmap.
        pub mailmap: bool = true,
        /// Fill [`FileBlame::content`](super::FileBlame::content); tables have one row per line then.
        pub lines: bool = false,
    }
}
