//! Options of `blame`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::choice::choice_of;
use super::output::OutputArgs;
use crate::choice::Choice;
use crate::edge::environment::date;
use crate::error::{Error, Result};
use crate::git::{BlameOptions, MissingBlobs, Repo};
use crate::git_string::GitString;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct BlameArgs {
    /// Repository, or a directory in it
    #[arg(value_name = "REPO")]
    pub(in crate::cli) repo: PathBuf,
    /// Files and directories, relative to the top of the repository
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Blame at this revision; with a range such as v1..v2, look no further back than v1
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Blame the files as they are on disk; uncommitted lines get the zero id
    #[arg(long, conflicts_with = "rev")]
    working_tree: bool,
    /// Only these lines, as 10,20 or 10,+5 or /start/,/end/; exactly one file must be named; may be
    /// given several times
    #[arg(short = 'L', value_name = "RANGE")]
    line_ranges: Vec<String>,
    /// Print one row per line, with its content
    #[arg(long)]
    pub(in crate::cli) lines: bool,
    /// Compare lines without their white space
    #[arg(long, short = 'w')]
    ignore_whitespace: bool,
    /// Ignore this commit when assigning blame: the search continues with the older line that each
    /// of its lines resembles most; may be given several times
    #[arg(long, value_name = "REV")]
    ignore_rev: Vec<String>,
    /// Ignore the commits that FILE lists, one full id per line
    #[arg(long, value_name = "FILE")]
    ignore_revs_file: Vec<PathBuf>,
    /// Ignore the commits that the repository's blame.ignoreRevsFile lists
    #[arg(long)]
    configured_ignores: bool,
    /// Follow only the first parent of merges
    #[arg(long)]
    first_parent: bool,
    /// Look no further back than this date, such as 2024-05-01 or "2 weeks ago"
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Not supported: lines moved or copied within a file
    #[arg(short = 'M', hide = true)]
    moves: bool,
    /// Not supported: lines moved or copied from other files
    #[arg(short = 'C', action = clap::ArgAction::Count, hide = true)]
    copies: u8,
    /// Keep names and e-mails as committed, without the mailmap
    #[arg(long)]
    no_mailmap: bool,
    /// Treatment of content that the repository does not have, as in a partial clone; with the
    /// value error, files that need such content fail
    #[arg(long, value_name = "ACTION", value_parser = choice_of(&[MissingBlobs::Fetch, MissingBlobs::Error]), default_value = BlameOptions::new().missing.name())]
    missing: MissingBlobs,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArgs,
}

impl BlameArgs {
    pub(in crate::cli) fn options(&self, repo: &Repo) -> Result<BlameOptions> {
        if self.moves || self.copies > 0 {
            let what = if self.moves { "-M" } else { "-C" };
            return Err(Error::unsupported(format!(
                "{what}: lines that were moved or copied are attributed to the commit that moved them"
            )));
        }
        let mut options = BlameOptions::new()
            .working_tree(self.working_tree)
            .line_ranges(self.line_ranges.clone())
            .lines(self.lines)
            .ignore_whitespace(self.ignore_whitespace)
            .ignore_revs(self.ignore_rev.clone())
            .ignore_revs_files(self.ignore_revs_file.clone())
            .configured_ignores(self.configured_ignores)
            .first_parent(self.first_parent)
            .missing(self.missing)
            .mailmap(!self.no_mailmap);
        options.rev.clone_from(&self.rev);
        options.since = self.since.as_deref().map(date).transpose()?;
        if !self.paths.is_empty() {
            let paths = self.paths.iter().map(|path| repo.path_in_repo(path));
            options.paths = Some(paths.collect::<Result<Vec<GitString>>>()?);
        }
        Ok(options)
    }
}
