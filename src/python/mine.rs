//! `mine`: targets in, a dataset out.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::{instance, to_py};
use super::options::{History, Network, trust};
use super::runtime::{awaitable, block};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::fleet::{self, MineOptions, Mined, Outcome, Report, Tables, Target};
use crate::progress::{ProgressSink, Silent};

/// What `mine` takes, as the Python package collected it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Job<'py> {
    targets: Vec<String>,
    output: PathBuf,
    tables: Vec<String>,
    keep_clones: Option<PathBuf>,
    jobs: usize,
    threads: usize,
    trust: bool,
    network: Network,
    rev: Option<String>,
    history: History<'py>,
}

type Work = Box<dyn FnOnce(&CancelToken) -> Result<Report<Mined>> + Send>;

impl Job<'_> {
    fn work(self) -> PyResult<Work> {
        let mut options = MineOptions::default();
        options.tables = tables(&self.tables).map_err(|error| to_py(&error))?;
        options.fetch_missing = self.history.fetches();
        options.history = self.history.options()?;
        options.revision = self.rev;
        options.clone = self.network.options(trust(self.trust))?;
        options.keep_clones = self.keep_clones;
        options.jobs = self.jobs;
        options.threads = self.threads;
        let (targets, output) = (self.targets, self.output);
        Ok(Box::new(move |cancel| {
            let targets = targets
                .iter()
                .map(|target| Target::parse(target))
                .collect::<Result<Vec<_>>>()?;
            let silent: Arc<dyn ProgressSink> = Arc::new(Silent);
            let report = fleet::mine(&targets, &output, &options, &silent, cancel)?;
            cancel.check()?;
            Ok(report)
        }))
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
pub(super) fn mine<'py>(py: Python<'py>, job: Job<'py>) -> PyResult<Py<PyList>> {
    let report = block(py, job.work()?)?;
    outcomes(py, report)
}

/// The same as an awaitable.
#[pyfunction]
pub(super) fn mine_async<'py>(py: Python<'py>, job: Job<'py>) -> PyResult<Bound<'py, PyAny>> {
    awaitable(py, job.work()?, outcomes)
}

fn outcomes(py: Python<'_>, report: Report<Mined>) -> PyResult<Py<PyList>> {
    let list = PyList::empty(py);
    for Outcome { input, result, .. } in report.outcomes {
        let outcome = PyDict::new(py);
        outcome.set_item("target", input)?;
        match result {
            Ok(mined) => {
                outcome.set_item("path", mined.path)?;
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
