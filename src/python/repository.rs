//! One repository.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::error::instance;
use super::keywords::{Keyword, Keywords};
use super::options;
use super::records::RecordStream;
use super::rows::text;
use super::runtime::{GilYielder, awaitable, block};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::edge::inputs;
use crate::edge::network::Network;
use crate::error::{Error, Result};
use crate::git::{HistoryOptions, MissingBlobs, OpenOptions, Reference, Repo};
use crate::git_string::GitString;
use crate::mutex::lock;
use crate::remote::{PrefetchFor, prefetch};
use crate::table::{self, Records, SchemaRef};
use crate::workers::Workers;

/// One repository on disk.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct Repository {
    /// The repository, and the process whose threads it uses. A forked child does not have these
    /// threads and opens the repository again.
    opened: Mutex<(u32, Arc<Repo>)>,
    /// The path as given, made absolute: the current directory may change later.
    given: PathBuf,
    trust: bool,
    threads: usize,
}

#[pymethods]
impl Repository {
    #[new]
    #[pyo3(signature = (path, **options))]
    fn new(path: &Bound<'_, PyAny>, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let py = path.py();
        let path: PathBuf = Keyword::read("path", path)?;
        let (mut trust, mut threads) = (false, 0);
        let mut keywords = Keywords::new(py, options);
        keywords.set("trust", &mut trust)?;
        keywords.set("threads", &mut threads)?;
        keywords.finish()?;
        let given = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
        let repo = open(py, path, trust, threads)?;
        Ok(Self {
            opened: Mutex::new((std::process::id(), Arc::new(repo))),
            given,
            trust,
            threads,
        })
    }

    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<PathBuf> {
        Ok(self.repo(py)?.path().to_owned())
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.repo(py)?.name().to_owned())
    }

    #[getter]
    fn is_bare(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.repo(py)?.is_bare())
    }

    fn is_shallow(&self, py: Python<'_>) -> PyResult<bool> {
        let repo = self.repo(py)?;
        block(py, move |_| repo.is_shallow())
    }

    /// The commit that `HEAD` points to; `None` if its branch does not exist yet.
    fn head(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let repo = self.repo(py)?;
        let head = block(py, move |_| repo.head())?;
        Ok(head.commit_id().map(|id| id.to_string()))
    }

    fn head_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let repo = self.repo(py)?;
        awaitable(
            py,
            move |_| repo.head(),
            |_, head| Ok(head.commit_id().map(|id| id.to_string())),
        )
    }

    /// Name, target and peeled target of each ref, sorted by name.
    fn refs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let repo = self.repo(py)?;
        list_of_refs(py, block(py, move |_| repo.refs())?)
    }

    fn refs_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let repo = self.repo(py)?;
        awaitable(
            py,
            move |_| repo.refs(),
            |py, refs| Ok(list_of_refs(py, refs)?.unbind()),
        )
    }

    /// Name and reason of each ref that cannot be read.
    fn broken_refs(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        let repo = self.repo(py)?;
        let broken = block(py, move |_| repo.broken_refs())?.into_iter();
        Ok(broken
            .map(|one| (one.name.to_string(), one.reason))
            .collect())
    }

    fn rev_parse(&self, py: Python<'_>, revision: String) -> PyResult<String> {
        let repo = self.repo(py)?;
        block(py, move |_| repo.rev_parse(&revision)).map(|id| id.to_string())
    }

    fn rev_parse_async<'py>(
        &self,
        py: Python<'py>,
        revision: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let repo = self.repo(py)?;
        awaitable(
            py,
            move |_| repo.rev_parse(&revision),
            |_, id| Ok(id.to_string()),
        )
    }

    /// Paths of the files at a revision, in git's order.
    fn files<'py>(
        &self,
        py: Python<'py>,
        patterns: Vec<OsString>,
        revision: String,
    ) -> PyResult<Bound<'py, PyList>> {
        let (repo, patterns) = (self.repo(py)?, pathspecs(patterns));
        let files = block(py, move |_| repo.files(&revision, &patterns))?;
        list_of_paths(py, &files)
    }

    fn files_async<'py>(
        &self,
        py: Python<'py>,
        patterns: Vec<OsString>,
        revision: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (repo, patterns) = (self.repo(py)?, pathspecs(patterns));
        awaitable(
            py,
            move |_| repo.files(&revision, &patterns),
            |py, files| Ok(list_of_paths(py, &files)?.unbind()),
        )
    }

    #[pyo3(signature = (**options))]
    fn commits(
        &self,
        py: Python<'_>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<RecordStream> {
        let work = self.history(py, options, table::commits)?;
        stream(py, work)
    }

    #[pyo3(signature = (**options))]
    fn changes(
        &self,
        py: Python<'_>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<RecordStream> {
        let work = self.history(py, options, table::changes)?;
        stream(py, work)
    }

    /// Like `commits`, but awaitable. All rows are in memory when it is done.
    #[pyo3(signature = (**options))]
    fn commits_async<'py>(
        &self,
        py: Python<'py>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let work = self.history(py, options, table::commits)?;
        awaitable(py, collected(work), |_, stream| Ok(stream))
    }

    /// Like `changes`, but awaitable. All rows are in memory when it is done.
    #[pyo3(signature = (**options))]
    fn changes_async<'py>(
        &self,
        py: Python<'py>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let work = self.history(py, options, table::changes)?;
        awaitable(py, collected(work), |_, stream| Ok(stream))
    }

    /// Returns the stream, and a list that receives `(path, exception)` for each file that cannot
    /// be blamed.
    #[pyo3(signature = (paths, is_strict, **options))]
    fn blame(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyAny>,
        is_strict: bool,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<(RecordStream, Failures)> {
        let (work, failures) = self.blame_work(paths, options, is_strict)?;
        Ok((stream(py, work)?, failures))
    }

    /// Like `blame`, but awaitable. All rows have been read when it is done.
    #[pyo3(signature = (paths, is_strict, **options))]
    fn blame_async<'py>(
        &self,
        py: Python<'py>,
        paths: &Bound<'py, PyAny>,
        is_strict: bool,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (work, failures) = self.blame_work(paths, options, is_strict)?;
        awaitable(py, collected(work), |_, stream| Ok((stream, failures)))
    }
}

