//! What can be typed.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::git::CACHE_BYTES;

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
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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

/// How many lines are counted, and against what.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct CountingArgs {
    /// Only commits committed at or after this date, such as 2024-05-01 or "2 weeks ago"
    #[arg(long, value_name = "DATE")]
    pub(super) since: Option<String>,
    /// Only commits committed at or before this date
    #[arg(long, value_name = "DATE")]
    pub(super) until: Option<String>,
    /// At most N commits
    #[arg(long, short = 'n', value_name = "N")]
    pub(super) max_count: Option<u64>,
    /// Follow only the first parent of merges
    #[arg(long)]
    pub(super) first_parent: bool,
    /// Whether renamed files are paired; with copies, also files copied from one that the commit changed
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = RenamesArg::On)]
    pub(super) renames: RenamesArg,
    /// What merges are compared with [default: none, or first-parent with --first-parent]
    #[arg(long, value_name = "PARENTS", value_enum)]
    pub(super) merges: Option<MergePolicy>,
    /// What to do about a file whose content the repository does not have, as in a partial clone
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = MissingArg::Allow)]
    pub(super) missing: MissingArg,
    /// Keep names and e-mails as committed, whatever the mailmap says
    #[arg(long)]
    pub(super) no_mailmap: bool,
}

/// Which commits are listed, in git's words.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct SelectionArgs {
    /// Start at this revision, or list a range such as v1..v2; may be given several times [default: HEAD]
    #[arg(long, value_name = "REV")]
    pub(super) rev: Vec<String>,
    /// Start at every branch, tag and other ref
    #[arg(long)]
    pub(super) all: bool,
    /// Only commits that change files PATH names (directories and globs too, from the top of the repository), and only those
    /// changes; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(super) path: Vec<OsString>,
    /// Only commits whose author matches, as "Name <email>"; of several, one must
    #[arg(long, value_name = "PATTERN")]
    pub(super) author: Vec<String>,
    /// Only commits whose committer matches; of several, one must
    #[arg(long, value_name = "PATTERN")]
    pub(super) committer: Vec<String>,
    /// Only commits with a line in their message that matches; of several, one must
    #[arg(long, value_name = "PATTERN")]
    pub(super) grep: Vec<String>,
    /// Patterns are extended regular expressions, not basic ones
    #[arg(long, short = 'E', conflicts_with = "fixed_strings")]
    pub(super) extended_regexp: bool,
    /// Patterns are plain text
    #[arg(long, short = 'F')]
    pub(super) fixed_strings: bool,
    /// Patterns match whatever the case
    #[arg(long, short = 'i', visible_alias = "regexp-ignore-case")]
    pub(super) ignore_case: bool,
    /// No merges
    #[arg(long, conflicts_with = "merges_only")]
    pub(super) no_merges: bool,
    /// Only merges
    #[arg(long)]
    pub(super) merges_only: bool,
    /// Leave out the first N commits
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) skip: u64,
    /// Children before all their parents, lines of history not mixed
    #[arg(long)]
    pub(super) topo_order: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum RenamesArg {
    On,
    Off,
    Copies,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum MissingArg {
    /// Leave its counts empty, and warn
    Allow,
    /// Bring everything that is needed from where the clone came from, together and first
    Fetch,
    /// Stop
    Error,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum MergePolicy {
    /// A merge counts no lines
    None,
    /// A merge counts the lines it brings into its first parent
    FirstParent,
    /// A merge counts its lines against each parent
    EachParent,
}

/// How rows come out.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct OutputArgs {
    /// How rows are written [default: by the name of FILE; a table on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(super) format: Option<FormatArg>,
    /// Only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) columns: Vec<String>,
    /// Write to FILE, which appears when it is complete
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(
        long,
        short = 'j',
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub(super) jobs: usize,
    /// Memory for unpacked objects, in MiB
    #[arg(long, value_name = "MIB", default_value_t = CACHE_BYTES >> 20)]
    pub(super) cache: usize,
    /// Show no progress
    #[arg(long, short = 'q')]
    pub(super) quiet: bool,
    /// Read the repository even if it belongs to another user
    #[arg(long)]
    pub(super) trust: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum FormatArg {
    /// Columns for people, cut to the terminal
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON object per line
    Jsonl,
    /// Parquet
    Parquet,
    /// Arrow IPC stream
    Arrow,
}

#[derive(Debug, ClapArgs)]
pub(super) struct HistoryArgs {
    /// Repository, or a directory in it
    #[arg(value_name = "REPO")]
    pub(super) repo: PathBuf,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    #[command(flatten)]
    pub(super) counting: CountingArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct BlameArgs {
    /// Repository, or a directory in it
    #[arg(value_name = "REPO")]
    pub(super) repo: PathBuf,
    /// Files and directories, relative to the top of the repository
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Blame at this revision; a range such as v1..v2 looks no further back than its start
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    /// Blame the files of the working tree as they are on disk; lines not committed yet get the zero id
    #[arg(long, conflicts_with = "rev")]
    pub(super) working_tree: bool,
    /// Only these lines of the one file named: 10,20 or 10,+5 or /start/,/end/; may be given several times
    #[arg(short = 'L', value_name = "RANGE")]
    pub(super) line_ranges: Vec<String>,
    /// One row per line, with its content
    #[arg(long)]
    pub(super) lines: bool,
    /// Compare lines without their white space
    #[arg(long, short = 'w')]
    pub(super) ignore_whitespace: bool,
    /// Look past this commit: its lines go to those they most resemble; may be given several times
    #[arg(long, value_name = "REV")]
    pub(super) ignore_rev: Vec<String>,
    /// Look past the commits that FILE lists, a full id a line
    #[arg(long, value_name = "FILE")]
    pub(super) ignore_revs_file: Vec<PathBuf>,
    /// Look past the commits that the repository's blame.ignoreRevsFile lists
    #[arg(long)]
    pub(super) configured_ignores: bool,
    /// Follow only the first parent of merges
    #[arg(long)]
    pub(super) first_parent: bool,
    /// Look no further back than this date, such as 2024-05-01 or "2 weeks ago"
    #[arg(long, value_name = "DATE")]
    pub(super) since: Option<String>,
    /// Not supported: lines moved or copied within a file
    #[arg(short = 'M', hide = true)]
    pub(super) moves: bool,
    /// Not supported: lines moved or copied from other files
    #[arg(short = 'C', action = clap::ArgAction::Count, hide = true)]
    pub(super) copies: u8,
    /// Keep names and e-mails as committed, whatever the mailmap says
    #[arg(long)]
    pub(super) no_mailmap: bool,
    /// Of a partial clone, bring the content that is needed from where the clone came from, together and first
    #[arg(long)]
    pub(super) fetch_missing: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How the network is used.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct NetArgs {
    /// PEM file with the certificate authorities to trust, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(super) ca_bundle: Option<PathBuf>,
    /// Proxy, such as http://host:port or socks5://host:port
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Give up on a server that is silent for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(super) timeout: u64,
    /// Longest time to reach a server
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(super) connect_timeout: u64,
    /// A server that sends less than this, on average over --timeout, is silent
    #[arg(long, value_name = "BYTES/S", default_value_t = 1)]
    pub(super) min_rate: u64,
    /// Longest time for one attempt at a repository
    #[arg(long, value_name = "SECONDS")]
    pub(super) max_time: Option<u64>,
    /// Most mebibytes to receive for one repository
    #[arg(long, value_name = "MIB")]
    pub(super) max_size: Option<u64>,
    /// Most objects to receive for one repository
    #[arg(long, value_name = "N")]
    pub(super) max_objects: Option<u64>,
    /// Mebibytes that must stay free on the disk
    #[arg(long, value_name = "MIB", default_value_t = 256)]
    pub(super) min_free: u64,
    /// Program for ssh addresses with its first arguments [default: ssh]
    #[arg(long, value_name = "COMMAND")]
    pub(super) ssh_command: Option<String>,
    /// Send credentials over plain http too, where everybody on the way can read them
    #[arg(long)]
    pub(super) allow_clear_text: bool,
    /// Ask this program for credentials: it gets the host as its last argument and prints a token, or user and password
    /// on two lines
    #[arg(long, value_name = "COMMAND")]
    pub(super) credential_command: Option<String>,
    /// Ask git's own credential helpers too
    #[arg(long)]
    pub(super) git_credentials: bool,
}

/// How many at once, and how often.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct JobsArgs {
    /// Repositories at once
    #[arg(long, short = 'j', value_name = "N", default_value_t = 8)]
    pub(super) jobs: usize,
    /// Of these, from one host
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) jobs_per_host: usize,
    /// Attempts after the first, where a failure may pass
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) retries: u32,
    /// Wait before the second attempt; it doubles for each one after
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub(super) retry_wait: f64,
}

/// What fleets have in common.
#[derive(Clone, Debug, ClapArgs)]
pub(super) struct FleetArgs {
    /// More of them from FILE, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) from: Option<PathBuf>,
    /// Show no progress
    #[arg(long, short = 'q')]
    pub(super) quiet: bool,
    /// Print one JSON object per repository instead of text
    #[arg(long)]
    pub(super) json: bool,
    /// Read local repositories even if they belong to another user
    #[arg(long)]
    pub(super) trust: bool,
    #[command(flatten)]
    pub(super) net: NetArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct MineArgs {
    /// Directories and addresses; - reads them from standard input
    #[arg(value_name = "TARGET", required_unless_present = "from")]
    pub(super) targets: Vec<String>,
    /// The dataset: a new or empty directory, or one made by the same command before
    #[arg(long, short = 'o', value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Which tables to write
    #[arg(long, value_name = "A,B", value_enum, value_delimiter = ',', default_values_t = [TableArg::Commits, TableArg::Changes, TableArg::Blame])]
    pub(super) tables: Vec<TableArg>,
    /// Keep clones at DIR/<host>/<owner>/<name>, and update those that are there
    #[arg(long, value_name = "DIR")]
    pub(super) keep_clones: Option<PathBuf>,
    /// Repositories mined at once [default: one for every two cores]
    #[arg(
        long,
        short = 'j',
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub(super) jobs: usize,
    /// Threads of all of them together [default: one per core]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) threads: usize,
    /// Attempts after the first, where a failure of the network may pass
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) retries: u32,
    /// Mine this revision of each
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    #[command(flatten)]
    pub(super) counting: CountingArgs,
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum TableArg {
    Commits,
    Changes,
    Blame,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CloneArgs {
    /// Addresses and directories; - reads them from standard input
    #[arg(value_name = "URL", required_unless_present = "from")]
    pub(super) urls: Vec<String>,
    /// Clone below this directory
    #[arg(long, short = 'o', value_name = "ROOT", default_value = ".")]
    pub(super) output: PathBuf,
    /// Without a working tree
    #[arg(long)]
    pub(super) bare: bool,
    /// Bare, with every ref the other side has
    #[arg(long)]
    pub(super) mirror: bool,
    /// Check out this branch or tag; with --single-branch or --depth, only it comes
    #[arg(long, short = 'b', value_name = "NAME")]
    pub(super) branch: Option<String>,
    /// Only one branch
    #[arg(long)]
    pub(super) single_branch: bool,
    /// Only so many commits from each tip; implies --single-branch
    #[arg(long, value_name = "N")]
    pub(super) depth: Option<NonZeroU32>,
    /// Only history since this date; implies --single-branch
    #[arg(long, value_name = "DATE", conflicts_with = "depth")]
    pub(super) shallow_since: Option<String>,
    /// Leave out what can be fetched later
    #[arg(long, value_name = "FILTER", value_enum)]
    pub(super) filter: Option<FilterArg>,
    /// No tags
    #[arg(long)]
    pub(super) no_tags: bool,
    /// Fetch these refs instead of the usual ones, such as +refs/notes/*:refs/notes/*; may be given several times
    #[arg(long, value_name = "REFSPEC")]
    pub(super) refspec: Vec<String>,
    /// What to do about a clone that is there already
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = ExistingArg::Keep)]
    pub(super) existing: ExistingArg,
    #[command(flatten)]
    pub(super) jobs: JobsArgs,
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum FilterArg {
    /// Contents of files
    #[value(name = "blob:none")]
    Blobs,
    /// Contents of files and directories
    #[value(name = "tree:0")]
    Trees,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum ExistingArg {
    /// Leave it as it is
    Keep,
    /// Bring it up to date
    Update,
    /// Fail
    Refuse,
}

#[derive(Debug, ClapArgs)]
pub(super) struct UpdateArgs {
    /// Clones; - reads them from standard input
    #[arg(value_name = "DIR", required_unless_present = "from")]
    pub(super) directories: Vec<PathBuf>,
    /// What happens to the files of a working tree and the branch they show
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = FilesArg::Forward)]
    pub(super) files: FilesArg,
    #[command(flatten)]
    pub(super) jobs: JobsArgs,
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum FilesArg {
    /// They follow the origin, unless somebody changed them or committed here
    Forward,
    /// They stay
    Keep,
    /// They become what the origin has; what was changed or committed here is lost
    Overwrite,
}

/// Which repositories are listed, and how.
#[derive(Debug, ClapArgs)]
pub(super) struct ReposArgs {
    /// Users, organisations, or OWNER/NAME
    #[arg(value_name = "OWNER", required_unless_present = "search")]
    pub(super) owners: Vec<String>,
    /// Those that match a search in GitHub's syntax, such as "topic:git stars:>100"
    #[arg(long, value_name = "QUERY")]
    pub(super) search: Option<String>,
    /// Forks: list them, leave them out, or list only them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::Include)]
    pub(super) forks: Which,
    /// Archived ones
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Which::Include)]
    pub(super) archived: Which,
    /// Only those mostly in this language
    #[arg(long, value_name = "NAME")]
    pub(super) language: Option<String>,
    /// Only those with this topic; may be given several times
    #[arg(long, value_name = "TOPIC")]
    pub(super) topic: Vec<String>,
    /// Only those that these people can see
    #[arg(long, value_name = "WHO", value_enum)]
    pub(super) visibility: Option<VisibilityArg>,
    /// Only those with a push since this date, such as 2024-05-01 or "6 months ago"
    #[arg(long, value_name = "DATE")]
    pub(super) pushed_since: Option<String>,
    /// How they are written [default: by the name of FILE; a table on a terminal, else csv]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub(super) format: Option<ReposFormat>,
    /// Only these columns, in this order
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) columns: Vec<String>,
    /// Write to FILE, which appears when it is complete
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Where the API is, for GitHub Enterprise: <https://HOST/api/v3> [default: `GITHUB_API_URL`, else GitHub's]
    #[arg(long, value_name = "URL")]
    pub(super) api_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Which {
    Include,
    Exclude,
    Only,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum VisibilityArg {
    Public,
    Private,
    Internal,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum ReposFormat {
    /// Columns for people, cut to the terminal
    Table,
    /// Comma-separated values
    Csv,
    /// A JSON object per line
    Jsonl,
    /// Parquet
    Parquet,
    /// Arrow IPC stream
    Arrow,
    /// An https address per line, for `gitfleet mine -`
    Urls,
    /// An ssh address per line
    SshUrls,
}
