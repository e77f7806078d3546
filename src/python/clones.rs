//! `Fleet`: many clones below one directory.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::instance;
use super::keywords::{Keywords, inputs, paths as paths_of};
use super::options::{self, github_token};
use super::progress::Listener;
use super::rows::text;
use super::runtime::{GilYielder, awaitable, block};
use crate::cancel::CancelToken;
use crate::edge::inputs::look_up;
use crate::error::Result;
use crate::fleet::{self, Cloned, Report};
use crate::git_string::GitString;
use crate::remote::UpdateOutcome;

/// Clones below one directory.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct Fleet {
    fleet: Arc<fleet::Fleet>,
}

#[pymethods]
impl Fleet {
    #[new]
    #[pyo3(signature = (root, **options))]
    fn new(py: Python<'_>, root: PathBuf, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut keywords = Keywords::new(py, options);
        let mut fleet = fleet::Fleet::new(root);
        fleet.options = options::clone(&mut keywords, None)?;
        fleet.fleet = options::fleet(&mut keywords)?;
        keywords.set("existing", &mut fleet.existing)?;
        keywords.finish()?;
        Ok(Self {
            fleet: Arc::new(fleet),
        })
    }

    fn clone(
        &self,
        py: Python<'_>,
        urls: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyList>> {
        let listener = Listener::new(progress);
        let done = block(py, self.cloning(inputs("urls", urls)?, &listener))?;
        clones(py, listener.raise_pending(done)?)
    }

    fn clone_async<'py>(
        &self,
        py: Python<'py>,
        urls: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let listener = Listener::new(progress);
        let work = self.cloning(inputs("urls", urls)?, &listener);
        awaitable(py, work, move |py, done| {
            clones(py, listener.raise_pending(done)?)
        })
    }

    fn update(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyList>> {
        let listener = Listener::new(progress);
        let done = block(py, self.updating(paths_of("paths", paths)?, &listener))?;
        updates(py, listener.raise_pending(done)?)
    }

    fn update_async<'py>(
        &self,
        py: Python<'py>,
        paths: &Bound<'_, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let listener = Listener::new(progress);
        let work = self.updating(paths_of("paths", paths)?, &listener);
        awaitable(py, work, move |py, done| {
            updates(py, listener.raise_pending(done)?)
        })
    }
}

impl Fleet {
    fn cloning(
        &self,
        urls: Vec<String>,
        listener: &Listener,
    ) -> impl FnOnce(&CancelToken) -> Result<Option<Report<Cloned>>> + Send + use<> {
        let (fleet, listener) = (Arc::clone(&self.fleet), listener.clone());
        move |cancel| {
            let targets = look_up(&urls, github_token(&fleet.options), cancel)?;
            let urls = targets
                .into_iter()
                .map(|input| input.map(|target| target.url().clone()));
            let report = fleet.clone_all(urls, &listener.context(cancel));
            listener.to_result(report.and_then(|report| cancel.check().map(|()| report)))
        }
    }

    fn updating(
        &self,
        paths: Vec<PathBuf>,
        listener: &Listener,
    ) -> impl FnOnce(&CancelToken) -> Result<Option<Report<UpdateOutcome>>> + Send + use<> {
        let (fleet, listener) = (Arc::clone(&self.fleet), listener.clone());
        move |cancel| {
            let report = fleet.update_all(&paths, &listener.context(cancel));
            listener.to_result(cancel.check().map(|()| report))
        }
    }
}

fn clones(py: Python<'_>, report: Report<Cloned>) -> PyResult<Py<PyList>> {
    outcomes(py, report, |dict, cloned| {
        dict.set_item("path", cloned.path.into_os_string())?;
        dict.set_item("head", cloned.head.map(|id| id.to_string()))?;
        dict.set_item("received_bytes", cloned.received_bytes)?;
        dict.set_item("final_url", cloned.final_url)?;
        dict.set_item("was_there", cloned.was_there)?;
        dict.set_item("warnings", cloned.warnings)
    })
}

fn updates(py: Python<'_>, report: Report<UpdateOutcome>) -> PyResult<Py<PyList>> {
    outcomes(py, report, |dict, updated| {
        let refs = PyList::empty(py);
        for one in &updated.refs {
            let id = |id: Option<crate::git::ObjectId>| id.map(|id| id.to_string());
            let name = text(py, &one.name)?;
            refs.append((name, one.change.name(), id(one.old_id), id(one.new_id)))?;
        }
        let name =
            |name: &Option<GitString>| name.as_deref().map(|name| text(py, name)).transpose();
        dict.set_item("url", &updated.url)?;
        dict.set_item("head", updated.head.map(|id| id.to_string()))?;
        dict.set_item("was_rewritten", updated.was_rewritten())?;
        dict.set_item("refs", refs)?;
        dict.set_item("new_default_branch", name(&updated.new_default_branch)?)?;
        dict.set_item("forwarded_branch", name(&updated.forwarded_branch)?)?;
        dict.set_item("received_bytes", updated.received_bytes)?;
        dict.set_item("warnings", updated.warnings)
    })
}

/// Returns a dictionary per outcome: the target, attempts and seconds, and what `fill` adds, or the
/// error.
pub(super) fn outcomes<T>(
    py: Python<'_>,
    report: Report<T>,
    fill: impl Fn(&Bound<'_, PyDict>, T) -> PyResult<()>,
) -> PyResult<Py<PyList>> {
    let list = PyList::empty(py);
    let mut yielder = GilYielder::new(py)?;
    for outcome in report.outcomes {
        yielder.turn()?;
        let dict = PyDict::new(py);
        dict.set_item("target", outcome.input)?;
        dict.set_item("attempts", outcome.attempts)?;
        dict.set_item("seconds", outcome.seconds)?;
        match outcome.result {
            Ok(done) => fill(&dict, done)?,
            Err(error) => dict.set_item("error", instance(py, &error)?)?,
        }
        list.append(dict)?;
    }
    Ok(list.unbind())
}
