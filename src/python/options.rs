//! Keyword arguments to options.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString};

use super::error::to_py;
use crate::error::Error;
use crate::git::{CloneOptions, HistoryOptions, Merges, Renames, Trust, parse_date};
use crate::net::{Credentials, Net, NetOptions};
use crate::secret::Secret;

/// What decides rows, as `commits`, `changes` and `mine` take it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Counting<'py> {
    rev: Option<String>,
    since: Option<Bound<'py, PyAny>>,
    until: Option<Bound<'py, PyAny>>,
    max_count: Option<u64>,
    first_parent: bool,
    renames: bool,
    merges: Option<String>,
    mailmap: bool,
}

impl Counting<'_> {
    pub(super) fn options(&self) -> PyResult<HistoryOptions> {
        let mut options = HistoryOptions::default();
        options.revision.clone_from(&self.rev);
        options.since = self.since.as_ref().map(seconds).transpose()?;
        options.until = self.until.as_ref().map(seconds).transpose()?;
        options.max_count = self.max_count;
        options.first_parent = self.first_parent;
        options.renames = if self.renames {
            Renames::On
        } else {
            Renames::Off
        };
        options.merges = self.merges.as_deref().map(merges).transpose()?;
        options.raw_identities = !self.mailmap;
        Ok(options)
    }
}

fn merges(text: &str) -> PyResult<Merges> {
    match text {
        "none" => Ok(Merges::None),
        "first-parent" => Ok(Merges::FirstParent),
        "each-parent" => Ok(Merges::EachParent),
        other => {
            let reason = "is unknown; there are none, first-parent and each-parent";
            Err(to_py(&Error::invalid(format!("merges `{other}`"), reason)))
        }
    }
}

/// A date as text, as a datetime, or as seconds since the epoch.
fn seconds(date: &Bound<'_, PyAny>) -> PyResult<i64> {
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
    if let Ok(seconds) = date.extract::<i64>() {
        return Ok(seconds);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    date.extract::<f64>().map(|seconds| seconds.floor() as i64)
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
    /// Host, user name, password or token.
    credentials: Vec<(String, String, String)>,
}

impl Network {
    pub(super) fn options(self, trust: Trust) -> PyResult<CloneOptions> {
        let mut net = NetOptions::default();
        net.ca_bundle = self.ca_bundle;
        net.proxy = self.proxy;
        net.idle_timeout = Duration::try_from_secs_f64(self.timeout).map_err(|error| {
            to_py(&Error::invalid(
                format!("timeout {}", self.timeout),
                error.to_string(),
            ))
        })?;
        let mut options = CloneOptions::default();
        options.net = Net::new(net);
        options.trust = trust;
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
