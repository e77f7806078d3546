//! The command line: each struct of arguments makes options of the library.

mod blame;
mod choice;
mod fleet;
mod history;
mod network;
mod output;
mod repos;

use clap::{Parser, Subcommand};

pub(super) use blame::BlameArgs;
pub(super) use fleet::{CloneArgs, FleetArgs, MineArgs, UpdateArgs};
pub(super) use history::HistoryArgs;
pub(super) use output::{FormatArg, OutputArgs};
pub(super) use repos::{ReposArgs, ReposFormat};

/// Mine fleets of git repositories: git's exact line counts and blame, as tables
#[derive(Debug, Parser)]
#[command(
    name = "gitfleet",
    version,
    arg_required_else_help = true,
    after_help = "\
Exit status: 0 all done, 1 something failed, 2 bad usage, 130 interrupted.

Environment: SSL_CERT_FILE names the certificates to trust; HTTPS_PROXY and ALL_PROXY a proxy; GITHUB_TOKEN or GH_TOKEN is
for github.com, GITFLEET_TOKEN_<HOST> for any host (in capitals, with _ for . and __ for -). A host that asks for credentials is also
looked for in .netrc, and github.com in gh. GIT_SSH_COMMAND is the program for ssh. GITHUB_API_URL
is where GitHub's API is, if it is an Enterprise's."
)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Mine repositories into a dataset of Parquet files
    ///
    /// Each target is a directory, an https, http, ssh, git or file URL, github:OWNER or github:OWNER/NAME. Remote ones are cloned first;
    /// of the last two the dataset also says what GitHub does, in repositories.parquet. It gets one directory
    /// per repository, repos/<host>/<owner>/<name>, with commits.parquet, changes.parquet, blame.parquet and outcome.json. It
    /// appears when it is complete. Running the same command again does what is missing and what has moved, nothing else.
    Mine(Box<MineArgs>),
    /// List commits with lines added and deleted, as git log --numstat counts them
    Commits(Box<HistoryArgs>),
    /// List the files each commit changed, as git log --numstat does
    Changes(Box<HistoryArgs>),
    /// Name the commit of every line, as git blame does
    ///
    /// Without a path every file is blamed, in one walk over history.
    Blame(BlameArgs),
    /// Clone repositories to ROOT/<host>/<owner>/<name>
    ///
    /// Addresses are https, http, ssh, git and file URLs, host:path, paths, github:OWNER and github:OWNER/NAME. A clone appears when it is complete. Running the
    /// same command again does what is missing.
    Clone(Box<CloneArgs>),
    /// Bring clones to where their origins are now
    ///
    /// Refs move by force, those that are gone are removed, and a bare clone's HEAD follows the origin's default branch. Files
    /// of a working tree and the branch they show follow where nobody changed them.
    Update(UpdateArgs),
    /// List the repositories that GitHub hosts for somebody
    ///
    /// Listings are followed to their end. With --format urls they can be piped on: gitfleet repos OWNER --format urls |
    /// gitfleet mine - -o data.
    Repos(Box<ReposArgs>),
}
