//! `verify`: whether clones and datasets are whole.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::clones::outcomes;
use super::keywords::{Keywords, paths as paths_of};
use super::options;
use super::progress::Listener;
use super::runtime::{awaitable, block};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::fleet::{self, Report, Verified};

type Work = Box<dyn FnOnce(&CancelToken) -> Result<Option<Report<Verified>>> + Send>;

fn work(
    paths: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<(Work, Listener)> {
    let mut keywords = Keywords::new(paths.py(), given);
    let options = options::verify(&mut keywords)?;
    keywords.finish()?;
    let paths: Vec<PathBuf> = paths_of("paths", paths)?;
    let listener = Listener::new(progress);
    let heard = listener.clone();
    let work = Box::new(move |cancel: &CancelToken| {
        let report = fleet::verify(paths, &options, &heard.context(cancel));
        heard.to_result(report.and_then(|report| cancel.check().map(|()| report)))
    });
    Ok((work, listener))
}

/// Verify clones and datasets. Returns a dictionary per path, in order.
#[pyfunction]
#[pyo3(signature = (paths, progress, **options))]
pub(super) fn verify(
    py: Python<'_>,
    paths: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<Py<PyList>> {
    let (work, listener) = work(paths, progress, options)?;
    let report = block(py, work)?;
    dictionaries(py, listener.raise_pending(report)?)
}

/// Like `verify`, but returns an awaitable.
#[pyfunction]
#[pyo3(signature = (paths, progress, **options))]
pub(super) fn verify_async<'py>(
    py: Python<'py>,
    paths: &Bound<'py, PyAny>,
    progress: Option<Py<PyAny>>,
    options: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (work, listener) = work(paths, progress, options)?;
    awaitable(py, work, move |py, report| {
        dictionaries(py, listener.raise_pending(report)?)
    })
}

fn dictionaries(py: Python<'_>, report: Report<Verified>) -> PyResult<Py<PyList>> {
    outcomes(py, report, |dict, verified| {
        dict.set_item("counts", verified.counts)?;
        dict.set_item("problems", verified.problems)?;
        dict.set_item("warnings", verified.warnings)
    })
}
