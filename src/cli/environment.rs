//! What the command takes from the environment, so that the library need not.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{CountingArgs, FleetArgs, MergePolicy, MissingArg, RenamesArg, SelectionArgs};
use super::credentials;
use crate::error::{Error, Result};
use crate::git::{
    CloneOptions, HistoryOptions, MergeCommits, Merges, MissingBlobs, Order, PatternSyntax,
    Renames, Trust, parse_date,
};
use crate::net::{AskCredentials, Credentials, Net, NetOptions};
#[cfg(feature = "http")]
use crate::providers::github::{Account, GitHub, GitHubOptions};
use crate::secret::Secret;

/// Options of a clone from what was typed and from the environment.
pub(super) fn clone_options(args: &FleetArgs) -> CloneOptions {
    let typed = &args.net;
    let mut net = net_options();
    if typed.ca_bundle.is_some() {
        net.ca_bundle.clone_from(&typed.ca_bundle);
    }
    if typed.proxy.is_some() {
        net.proxy.clone_from(&typed.proxy);
    }
    net.idle_timeout = Duration::from_secs(typed.timeout);
    net.connect_timeout = Duration::from_secs(typed.connect_timeout);
    net.least_bytes_per_second = typed.min_rate;
    net.allow_clear_text_credentials = typed.allow_clear_text;
    if let Some(command) = &typed.ssh_command {
        net.ssh_command = words(command);
    }
    let command = typed.credential_command.clone();
    let ask = credentials::ask(command, typed.git_credentials);
    let mut options = with_credentials(net, ask);
    options.trust = trust(args.trust);
    options.limits.bytes = typed.max_size.map(|size| size.saturating_mul(1 << 20));
    options.limits.objects = typed.max_objects;
    options.limits.time = typed.max_time.map(Duration::from_secs);
    options.limits.free_disk_bytes = typed.min_free.saturating_mul(1 << 20);
    options
}

/// Options for reaching another machine where nothing about it can be typed.
pub(super) fn clone_options_of_environment() -> CloneOptions {
    with_credentials(net_options(), credentials::ask(None, false))
}

fn net_options() -> NetOptions {
    let mut net = NetOptions::default();
    net.ca_bundle = variable("SSL_CERT_FILE").map(PathBuf::from);
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    net.proxy = proxies.into_iter().find_map(variable);
    net.ssh_command = words(&variable("GIT_SSH_COMMAND").unwrap_or_default());
    net.withheld_variables = secret_variables();
    net
}

fn with_credentials(net: NetOptions, ask: AskCredentials) -> CloneOptions {
    let mut options = CloneOptions::default();
    options.net = Net::new(net);
    let token = ["GITHUB_TOKEN", "GH_TOKEN"].into_iter().find_map(variable);
    options.credentials.extend(token.map(|token| Credentials {
        host: "github.com".to_owned(),
        username: "x-access-token".to_owned(),
        password: Secret::new(token),
    }));
    options.ask_credentials = Some(ask);
    options
}

/// A client for GitHub, or for the GitHub Enterprise at `api_url`. `token` is for github.com; others are looked for.
#[cfg(feature = "http")]
pub(crate) fn github(api_url: Option<&str>, token: Option<Secret>) -> Result<GitHub> {
    let mut options = GitHubOptions::default();
    options.base_url = api_url
        .map(str::to_owned)
        .or_else(|| variable("GITHUB_API_URL"));
    let token = match token.filter(|_| host_of(options.base_url.as_deref()) == GITHUB) {
        Some(token) => Some(token),
        None => github_token(options.base_url.as_deref())?,
    };
    options.accounts.extend(token.map(Account::Token));
    options.net = Net::new(net_options());
    GitHub::new(options)
}

#[cfg(feature = "http")]
const GITHUB: &str = "github.com";

/// Whose API this is.
#[cfg(feature = "http")]
fn host_of(base_url: Option<&str>) -> &str {
    let rest = base_url.and_then(|url| url.split("://").nth(1));
    match rest.and_then(|rest| rest.split('/').next()) {
        None | Some("api.github.com") => GITHUB,
        Some(host) => host,
    }
}

/// A token for the API at `base_url`: github.com's goes nowhere else. The names are those of GitHub's own command.
#[cfg(feature = "http")]
pub(crate) fn github_token(base_url: Option<&str>) -> Result<Option<Secret>> {
    let host = host_of(base_url);
    let names = if host == GITHUB {
        ["GITHUB_TOKEN", "GH_TOKEN"]
    } else {
        ["GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"]
    };
    if let Some(token) = names.into_iter().find_map(variable) {
        return Ok(Some(Secret::new(token)));
    }
    let found = credentials::ask(None, false).ask(host)?;
    Ok(found.map(|found| found.password))
}

/// Names of variables that hold tokens.
pub(crate) fn secret_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names
        .filter(|name| {
            matches!(name.as_str(), "GITHUB_TOKEN" | "GH_TOKEN")
                || name.starts_with("GITFLEET_TOKEN")
        })
        .collect()
}

/// A command line as words; quotation marks hold one together, as in a shell.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut quote) = (None::<String>, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

pub(super) fn trust(anyone: bool) -> Trust {
    if anyone { Trust::Anyone } else { Trust::Owner }
}

/// A variable that is set to something.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A date as typed, in seconds since the epoch; relative ones count from now.
pub(super) fn date(text: &str) -> Result<i64> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_secs());
    let now = i64::try_from(now).map_err(|_| Error::internal("the clock is off"))?;
    parse_date(text, now)
}

/// Options of a history walk.
pub(super) fn history_options(args: &CountingArgs) -> Result<HistoryOptions> {
    let mut options = HistoryOptions::default();
    options.since = args.since.as_deref().map(date).transpose()?;
    options.until = args.until.as_deref().map(date).transpose()?;
    options.max_count = args.max_count;
    options.first_parent = args.first_parent;
    options.renames = match args.renames {
        RenamesArg::On => Renames::On,
        RenamesArg::Off => Renames::Off,
        RenamesArg::Copies => Renames::Copies,
    };
    options.merges = args.merges.map(|merges| match merges {
        MergePolicy::None => Merges::None,
        MergePolicy::FirstParent => Merges::FirstParent,
        MergePolicy::EachParent => Merges::EachParent,
    });
    options.missing = match args.missing {
        MissingArg::Allow | MissingArg::Fetch => MissingBlobs::Allow,
        MissingArg::Error => MissingBlobs::Error,
    };
    options.raw_identities = args.no_mailmap;
    Ok(options)
}

/// Adds what `args` asks for to `options`.
pub(super) fn select(args: &SelectionArgs, options: &mut HistoryOptions) {
    options.revisions.clone_from(&args.rev);
    options.all_refs = args.all;
    let bytes = |path: &OsString| path.as_encoded_bytes().to_vec();
    options.paths = args.path.iter().map(bytes).collect();
    options.authors.clone_from(&args.author);
    options.committers.clone_from(&args.committer);
    options.grep.clone_from(&args.grep);
    options.pattern_syntax = match (args.extended_regexp, args.fixed_strings) {
        (true, _) => PatternSyntax::Extended,
        (_, true) => PatternSyntax::Fixed,
        _ => PatternSyntax::Basic,
    };
    options.ignore_case = args.ignore_case;
    options.merge_commits = match (args.no_merges, args.merges_only) {
        (true, _) => MergeCommits::Exclude,
        (_, true) => MergeCommits::Only,
        _ => MergeCommits::Include,
    };
    options.skip = args.skip;
    if args.topo_order {
        options.order = Order::Topo;
    }
}
