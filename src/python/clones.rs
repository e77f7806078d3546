//! `Fleet`: many clones below one directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::{instance, to_py};
use super::options::{Network, choice, github_token, seconds, trust};
use super::progress::Listener;
use super::rows::text;
use super::runtime::{GilYielder, awaitable, block};
use crate::cancel::CancelToken;
use crate::edge::inputs::look_up;
use crate::error::{Error, Result};
use crate::fleet::{self, Cloned, FleetOptions, IfExists, Report};
use crate::remote::{CloneOptions, FetchTags, Filter, UpdateFiles, UpdateOutcome, Worktree};

/// How to clone, as the Python package collected it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Cloning<'py> {
    shape: String,
    branch: Option<String>,
    single_branch: bool,
    depth: Option<u32>,
    shallow_since: Option<Bound<'py, PyAny>>,
    filter: Option<String>,
    tags: bool,
    refspecs: Vec<String>,
    update_files: String,
    max_bytes: Option<u64>,
    max_objects: Option<u64>,
    max_seconds: Option<f64>,
    min_free_bytes: u64,
    trust: bool,
    network: Network,
}

impl Cloning<'_> {
    pub(super) fn options(self) -> PyResult<CloneOptions> {
        let invalid = |what: String, reason: &str| to_py(&Error::invalid(what, reason));
        let mut options = self.network.options(trust(self.trust))?;
        options.worktree = choice(
            "shape",
            &self.shape,
            &[
                ("files", Worktree::CheckedOut),
                ("bare", Worktree::Bare),
                ("mirror", Worktree::Mirror),
            ],
        )?;
        options.branch = self.branch;
        options.single_branch = self.single_branch;
        options.depth = match self.depth.map(std::num::NonZeroU32::new) {
            Some(None) => return Err(invalid("depth 0".to_owned(), "must be 1 or more")),
            depth => depth.flatten(),
        };
        options.shallow_since = self.shallow_since.as_ref().map(seconds).transpose()?;
        let filters = [("blob:none", Filter::Blobs), ("tree:0", Filter::Trees)];
        options.filter = self
            .filter
            .map(|name| choice("filter", &name, &filters))
            .transpose()?;
        if !self.tags {
            options.tags = FetchTags::None;
        }
        options.refspecs = self.refspecs;
        options.update_files = choice(
            "update_files",
            &self.update_files,
            &[
                ("forward", UpdateFiles::Forward),
                ("keep", UpdateFiles::Keep),
                ("overwrite", UpdateFiles::Overwrite),
            ],
        )?;
        options.limits.bytes = self.max_bytes;
        options.limits.objects = self.max_objects;
        let duration = |seconds: f64| {
            Duration::try_from_secs_f64(seconds)
                .map_err(|error| invalid(format!("max_seconds {seconds}"), &error.to_string()))
        };
        options.limits.time = self.max_seconds.map(duration).transpose()?;
        options.limits.free_disk_bytes = self.min_free_bytes;
        Ok(options)
    }
}

/// How many at once, and how often.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Crew {
    jobs: usize,
    jobs_per_host: usize,
    retries: u32,
    retry_wait: f64,
}

impl Crew {
    pub(super) fn options(&self) -> PyResult<FleetOptions> {
        let mut options = FleetOptions::default();
        options.jobs = self.jobs.max(1);
        options.jobs_per_host = self.jobs_per_host.max(1);
        options.retry.attempts = self.retries.saturating_add(1);
        let wait = Duration::try_from_secs_f64(self.retry_wait);
        options.retry.first_wait = wait.map_err(|error| {
            let what = format!("retry_wait {}", self.retry_wait);
            to_py(&Error::invalid(what, error.to_string()))
        })?;
        Ok(options)
    }
}

/// Clones below one directory.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct Fleet {
    fleet: Arc<fleet::Fleet>,
}

#[pymethods]
impl Fleet {
    #[new]
    #[pyo3(signature = (root, *, existing, cloning, crew))]
    fn new(root: PathBuf, existing: &str, cloning: Cloning<'_>, crew: Crew) -> PyResult<Self> {
        let mut fleet = fleet::Fleet::new(root);
        fleet.options = cloning.options()?;
        fleet.fleet = crew.options()?;
        fleet.existing = choice(
            "existing",
            existing,
            &[
                ("keep", IfExists::Keep),
                ("update", IfExists::Update),
                ("refuse", IfExists::Refuse),
            ],
        )?;
        Ok(Self {
            fleet: Arc::new(fleet),
        })
    }

    fn clone(
        &self,
        py: Python<'_>,
        urls: Vec<PathBuf>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyList>> {
        let listener = Listener::new(progress);
        let done = block(py, self.cloning(urls, &listener))?;
        clones(py, listener.raise_pending(done)?)
    }

    fn clone_async<'py>(
        &self,
        py: Python<'py>,
        urls: Vec<PathBuf>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let listener = Listener::new(progress);
        let work = self.cloning(urls, &listener);
        awaitable(py, work, move |py, done| {
            clones(py, listener.raise_pending(done)?)
        })
    }

    fn update(
        &self,
        py: Python<'_>,
        paths: Vec<PathBuf>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyList>> {
        let listener = Listener::new(progress);
        let done = block(py, self.updating(paths, &listener))?;
        updates(py, listener.raise_pending(done)?)
    }

    fn update_async<'py>(
        &self,
        py: Python<'py>,
        paths: Vec<PathBuf>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let listener = Listener::new(progress);
        let work = self.updating(paths, &listener);
        awaitable(py, work, move |py, done| {
            updates(py, listener.raise_pending(done)?)
        })
    }
}

impl Fleet {
    fn cloning(
        &self,
        urls: Vec<PathBuf>,
        listener: &Listener,
    ) -> impl FnOnce(&CancelToken) -> Result<Option<Report<Cloned>>> + Send + use<> {
        let (fleet, listener) = (Arc::clone(&self.fleet), listener.clone());
        // A path need not be text; what is none names nothing.
        let urls: Vec<String> = urls
            .iter()
            .map(|url| url.to_string_lossy().into_owned())
            .collect();
        move |cancel| {
            let (targets, refused) = look_up(&urls, github_token(&fleet.options), cancel)?;
            let urls: Vec<_> = targets.iter().map(|target| target.url().clone()).collect();
            let sink = listener.sink(cancel);
            refused.tell(&*sink);
            let report = fleet.clone_all(&urls, &sink, cancel);
            let report = report.and_then(|report| cancel.check().map(|()| report));
            listener.to_result(report.map(|report| refused.put_into(report)))
        }
    }

    fn updating(
        &self,
        paths: Vec<PathBuf>,
        listener: &Listener,
    ) -> impl FnOnce(&CancelToken) -> Result<Option<Report<UpdateOutcome>>> + Send + use<> {
        let (fleet, listener) = (Arc::clone(&self.fleet), listener.clone());
        move |cancel| {
            let report = fleet.update_all(&paths, &listener.sink(cancel), cancel);
            listener.to_result(report.and_then(|report| cancel.check().map(|()| report)))
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
        let name = |name: &Option<Vec<u8>>| name.as_deref().map(|name| text(py, name)).transpose();
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

fn outcomes<T>(
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
