//! Options of `commits` and `changes`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::choice::choice;
use super::output::OutputArgs;
use crate::choice::Choice;
use crate::edge::environment::date;
use crate::error::Result;
use crate::git::{
    DiffMerges, HistoryOptions, MergeCommits, MissingBlobs, Order, PatternSyntax, Renames,
};
use crate::git_string::GitString;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct HistoryArgs {
    /// Repository, or a directory in it
    #[arg(value_name = "REPO")]
    pub(in crate::cli) repo: PathBuf,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    counting: CountingArgs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

impl HistoryArgs {
    pub(in crate::cli) fn options(&self) -> Result<HistoryOptions> {
        Ok(self.selection.apply(self.counting.options()?))
    }
}

/// The history to read, and how its lines are counted.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct CountingArgs {
    /// Only commits committed at or after this date, such as 2024-05-01 or "2 weeks ago"
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Only commits committed at or before this date
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// List at most N commits
    #[arg(long, short = 'n', value_name = "N")]
    max_count: Option<u64>,
    /// Follow only the first parent of merges
    #[arg(long)]
    first_parent: bool,
    /// Detect renamed files
    #[arg(long, value_name = "WHEN", value_parser = choice::<Renames>(), default_value = Renames::default().name())]
    renames: Renames,
    /// Parents that merges are compared with [default: none, or first-parent with --first-parent]
    #[arg(long, value_name = "PARENTS", value_parser = choice::<DiffMerges>())]
    diff_merges: Option<DiffMerges>,
    /// Treatment of blobs that the repository does not have, as in a partial clone
    #[arg(long, value_name = "ACTION", value_parser = choice::<MissingBlobs>(), default_value = MissingBlobs::default().name())]
    missing: MissingBlobs,
    /// Keep names and e-mails as committed, without the mailmap
    #[arg(long)]
    no_mailmap: bool,
}

impl CountingArgs {
    pub(super) fn options(&self) -> Result<HistoryOptions> {
        let mut options = HistoryOptions::new()
            .first_parent(self.first_parent)
            .renames(self.renames)
            .missing(self.missing)
            .mailmap(!self.no_mailmap);
        options.since = self.since.as_deref().map(date).transpose()?;
        options.until = self.until.as_deref().map(date).transpose()?;
        options.max_count = self.max_count;
        options.diff_merges = self.diff_merges;
        Ok(options)
    }
}

/// The commits to list; the options are named as in git.
#[derive(Clone, Debug, ClapArgs)]
struct SelectionArgs {
    /// Start at this revision, or list a range such as v1..v2; may be given several times
    /// [default: HEAD]
    #[arg(long, value_name = "REV")]
    rev: Vec<String>,
    /// Start at every branch, tag and other ref
    #[arg(long)]
    all: bool,
    /// Only commits that change a file matching PATH, and only their changes to matching files;
    /// PATH is a file, directory or glob relative to the top of the repository; may be given
    /// several times
    #[arg(long, value_name = "PATH")]
    path: Vec<OsString>,
    /// Only commits whose author matches, as "Name <email>"; may be given several times
    #[arg(long, value_name = "PATTERN")]
    author: Vec<String>,
    /// Only commits whose committer matches; may be given several times
    #[arg(long, value_name = "PATTERN")]
    committer: Vec<String>,
    /// Only commits whose message has a line that matches; may be given several times
    #[arg(long, value_name = "PATTERN")]
    grep: Vec<String>,
    /// Treat patterns as extended regular expressions instead of basic ones
    #[arg(long, short = 'E', conflicts_with = "fixed_strings")]
    extended_regexp: bool,
    /// Treat patterns as plain text
    #[arg(long, short = 'F')]
    fixed_strings: bool,
    /// Ignore case when matching patterns
    #[arg(long, short = 'i', visible_alias = "regexp-ignore-case")]
    ignore_case: bool,
    /// Leave out merges
    #[arg(long, conflicts_with = "merges")]
    no_merges: bool,
    /// List only merges
    #[arg(long)]
    merges: bool,
    /// Skip the first N commits
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip: u64,
    /// List a commit only after all of its children, and keep commits of one line of history
    /// together
    #[arg(long)]
    topo_order: bool,
}

impl SelectionArgs {
    fn apply(&self, options: HistoryOptions) -> HistoryOptions {
        let path = |path: &OsString| GitString::from(path.as_encoded_bytes());
        let paths: Vec<GitString> = self.path.iter().map(path).collect();
        options
            .rev(self.rev.clone())
            .all_refs(self.all)
            .paths(paths)
            .authors(self.author.clone())
            .committers(self.committer.clone())
            .grep(self.grep.clone())
            .pattern_syntax(match (self.extended_regexp, self.fixed_strings) {
                (true, _) => PatternSyntax::Extended,
                (_, true) => PatternSyntax::Fixed,
                _ => PatternSyntax::Basic,
            })
            .ignore_case(self.ignore_case)
            .merge_commits(match (self.no_merges, self.merges) {
                (true, _) => MergeCommits::Exclude,
                (_, true) => MergeCommits::Only,
                _ => MergeCommits::Include,
            })
            .skip(self.skip)
            .order(if self.topo_order {
                Order::Topo
            } else {
                Order::Date
            })
    }
}
