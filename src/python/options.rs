//! Options of the library from keyword arguments: the library's defaults, overridden by the
//! arguments that were given.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::keywords::{Date, Keyword, Keywords, Workers, shown};
use crate::edge::credentials::TOKEN_USER;
use crate::edge::environment::shell_command;
use crate::edge::network::Network;
use crate::fleet::{FleetOptions, MineOptions, RetryOptions, VerifyOptions};
use crate::git::{BlameOptions, HistoryOptions};
use crate::net::{Credentials, NetOptions};
use crate::remote::{CloneOptions, FetchTags, TransferLimits, Worktree};
use crate::secret::Secret;

/// Options of `Repository.commits`.
pub(super) fn history(keywords: &mut Keywords<'_>) -> PyResult<HistoryOptions> {
    let mut options = counting(keywords)?;
    keywords.set("rev", &mut options.rev)?;
    keywords.set("all_refs", &mut options.all_refs)?;
    keywords.set("paths", &mut options.paths)?;
    keywords.set("authors", &mut options.authors)?;
    keywords.set("committers", &mut options.committers)?;
    keywords.set("grep", &mut options.grep)?;
    keywords.set("pattern_syntax", &mut options.pattern_syntax)?;
    keywords.set("ignore_case", &mut options.ignore_case)?;
    keywords.set("merge_commits", &mut options.merge_commits)?;
    keywords.set("skip", &mut options.skip)?;
    keywords.set("order", &mut options.order)?;
    Ok(options)
}

/// The options that `Repository.commits` and `mine` have in common.
fn counting(keywords: &mut Keywords<'_>) -> PyResult<HistoryOptions> {
    let mut options = HistoryOptions::new();
    options.since = date(keywords, "since")?;
    options.until = date(keywords, "until")?;
    keywords.set("max_count", &mut options.max_count)?;
    keywords.set("first_parent", &mut options.first_parent)?;
    keywords.set("renames", &mut options.renames)?;
    keywords.set("diff_merges", &mut options.diff_merges)?;
    keywords.set("missing", &mut options.missing)?;
    keywords.set("mailmap", &mut options.mailmap)?;
    Ok(options)
}

fn date(keywords: &mut Keywords<'_>, name: &'static str) -> PyResult<Option<i64>> {
    let date = keywords.take::<Option<Date>>(name)?;
    Ok(date.flatten().map(|date| date.0))
}

/// Options of `Repository.blame`.
pub(super) fn blame(keywords: &mut Keywords<'_>) -> PyResult<BlameOptions> {
    let mut options = BlameOptions::new();
    keywords.set("rev", &mut options.rev)?;
    keywords.set("working_tree", &mut options.working_tree)?;
    if let Some(ranges) = keywords.take::<LineRanges>("line_ranges")? {
        options.line_ranges = ranges.0;
    }
    keywords.set("lines", &mut options.lines)?;
    keywords.set("ignore_whitespace", &mut options.ignore_whitespace)?;
    keywords.set("ignore_revs", &mut options.ignore_revs)?;
    keywords.set("ignore_revs_files", &mut options.ignore_revs_files)?;
    keywords.set("configured_ignores", &mut options.configured_ignores)?;
    keywords.set("first_parent", &mut options.first_parent)?;
    options.since = date(keywords, "since")?;
    keywords.set("missing", &mut options.missing)?;
    keywords.set("mailmap", &mut options.mailmap)?;
    Ok(options)
}

/// Ranges of lines: `(10, 20)`, `"10,+5"`, or a list of them.
struct LineRanges(Vec<String>);

impl<'py> Keyword<'py> for LineRanges {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        if value.is_none() {
            return Ok(Self(Vec::new()));
        }
        if let Some(range) = line_range(value) {
            return Ok(Self(vec![range]));
        }
        let wrong = |value: &Bound<'py, PyAny>| match shown(value) {
            Ok(shown) => PyTypeError::new_err(format!(
                "{name}: {shown} is not a range; write (10, 20) or '10,20' or a list of them"
            )),
            Err(error) => error,
        };
        let all = value.try_iter().map_err(|_| wrong(value))?;
        let range = |one: PyResult<Bound<'py, PyAny>>| {
            let one = one?;
            line_range(&one).ok_or_else(|| wrong(&one))
        };
        all.map(range).collect::<PyResult<_>>().map(Self)
    }
}

fn line_range(value: &Bound<'_, PyAny>) -> Option<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract().ok();
    }
    let is_pair = value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>();
    let (first, last) = is_pair
        .then(|| value.extract::<(i64, i64)>().ok())
        .flatten()?;
    Some(format!("{first},{last}"))
}

