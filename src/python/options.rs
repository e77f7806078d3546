//! Keyword arguments to options.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDateTime, PyString};

use super::error::to_py;
use crate::error::Error;
use crate::git::{
    BlameOptions, HistoryOptions, MergeCommits, Merges, MissingBlobs, Order, PatternSyntax,
    Renames, Trust, parse_date,
};
use crate::net::{Credentials, Net, NetOptions};
use crate::remote::CloneOptions;
use crate::secret::Secret;

/// What decides rows, as the Python package collected it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct History<'py> {
    rev: Vec<String>,
    all_refs: bool,
    paths: Vec<OsString>,
    since: Option<Bound<'py, PyAny>>,
    until: Option<Bound<'py, PyAny>>,
    authors: Vec<String>,
    committers: Vec<String>,
    grep: Vec<String>,
    pattern_syntax: String,
    ignore_case: bool,
    merge_commits: String,
    skip: u64,
    max_count: Option<u64>,
    order: String,
    first_parent: bool,
    renames: String,
    merges: Option<String>,
    missing: String,
    mailmap: bool,
    /// How to reach where a partial clone came from.
    network: Option<Network>,
}

impl History<'_> {
    /// Taken once: how what a partial clone lacks is brought first, if it is.
    pub(super) fn fetch_options(&mut self) -> PyResult<Option<CloneOptions>> {
        fetch_options(&mut self.network)
    }

    /// Whether it is.
    pub(super) fn fetches(&self) -> bool {
        self.missing == "fetch"
    }

    pub(super) fn options(self) -> PyResult<HistoryOptions> {
        let mut options = HistoryOptions::default();
        options.since = self.since.as_ref().map(seconds).transpose()?;
        options.until = self.until.as_ref().map(seconds).transpose()?;
        options.revisions = self.rev;
        options.all_refs = self.all_refs;
        let bytes = |path: OsString| path.into_encoded_bytes();
        options.paths = self.paths.into_iter().map(bytes).collect();
        options.authors = self.authors;
        options.committers = self.committers;
        options.grep = self.grep;
        options.ignore_case = self.ignore_case;
        options.skip = self.skip;
        options.max_count = self.max_count;
        options.first_parent = self.first_parent;
        options.raw_identities = !self.mailmap;
        options.pattern_syntax = choice(
            "pattern_syntax",
            &self.pattern_syntax,
            &[
                ("basic", PatternSyntax::Basic),
                ("extended", PatternSyntax::Extended),
                ("fixed", PatternSyntax::Fixed),
            ],
        )?;
        options.merge_commits = choice(
            "merge_commits",
            &self.merge_commits,
            &[
                ("include", MergeCommits::Include),
                ("exclude", MergeCommits::Exclude),
                ("only", MergeCommits::Only),
            ],
        )?;
        options.order = choice(
            "order",
            &self.order,
            &[("date", Order::Date), ("topo", Order::Topo)],
        )?;
        options.renames = choice(
            "renames",
            &self.renames,
            &[
                ("on", Renames::On),
                ("off", Renames::Off),
                ("copies", Renames::Copies),
            ],
        )?;
        options.missing = choice(
            "missing",
            &self.missing,
            &[
                ("allow", MissingBlobs::Allow),
                ("fetch", MissingBlobs::Allow),
                ("error", MissingBlobs::Error),
            ],
        )?;
        let merges = [
            ("none", Merges::None),
            ("first-parent", Merges::FirstParent),
            ("each-parent", Merges::EachParent),
        ];
        options.merges = self
            .merges
            .map(|name| choice("merges", &name, &merges))
            .transpose()?;
        Ok(options)
    }
}

/// How lines are blamed, as the Python package collected it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Blame<'py> {
    rev: Option<String>,
    working_tree: bool,
    line_ranges: Vec<String>,
    lines: bool,
    ignore_whitespace: bool,
    ignore_revs: Vec<String>,
    ignore_revs_files: Vec<PathBuf>,
    configured_ignores: bool,
    first_parent: bool,
    since: Option<Bound<'py, PyAny>>,
    mailmap: bool,
    network: Option<Network>,
}

fn fetch_options(network: &mut Option<Network>) -> PyResult<Option<CloneOptions>> {
    let network = network.take();
    network
        .map(|network| network.options(Trust::Owner))
        .transpose()
}

