//! `mine`: targets in, a dataset out.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::{instance, to_py};
use super::options::{History, Network, github_token, trust};
use super::progress::Listener;
use super::runtime::{GilYielder, awaitable, block};
use crate::cancel::CancelToken;
use crate::edge::inputs::look_up;
use crate::error::{Error, Result};
use crate::fleet::{self, MineOptions, Mined, Outcome, Report, Tables};

/// What `mine` takes, as the Python package collected it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct MineCall<'py> {
    targets: Vec<String>,
    output: PathBuf,
    tables: Vec<String>,
    keep_clones: Option<PathBuf>,
    jobs: usize,
    threads: usize,
    trust: bool,
    network: Network,
    rev: Option<String>,
    retries: u32,
    progress: Option<Py<PyAny>>,
    history: History<'py>,
}

type Work = Box<dyn FnOnce(&CancelToken) -> Result<Option<Report<Mined>>> + Send>;

impl MineCall<'_> {
    fn work(self) -> PyResult<(Work, Listener)> {
        let mut options = MineOptions::default();
        options.tables = tables(&self.tables).map_err(|error| to_py(&error))?;
        options.fetch_missing = self.history.fetches();
        options.history = self.history.options()?;
        options.revision = self.rev;
        options.clone = self.network.options(trust(self.trust))?;
        options.keep_clones = self.keep_clones;
        options.retry.attempts = self.retries.saturating_add(1);
        options.jobs = self.jobs;
        options.threads = self.threads;
        let (targets, output) = (self.targets, self.output);
        let token = github_token(&options.clone);
        let listener = Listener::new(self.progress);
        let heard = listener.clone();
        let work = Box::new(move |cancel: &CancelToken| {
            let (targets, refused) = look_up(&targets, token, cancel)?;
            let sink = heard.sink(cancel);
            refused.tell(&*sink);
            let report = fleet::mine(&targets, &output, &options, &sink, cancel);
            let report = report.and_then(|report| cancel.check().map(|()| report));
            heard.to_result(report.map(|report| refused.put_into(report)))
        });
        Ok((work, listener))
    }
}

fn tables(names: &[String]) -> Result<Tables> {
    let mut tables = Tables {
        commits: false,
        changes: false,
        blame: false,
    };
    for name in names {
        match name.as_str() {
            "commits" => tables.commits = true,
            "changes" => tables.changes = true,
            "blame" => tables.blame = true,
            other => {
                return Err(Error::invalid(
                    format!("table `{other}`"),
                    "is unknown; there are commits, changes and blame",
                ));
            }
        }
    }
    Ok(tables)
}

/// Mine repositories into a dataset; a dictionary per target, in order.
#[pyfunction]
pub(super) fn mine<'py>(py: Python<'py>, job: MineCall<'py>) -> PyResult<Py<PyList>> {
    let (work, listener) = job.work()?;
    let report = block(py, work)?;
    outcomes(py, listener.raise_pending(report)?)
}

/// The same as an awaitable.
#[pyfunction]
pub(super) fn mine_async<'py>(py: Python<'py>, job: MineCall<'py>) -> PyResult<Bound<'py, PyAny>> {
    let (work, listener) = job.work()?;
    awaitable(py, work, move |py, report| {
        outcomes(py, listener.raise_pending(report)?)
    })
}

fn outcomes(py: Python<'_>, report: Report<Mined>) -> PyResult<Py<PyList>> {
    let list = PyList::empty(py);
    let mut yielder = GilYielder::new(py)?;
    for Outcome { input, result, .. } in report.outcomes {
        yielder.turn()?;
        let outcome = PyDict::new(py);
        outcome.set_item("target", input)?;
        match result {
            Ok(mined) => {
                outcome.set_item("path", mined.path.into_os_string())?;
                outcome.set_item("head", mined.head)?;
                outcome.set_item("rows", mined.rows)?;
                outcome.set_item("warnings", mined.warnings)?;
                outcome.set_item("seconds", mined.seconds)?;
                outcome.set_item("was_finished", mined.was_finished)?;
            }
            Err(error) => outcome.set_item("error", instance(py, &error)?)?,
        }
        list.append(outcome)?;
    }
    Ok(list.unbind())
}
