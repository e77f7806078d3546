//! What to blame, and how.

use std::path::PathBuf;

/// What to blame, and how.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BlameOptions {
    /// At which revision; `None` is `HEAD`. A range (`v1..v2`) looks no further back than its start: lines that are older
    /// stand on the commit at its edge, as a boundary.
    pub revision: Option<String>,
    /// Blame the files of the working tree, as they are on disk; lines that differ from `HEAD` stand on the zero id.
    pub working_tree: bool,
    /// Files and directories as they stand in the repository, with `/`; `None` is every file.
    pub paths: Option<Vec<Vec<u8>>>,
    /// Only these lines of the one file that is blamed: git's `-L`, such as `10,20`, `10,+5` or `/start/,/end/`. Empty is
    /// all lines.
    pub line_ranges: Vec<String>,
    /// Compare lines without their white space: git's `-w`.
    pub ignore_whitespace: bool,
    /// Commits to look past: git's `--ignore-rev`. Their lines go to the lines they most resemble.
    pub ignored_revisions: Vec<String>,
    /// Files that list such commits, an id a line: git's `--ignore-revs-file`.
    pub ignored_revisions_files: Vec<PathBuf>,
    /// Look past what the repository's `blame.ignoreRevsFile` lists, too.
    pub use_configured_ignores: bool,
    /// Follow only the first parent of merges.
    pub first_parent: bool,
    /// Commits older than this, in seconds since the Unix epoch, are boundaries.
    pub since: Option<i64>,
    /// Keep names and e-mails as committed instead of resolving them through the mailmap.
    pub raw_identities: bool,
    /// Fill [`FileBlame::content`](super::FileBlame::content).
    pub with_content: bool,
}
