//! The command line: each struct of arguments is converted to options of the library.

mod blame;
mod choice;
mod fleet;
mod history;
mod network;
mod output;
mod repos;

use clap::{Parser, Subcommand};

pub(super) use blame::BlameArgs;
pub(super) use fleet::{CloneArgs, ManyArgs, MineArgs, UpdateArgs, VerifyArgs};
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

Environment: GIT_SSL_CAINFO or SSL_CERT_FILE names the certificates to trust, GIT_SSL_CERT and
GIT_SSL_KEY a client certificate; http_proxy, HTTPS_PROXY and ALL_PROXY name proxies, NO_PROXY the hosts without one.
GITHUB_TOKEN or GH_TOKEN holds the token for github.com, GITFLEET_TOKEN_<HOST> the token for that host (its name in capitals, with _ for . and __ for -). If a host asks for credentials, .netrc is searched
too, and for github.com the command gh is asked. GIT_SSH_COMMAND or GIT_SSH is the ssh
program. GITHUB_API_URL is the API URL of a GitHub Enterprise server."
)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Mine repositories into a dataset of Parquet files
    ///
    /// Each target is a directory, an https, http, ssh, git or file URL, github:OWNER or
    /// github:OWNER/NAME. Remote repositories are cloned first; for github: targets,
    /// repositories.parquet has GitHub's metadata. The dataset gets one directory per repository,
    /// repos/<host>/<owner>/<name>, with commits.parquet, changes.parquet, blame.parquet and
    /// outcome.json. A repository's directory is renamed into place once it is complete. Running
    /// the same command again mines only repositories that are missing or whose revision now points
    /// to another commit.
    Mine(Box<MineArgs>),
    /// List commits with lines added and deleted, as git log --numstat counts them
    Commits(Box<HistoryArgs>),
    /// List the files each commit changed, as git log --numstat does
    Changes(Box<HistoryArgs>),
    /// Find the commit of every line, as git blame does
    ///
    /// Without a path, every file is blamed, in one walk over history.
    Blame(BlameArgs),
    /// Clone repositories to ROOT/<host>/<owner>/<name>
    ///
    /// Addresses are https, http, ssh, git and file URLs, host:path, paths, github:OWNER and
    /// github:OWNER/NAME. A clone is renamed into place once it is complete. Running the same
    /// command again makes only the missing clones.
    Clone(Box<CloneArgs>),
    /// Update clones from their origins
    ///
    /// Refs are moved by force, refs that the origin no longer has are removed, and a bare clone's
    /// HEAD follows the origin's default branch. The branch that is checked out and its files are
    /// updated too, unless they were changed locally.
    Update(UpdateArgs),
    /// Verify that clones and datasets are whole
    ///
    /// In a repository, every object that its refs need must be stored, and the checksums of its
    /// files must be right. In a dataset, every table must have the rows, the size and the SHA-256
    /// that outcome.json states. A repository that could not be mined is a warning. Nothing is
    /// changed, and nothing is fetched.
    Verify(VerifyArgs),
    /// List the repositories of users and organisations on GitHub
    ///
    /// All pages of a listing are fetched. With --format urls, the output can be piped to another
    /// command: gitfleet repos OWNER --format urls | gitfleet mine - -o data.
    Repos(Box<ReposArgs>),
}