impl Repository {
    fn repo(&self, py: Python<'_>) -> PyResult<Arc<Repo>> {
        let here = std::process::id();
        let (process, repo) = {
            let opened = lock(&self.opened);
            (opened.0, Arc::clone(&opened.1))
        };
        if process == here {
            return Ok(repo);
        }
        let anew = Arc::new(open(py, self.given.clone(), self.trust, self.threads)?);
        let mut opened = lock(&self.opened);
        // Dropping the old repository would wait for its threads, which this process does not have.
        std::mem::forget(std::mem::replace(&mut *opened, (here, Arc::clone(&anew))));
        Ok(anew)
    }

    fn history(
        &self,
        py: Python<'_>,
        options: Option<&Bound<'_, PyDict>>,
        table: fn(&Repo, &HistoryOptions) -> Result<Records>,
    ) -> PyResult<impl FnOnce(&CancelToken) -> Result<Records> + Send + use<>> {
        let mut keywords = Keywords::new(py, options);
        let options = options::history(&mut keywords)?;
        keywords.finish()?;
        let repo = self.repo(py)?;
        Ok(move |cancel: &CancelToken| {
            if options.missing == MissingBlobs::Fetch {
                fetch(&repo, &PrefetchFor::Commits(options.clone()), cancel)?;
            }
            let context = Context::new().cancelled_by(cancel);
            table(&repo.with_context(&context), &options)
        })
    }

