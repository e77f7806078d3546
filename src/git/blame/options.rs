//! Options of a blame.

use std::path::PathBuf;

use crate::git::history::MissingBlobs;
use crate::git_string::GitString;
use crate::settings::settings;

settings! {
    /// Options of a blame: the files and lines, and the rules.
    ///
    /// ```
    /// use gitfleet::git::BlameOptions;
    ///
    /// let options = BlameOptions::new().paths(["src"]).ignore_whitespace(true);
    /// ```
    pub struct BlameOptions {
        /// The revision; `None` is `HEAD`. With a range (`v1..v2`), the search ends at the first
        /// commit outside of the range; older lines are attributed to that commit, as a boundary.
        pub rev: Option<String> = None,
        /// Blame the files of the working tree, as they are on disk; lines that differ from `HEAD`
        /// have the zero id.
        pub working_tree: bool = false,
        /// Files and directories relative to the top of the repository, with `/` as the separator;
        /// `None` is every file.
        pub paths: Option<Vec<GitString>> = None,
        /// Only these lines; exactly one file must be blamed. The syntax is that of git's `-L`,
        /// such as `10,20`, `10,+5` or `/start/,/end/`. An empty list is all lines.
        pub line_ranges: Vec<String> = Vec::new(),
        /// Compare lines without their white space: git's `-w`.
        pub ignore_whitespace: bool = false,
        /// Commits to ignore: git's `--ignore-rev`. The search for the origin of their lines
        /// continues with the older lines that they resemble most.
        pub ignore_revs: Vec<String> = Vec::new(),
        /// Files that list commits to ignore, one id per line: git's `--ignore-revs-file`.
        pub ignore_revs_files: Vec<PathBuf> = Vec::new(),
        /// Also ignore the commits listed in the repository's `blame.ignoreRevsFile`.
        pub configured_ignores: bool = false,
        /// Follow only the first parent of merges.
        pub first_parent: bool = false,
        /// Commits older than this, in seconds since the Unix epoch, are boundaries.
        pub since: Option<i64> = None,
        /// Treatment of content that the repository does not have. With `Error`, a file that needs
        /// it gets an error. `Fetch` requires a call of [`prefetch`](crate::remote::prefetch)
        /// first. `AllowAny` is rejected.
        pub missing: MissingBlobs = MissingBlobs::Error,
        /// Resolve names and e-mails through the repository's mailmap.
        pub mailmap: bool = true,
        /// Fill [`FileBlame::content`](super::FileBlame::content); tables then have one row per
        /// line.
        pub lines: bool = false,
    }
}
