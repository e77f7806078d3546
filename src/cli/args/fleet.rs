//! Options of `mine`, `clone` and `update`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::choice::{Seconds, address, choice, positive};
use super::history::CountingArgs;
use super::network::NetworkArgs;
use crate::choice::Choice;
use crate::edge::environment::date;
use crate::edge::inputs::trust;
use crate::error::Result;
use crate::fleet::{FleetOptions, IfExists, MineOptions, RetryOptions, Table, VerifyOptions};
use crate::remote::{CloneOptions, FetchTags, Filter, UpdateFiles, Worktree};

/// Options of all commands on many repositories.
#[derive(Clone, Debug, ClapArgs)]
pub(in crate::cli) struct ManyArgs {
    /// Read further repositories from FILE, one per line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) from: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short = 'q')]
    pub(in crate::cli) quiet: bool,
    /// Print one JSON object per repository instead of text
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Read local repositories even if they belong to another user
    #[arg(long)]
    trust: bool,
}

/// Options that `mine`, `clone` and `update` share.
#[derive(Clone, Debug, ClapArgs)]
pub(in crate::cli) struct FleetArgs {
    #[command(flatten)]
    pub(in crate::cli) many: ManyArgs,
    #[command(flatten)]
    network: NetworkArgs,
}

impl FleetArgs {
    fn options(&self) -> CloneOptions {
        self.network.options().trust(trust(self.many.trust))
    }
}

/// Retries after temporary failures.
#[derive(Clone, Debug, ClapArgs)]
struct RetryArgs {
    /// Number of retries after temporary failures
    #[arg(long, value_name = "N", default_value_t = RetryOptions::new().retries)]
    retries: u32,
    /// Wait before the first retry, doubled for each further retry
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(RetryOptions::new().retry_wait))]
    retry_wait: Seconds,
    /// Largest number of repositories processed at once from one host
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = FleetOptions::new().jobs_per_host)]
    jobs_per_host: usize,
}

impl RetryArgs {
    fn options(&self) -> RetryOptions {
        RetryOptions::new()
            .retries(self.retries)
            .retry_wait(self.retry_wait.0)
    }
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct MineArgs {
    /// Directories and URLs; - reads them from standard input
    #[arg(value_name = "TARGET", required_unless_present = "from", value_parser = address())]
    pub(in crate::cli) targets: Vec<String>,
    /// The dataset: a new or empty directory, or one made by the same command before
    #[arg(long, short = 'o', value_name = "DIR")]
    pub(in crate::cli) output: PathBuf,
    /// The tables to write
    #[arg(long, value_name = "A,B", value_parser = choice::<Table>(), value_delimiter = ',', default_values = Table::ALL.iter().map(|table| table.name()))]
    tables: Vec<Table>,
    /// Keep clones at DIR/<host>/<owner>/<name>, and update those that exist already
    #[arg(long, value_name = "DIR")]
    keep_clones: Option<PathBuf>,
    /// Number of repositories mined at once [default: one for every two cores]
    #[arg(
        long,
        short = 'j',
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    jobs: usize,
    /// Number of repositories cloned at once, while others are mined
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = MineOptions::new().clone_jobs)]
    clone_jobs: usize,
    /// Number of threads, for all repositories together [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    #[command(flatten)]
    retry: RetryArgs,
    /// Mine this revision of each repository
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    #[command(flatten)]
    counting: CountingArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

impl MineArgs {
    pub(in crate::cli) fn options(&self) -> Result<MineOptions> {
        let mut options = MineOptions::new()
            .tables(self.tables.clone())
            .history(self.counting.options()?)
            .clone_options(self.fleet.options())
            .jobs(self.jobs)
            .clone_jobs(self.clone_jobs)
            .jobs_per_host(self.retry.jobs_per_host)
            .threads(self.threads)
            .retry(self.retry.options());
        options.rev.clone_from(&self.rev);
        options.keep_clones.clone_from(&self.keep_clones);
        Ok(options)
    }
}

/// Concurrency of `clone` and `update`.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct JobsArgs {
    /// Number of repositories processed at once
    #[arg(long, short = 'j', value_name = "N", value_parser = positive, default_value_t = FleetOptions::new().jobs)]
    jobs: usize,
    #[command(flatten)]
    retry: RetryArgs,
}