impl Blame<'_> {
    /// Taken once: how what a partial clone lacks is brought first, if it is.
    pub(super) fn fetch_options(&mut self) -> PyResult<Option<CloneOptions>> {
        fetch_options(&mut self.network)
    }

    pub(super) fn options(self) -> PyResult<BlameOptions> {
        let mut options = BlameOptions::default();
        options.since = self.since.as_ref().map(seconds).transpose()?;
        options.revision = self.rev;
        options.working_tree = self.working_tree;
        options.line_ranges = self.line_ranges;
        options.with_content = self.lines;
        options.ignore_whitespace = self.ignore_whitespace;
        options.ignored_revisions = self.ignore_revs;
        options.ignored_revisions_files = self.ignore_revs_files;
        options.use_configured_ignores = self.configured_ignores;
        options.first_parent = self.first_parent;
        options.raw_identities = !self.mailmap;
        Ok(options)
    }
}

/// The value that goes by `name`.
pub(super) fn choice<T: Copy>(argument: &str, name: &str, values: &[(&str, T)]) -> PyResult<T> {
    if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
        return Ok(*value);
    }
    let known: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
    let reason = format!("is unknown; there are {}", known.join(", "));
    Err(to_py(&Error::invalid(
        format!("{argument} `{name}`"),
        reason,
    )))
}

/// A date as text, as a datetime, or as seconds since the epoch.
pub(super) fn seconds(date: &Bound<'_, PyAny>) -> PyResult<i64> {
    if let Ok(text) = date.cast::<PyString>() {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        return parse_date(&text.to_string_lossy(), now).map_err(|error| to_py(&error));
    }
    if let Ok(time) = date.cast::<PyDateTime>() {
        let timestamp: f64 = time.call_method0("timestamp")?.extract()?;
        #[expect(clippy::cast_possible_truncation, reason = "the years 1 to 9999 fit")]
        return Ok(timestamp.floor() as i64);
    }
    if let Ok(seconds) = date.extract::<i64>()
        && !date.is_instance_of::<PyBool>()
    {
        return Ok(seconds);
    }
    let seconds = match date.extract::<f64>() {
        Ok(seconds) if !date.is_instance_of::<PyBool>() => seconds,
        _ => {
            let what = format!("date {}", date.repr()?);
            let reason = "must be text, a datetime, or seconds since the epoch";
            return Err(to_py(&Error::invalid(what, reason)));
        }
    };
    if !seconds.is_finite() {
        let error = Error::invalid(format!("date {seconds}"), "is no point in time");
        return Err(to_py(&error));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    Ok(seconds.floor() as i64)
}

pub(super) fn trust(anyone: bool) -> Trust {
    if anyone { Trust::Anyone } else { Trust::Owner }
}

/// How remote repositories are reached, as the Python package collected it from arguments and the environment.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Network {
    ca_bundle: Option<PathBuf>,
    proxy: Option<String>,
    timeout: f64,
    connect_timeout: f64,
    min_bytes_per_second: u64,
    allow_clear_text: bool,
    ssh_command: Vec<String>,
    credential_command: Option<String>,
    git_credentials: bool,
    /// Host, user name, password or token.
    credentials: Vec<(String, String, String)>,
}

impl Network {
    pub(super) fn options(self, trust: Trust) -> PyResult<CloneOptions> {
        let mut net = NetOptions::default();
        net.ca_bundle = self.ca_bundle;
        net.proxy = self.proxy;
        let duration = |name: &str, seconds: f64| {
            Duration::try_from_secs_f64(seconds).map_err(|error| {
                to_py(&Error::invalid(
                    format!("{name} {seconds}"),
                    error.to_string(),
                ))
            })
        };
        net.idle_timeout = duration("timeout", self.timeout)?;
        net.connect_timeout = duration("connect_timeout", self.connect_timeout)?;
        net.least_bytes_per_second = self.min_bytes_per_second;
        net.allow_clear_text_credentials = self.allow_clear_text;
        net.ssh_command = self.ssh_command;
        net.withheld_variables = crate::edge::variables::secret_variables();
        let mut options = CloneOptions::default();
        options.net = Net::new(net);
        options.trust = trust;
        options.credential_provider = Some(crate::edge::credentials::ask(
            self.credential_command,
            self.git_credentials,
        ));
        options.credentials = self
            .credentials
            .into_iter()
            .map(|(host, username, password)| Credentials {
                host,
                username,
                password: Secret::new(password),
            })
            .collect();
        Ok(options)
    }
}

/// The token for github.com that was given, if one was.
pub(super) fn github_token(options: &CloneOptions) -> Option<Secret> {
    let mut known = options.credentials.iter();
    known
        .find(|known| known.host == "github.com")
        .map(|known| known.password.clone())
}