    /// If `is_strict`, the stream ends with the error of the first file that cannot be blamed.
    fn blame_work(
        &self,
        paths: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
        is_strict: bool,
    ) -> PyResult<(
        impl FnOnce(&CancelToken) -> Result<Records> + Send + use<>,
        Failures,
    )> {
        let py = paths.py();
        let paths: Option<Vec<PathBuf>> = Keyword::read("paths", paths)?;
        let mut keywords = Keywords::new(py, options);
        let mut options = options::blame(&mut keywords)?;
        keywords.finish()?;
        let repo = self.repo(py)?;
        let failures = Failures::default();
        let keep = Arc::clone(&failures.0);
        let failed = Failures(Arc::clone(&failures.0));
        let work = move |cancel: &CancelToken| {
            options.paths = paths.map(|paths| inside(&repo, &paths)).transpose()?;
            if options.missing == MissingBlobs::Fetch {
                fetch(&repo, &PrefetchFor::Blame(options.clone()), cancel)?;
            }
            let on_failure = move |path: &[u8], error: Error| {
                lock(&keep).push((path.to_owned(), error));
            };
            let records = table::blame(
                &repo.with_context(&Context::new().cancelled_by(cancel)),
                &options,
                on_failure,
            )?;
            if !is_strict {
                return Ok(records);
            }
            let schema = SchemaRef::clone(records.schema());
            let first = std::iter::once_with(move || failed.first().map(Err)).flatten();
            Ok(Records::new(schema, records.chain(first)))
        };
        Ok((work, failures))
    }
}

fn pathspecs(patterns: Vec<OsString>) -> Vec<GitString> {
    let patterns = patterns.into_iter();
    patterns
        .map(|pattern| pattern.into_encoded_bytes().into())
        .collect()
}

fn list_of_refs(py: Python<'_>, found: Vec<Reference>) -> PyResult<Bound<'_, PyList>> {
    let refs = PyList::empty(py);
    let mut yielder = GilYielder::new(py)?;
    for reference in found {
        yielder.turn()?;
        let name = text(py, &reference.name)?;
        let (target, peeled) = (reference.target_id, reference.peeled_id);
        refs.append((name, target.to_string(), peeled.to_string()))?;
    }
    Ok(refs)
}

/// The paths as Python's text.
pub(super) fn list_of_paths<'py>(
    py: Python<'py>,
    files: &[GitString],
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut yielder = GilYielder::new(py)?;
    for file in files {
        yielder.turn()?;
        list.append(text(py, file)?)?;
    }
    Ok(list)
}

/// Returns a closure that runs `work` and reads all rows of its stream into memory. The new stream
/// has no running work to cancel.
fn collected(
    work: impl FnOnce(&CancelToken) -> Result<Records> + Send,
) -> impl FnOnce(&CancelToken) -> Result<RecordStream> + Send {
    move |cancel| {
        let records = work(cancel)?.collected();
        Ok(RecordStream::new(records, CancelToken::new()))
    }
}

fn open(py: Python<'_>, path: PathBuf, trust: bool, threads: usize) -> PyResult<Repo> {
    block(py, move |_| {
        let workers = Workers::new(threads)?;
        let options = OpenOptions::new().trust(inputs::trust(trust));
        Repo::open(path, &options.workers(workers))
    })
}

/// Fetches the objects that `job` will read, with the network settings of the environment.
fn fetch(repo: &Repo, job: &PrefetchFor, cancel: &CancelToken) -> Result<()> {
    let options = Network::default().clone_options();
    prefetch(repo, job, &options, &Context::new().cancelled_by(cancel)).map(|_| ())
}

fn inside(repo: &Repo, paths: &[PathBuf]) -> Result<Vec<GitString>> {
    paths.iter().map(|path| repo.path_in_repo(path)).collect()
}

/// Starts a stream with the GIL released. The stream keeps the token, so closing it stops the work.
fn stream(
    py: Python<'_>,
    start: impl FnOnce(&CancelToken) -> Result<Records> + Send + 'static,
) -> PyResult<RecordStream> {
    block(py, move |cancel| {
        let records = start(cancel)?;
        Ok(RecordStream::new(records, cancel.clone()))
    })
}

type FailedPaths = Vec<(Vec<u8>, Error)>;

/// The files that could not be blamed, among those read so far.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
#[derive(Default)]
pub(super) struct Failures(Arc<Mutex<FailedPaths>>);

impl Failures {
    fn first(&self) -> Option<Error> {
        let mut failures = lock(&self.0);
        (!failures.is_empty()).then(|| failures.swap_remove(0).1)
    }
}

#[pymethods]
impl Failures {
    /// The path and the exception of each file.
    fn all<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let failures = lock(&self.0);
        failures
            .iter()
            .map(|(path, error)| Ok((text(py, path)?, instance(py, error)?)))
            .collect()
    }
}