impl JobsArgs {
    fn options(&self) -> FleetOptions {
        FleetOptions::new()
            .jobs(self.jobs)
            .jobs_per_host(self.retry.jobs_per_host)
            .retry(self.retry.options())
    }
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct CloneArgs {
    /// URLs and directories; - reads them from standard input
    #[arg(value_name = "URL", required_unless_present = "from", value_parser = address())]
    pub(in crate::cli) urls: Vec<String>,
    /// Clone below this directory
    #[arg(long, short = 'o', value_name = "ROOT", default_value = ".")]
    pub(in crate::cli) output: PathBuf,
    /// Make bare clones, without a working tree
    #[arg(long)]
    bare: bool,
    /// Make bare clones with every ref of the remote
    #[arg(long)]
    mirror: bool,
    /// Check out this branch or tag; with --single-branch or --depth, fetch only it
    #[arg(long, short = 'b', value_name = "NAME")]
    branch: Option<String>,
    /// Fetch only one branch
    #[arg(long)]
    single_branch: bool,
    /// Fetch only N commits from each tip; implies --single-branch
    #[arg(long, value_name = "N")]
    depth: Option<NonZeroU32>,
    /// Fetch only history since this date; implies --single-branch
    #[arg(long, value_name = "DATE", conflicts_with = "depth")]
    shallow_since: Option<String>,
    /// Make a partial clone: leave out these objects, which can be fetched later
    #[arg(long, value_name = "FILTER", value_parser = choice::<Filter>())]
    filter: Option<Filter>,
    /// Fetch no tags
    #[arg(long)]
    no_tags: bool,
    /// Use this refspec, such as +refs/notes/*:refs/notes/*, instead of the default ones; may be
    /// given several times
    #[arg(long, value_name = "REFSPEC")]
    refspec: Vec<String>,
    /// Treatment of a clone that exists already
    #[arg(long, value_name = "ACTION", value_parser = choice::<IfExists>(), default_value = IfExists::default().name())]
    pub(in crate::cli) existing: IfExists,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

impl CloneArgs {
    pub(in crate::cli) fn options(&self) -> Result<CloneOptions> {
        let mut options = self
            .fleet
            .options()
            .worktree(match (self.mirror, self.bare) {
                (true, _) => Worktree::Mirror,
                (_, true) => Worktree::Bare,
                _ => Worktree::CheckedOut,
            })
            .single_branch(self.single_branch)
            .tags(if self.no_tags {
                FetchTags::None
            } else {
                FetchTags::Usual
            })
            .refspecs(self.refspec.clone());
        options.branch.clone_from(&self.branch);
        options.depth = self.depth;
        options.shallow_since = self.shallow_since.as_deref().map(date).transpose()?;
        options.filter = self.filter;
        Ok(options)
    }

    pub(in crate::cli) fn fleet_options(&self) -> FleetOptions {
        self.jobs.options()
    }
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct UpdateArgs {
    /// Directories of clones; - reads them from standard input
    #[arg(value_name = "DIR", required_unless_present = "from")]
    pub(in crate::cli) directories: Vec<PathBuf>,
    /// Treatment of the checked-out branch and of the files in its working tree
    #[arg(long = "files", value_name = "ACTION", value_parser = choice::<UpdateFiles>(), default_value = UpdateFiles::default().name())]
    update_files: UpdateFiles,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    pub(in crate::cli) fleet: FleetArgs,
}

impl UpdateArgs {
    pub(in crate::cli) fn options(&self) -> CloneOptions {
        self.fleet.options().update_files(self.update_files)
    }

    pub(in crate::cli) fn fleet_options(&self) -> FleetOptions {
        self.jobs.options()
    }
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct VerifyArgs {
    /// Directories of clones, other repositories and datasets; - reads them from standard input
    #[arg(value_name = "PATH", required_unless_present = "from")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Number of repositories and datasets verified at once
    #[arg(long, short = 'j', value_name = "N", value_parser = positive, default_value_t = VerifyOptions::new().jobs)]
    jobs: usize,
    /// Number of threads, for all of them together [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    #[command(flatten)]
    pub(in crate::cli) many: ManyArgs,
}

impl VerifyArgs {
    pub(in crate::cli) fn options(&self) -> VerifyOptions {
        VerifyOptions::new()
            .trust(trust(self.many.trust))
            .jobs(self.jobs)
            .threads(self.threads)
    }
}