/// Options for connections to hosts.
fn host_network(keywords: &mut Keywords<'_>) -> PyResult<Network> {
    let mut network = Network::default();
    keywords.set("ca_bundle", &mut network.ca_bundle)?;
    keywords.set("client_cert", &mut network.client_cert)?;
    keywords.set("client_key", &mut network.client_key)?;
    network.insecure_hosts = keywords.take("insecure_hosts")?;
    keywords.set("proxy", &mut network.proxy)?;
    keywords.set("no_proxy", &mut network.no_proxy)?;
    network.timeout = keywords.take("timeout")?;
    network.connect_timeout = keywords.take("connect_timeout")?;
    network.min_rate = keywords.take("min_rate")?;
    network.allow_clear_text = keywords.take("allow_clear_text")?;
    let command = keywords.take::<Option<SshCommand>>("ssh_command")?;
    network.ssh_command = command.flatten().map(|command| command.0);
    keywords.set("credential_command", &mut network.credential_command)?;
    keywords.set("git_credentials", &mut network.git_credentials)?;
    Ok(network)
}

/// The options of [`host_network`], and credentials. `username` is sent with the token.
fn network(keywords: &mut Keywords<'_>, username: Option<String>) -> PyResult<Network> {
    let mut network = host_network(keywords)?;
    network.username = username;
    network.authenticate = keywords.take("authenticate")?;
    let token = keywords.take::<Option<String>>("token")?.flatten();
    network.token = token.filter(|token| !token.is_empty()).map(Secret::new);
    let known = keywords.take::<Option<KnownCredentials>>("credentials")?;
    network.credentials = known.flatten().map_or_else(Vec::new, |known| known.0);
    Ok(network)
}

/// The ssh program with its arguments: a command line for a shell, or a list of words.
struct SshCommand(Vec<String>);

impl<'py> Keyword<'py> for SshCommand {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        match value.cast::<PyString>() {
            Ok(text) => Ok(Self(shell_command(&text.to_string_lossy()))),
            Err(_) => Keyword::read(name, value).map(Self),
        }
    }
}

/// A dictionary of hosts, with a token or a user name and password for each.
struct KnownCredentials(Vec<Credentials>);

impl<'py> Keyword<'py> for KnownCredentials {
    fn read(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        let given = PyDict::new(value.py());
        given.call_method1("update", (value,))?;
        let mut known = Vec::new();
        for (host, given) in given {
            let host: String = Keyword::read("host", &host)?;
            let is_pair = given.is_instance_of::<PyTuple>() || given.is_instance_of::<PyList>();
            let pair = is_pair
                .then(|| given.extract::<(String, String)>().ok())
                .flatten();
            let token = given.extract::<String>().ok();
            let token = token.map(|token| (TOKEN_USER.to_owned(), token));
            let Some((username, password)) = pair.or(token) else {
                // The key may be a token that was put in the wrong place.
                return Err(PyTypeError::new_err(format!(
                    "{name}: the value of each host must be a token, or user name and password"
                )));
            };
            known.push(Credentials {
                host,
                username,
                password: Secret::new(password),
            });
        }
        Ok(Self(known))
    }
}

/// Options of all functions that use the network: network, limits, trust.
pub(super) fn remote(
    keywords: &mut Keywords<'_>,
    username: Option<String>,
) -> PyResult<CloneOptions> {
    let mut options = network(keywords, username)?.clone_options();
    keywords.set("trust", &mut options.trust)?;
    let mut limits = TransferLimits::new();
    keywords.set("max_bytes", &mut limits.max_bytes)?;
    keywords.set("max_objects", &mut limits.max_objects)?;
    keywords.set("max_time", &mut limits.max_time)?;
    keywords.set("min_free_bytes", &mut limits.min_free_bytes)?;
    Ok(options.limits(limits))
}

/// Options for connections to one host, without credentials.
pub(super) fn host(keywords: &mut Keywords<'_>) -> PyResult<CloneOptions> {
    Ok(host_network(keywords)?.clone_options())
}

/// Options of a clone.
pub(super) fn clone(
    keywords: &mut Keywords<'_>,
    username: Option<String>,
) -> PyResult<CloneOptions> {
    let mut options = remote(keywords, username)?;
    let is_bare = keywords.take::<bool>("bare")?.unwrap_or(false);
    let is_mirror = keywords.take::<bool>("mirror")?.unwrap_or(false);
    options.worktree = match (is_mirror, is_bare) {
        (true, _) => Worktree::Mirror,
        (_, true) => Worktree::Bare,
        _ => Worktree::CheckedOut,
    };
    keywords.set("branch", &mut options.branch)?;
    keywords.set("single_branch", &mut options.single_branch)?;
    keywords.set("depth", &mut options.depth)?;
    options.shallow_since = date(keywords, "shallow_since")?;
    keywords.set("filter", &mut options.filter)?;
    if keywords.take::<bool>("tags")? == Some(false) {
        options.tags = FetchTags::None;
    }
    keywords.set("refspecs", &mut options.refspecs)?;
    keywords.set("update_files", &mut options.update_files)?;
    Ok(options)
}

