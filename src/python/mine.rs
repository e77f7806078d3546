//! `mine`: makes a dataset from targets.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::instance;
use super::keywords::{Keywords, inputs};
use super::options::{self, github_token};
use super::progress::Listener;
use super::runtime::{GilYielder, awaitable, block};
use crate::cancel::CancelToken;
use crate::edge::inputs::look_up;
use crate::error::Result;
use crate::fleet::{self, Mined, Outcome, Report};

type Work = Box<dyn FnOnce(&CancelToken) -> Result<Option<Report<Mined>>> + Send>;

fn work(
    targets: &Bound<'_, PyAny>,
    output: PathBuf,
    progress: Option<Py<PyAny>>,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<(Work, Listener)> {
    let mut keywords = Keywords::new(targets.py(), given);
    let targets = inputs("targets", targets)?;
    let options = options::mine(&mut keywords)?;
    keywords.finish()?;
    let token = github_token(&options.clone_options);
    let listener = Listener::new(progress);
    let heard = listener.clone();
    let work = Box::new(move |cancel: &CancelToken| {
        let targets = look_up(&targets, token, cancel)?;
        let report = fleet::mine(targets, &output, &options, &heard.context(cancel));
        heard.to_result(report.and_then(|report| cancel.check().map(|()| report)))
    });
    Ok((work, listener))
}

/// Mine repositories into a dataset. Returns a dictionary per target, in order.
#[pyfunction]
#[pyo3(signature = (targets, output, progress, **options))]
pub(super) fn mine(
    py: Python<'_>,
    targets: &Bound<'_, PyAny>,
    output: PathBuf,
    progress: Option<Py<PyAny>>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyList>> {
    let (work, listener) = work(targets, output, progress, options)?;
    let report = block(py, work)?;
    outcomes(py, listener.raise_pending(report)?)
}

/// Like `mine`, but returns an awaitable.
#[pyfunction]
#[pyo3(signature = (targets, output, progress, **options))]
pub(super) fn mine_async<'py>(
    py: Python<'py>,
    targets: &Bound<'py, PyAny>,
    output: PathBuf,
    progress: Option<Py<PyAny>>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (work, listener) = work(targets, output, progress, options)?;
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