/// Concurrency and retries.
pub(super) fn fleet(keywords: &mut Keywords<'_>) -> PyResult<FleetOptions> {
    let mut options = FleetOptions::new();
    if let Some(jobs) = keywords.take::<Workers>("jobs")? {
        options.jobs = jobs.0;
    }
    (options.jobs_per_host, options.retry) = retry(keywords)?;
    Ok(options)
}

/// Options of `verify`.
pub(super) fn verify(keywords: &mut Keywords<'_>) -> PyResult<VerifyOptions> {
    let mut options = VerifyOptions::new();
    keywords.set("trust", &mut options.trust)?;
    if let Some(jobs) = keywords.take::<Workers>("jobs")? {
        options.jobs = jobs.0;
    }
    keywords.set("threads", &mut options.threads)?;
    Ok(options)
}

fn retry(keywords: &mut Keywords<'_>) -> PyResult<(usize, RetryOptions)> {
    let per_host = keywords.take::<Workers>("jobs_per_host")?;
    let per_host = per_host.map_or(FleetOptions::new().jobs_per_host, |jobs| jobs.0);
    let mut options = RetryOptions::new();
    keywords.set("retries", &mut options.retries)?;
    keywords.set("retry_wait", &mut options.retry_wait)?;
    Ok((per_host, options))
}

/// Options of `mine`.
pub(super) fn mine(keywords: &mut Keywords<'_>) -> PyResult<MineOptions> {
    let mut options = MineOptions::new();
    keywords.set("tables", &mut options.tables)?;
    keywords.set("rev", &mut options.rev)?;
    options.history = counting(keywords)?;
    options.clone_options = remote(keywords, None)?;
    keywords.set("keep_clones", &mut options.keep_clones)?;
    keywords.set("jobs", &mut options.jobs)?;
    if let Some(jobs) = keywords.take::<Workers>("clone_jobs")? {
        options.clone_jobs = jobs.0;
    }
    keywords.set("threads", &mut options.threads)?;
    (options.jobs_per_host, options.retry) = retry(keywords)?;
    Ok(options)
}

/// Returns the token for github.com, if one was given.
pub(super) fn github_token(options: &CloneOptions) -> Option<Secret> {
    let mut known = options.credentials.iter();
    known
        .find(|known| known.host == "github.com")
        .map(|known| known.password.clone())
}

/// Names of the options of each function. Tests compare them with those of the library and the
/// command.
#[pyfunction]
pub(super) fn option_names(py: Python<'_>) -> PyResult<Vec<(&'static str, Vec<&'static str>)>> {
    let names = |read: fn(&mut Keywords<'_>) -> PyResult<()>| {
        let mut keywords = Keywords::new(py, None);
        read(&mut keywords)?;
        Ok::<_, PyErr>(keywords.names())
    };
    Ok(vec![
        (
            "HistoryOptions",
            names(|keywords| history(keywords).map(drop))?,
        ),
        ("BlameOptions", names(|keywords| blame(keywords).map(drop))?),
        ("HostOptions", names(|keywords| host(keywords).map(drop))?),
        (
            "CloneOptions",
            names(|keywords| clone(keywords, None).map(drop))?,
        ),
        (
            "FleetOptions",
            names(|keywords| {
                clone(keywords, None)?;
                fleet(keywords)?;
                keywords
                    .take::<crate::fleet::IfExists>("existing")
                    .map(drop)
            })?,
        ),
        ("MineOptions", names(|keywords| mine(keywords).map(drop))?),
        (
            "VerifyOptions",
            names(|keywords| verify(keywords).map(drop))?,
        ),
    ])
}

/// Options of the library with their defaults, for the tests that call `option_names`.
#[pyfunction]
pub(super) fn library_options() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let clone = [
        CloneOptions::list(),
        TransferLimits::list(),
        NetOptions::list(),
    ]
    .concat();
    let fleet = [FleetOptions::list(), RetryOptions::list(), clone.clone()].concat();
    let mine = [
        MineOptions::list(),
        RetryOptions::list(),
        HistoryOptions::list(),
        clone.clone(),
    ]
    .concat();
    vec![
        ("HistoryOptions", HistoryOptions::list()),
        ("BlameOptions", BlameOptions::list()),
        ("HostOptions", NetOptions::list()),
        ("CloneOptions", clone),
        ("FleetOptions", fleet),
        ("MineOptions", mine),
        ("VerifyOptions", VerifyOptions::list()),
    ]
}
