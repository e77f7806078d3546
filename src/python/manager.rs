//! The native part of `RepoManager`: clones and their states, and rows as dictionaries in the
//! format of the former GitFleet package.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::blame_lines::{LineStream, dicts, lines};
use super::commit_dicts::commit_dicts;
use super::dict_stream::{DictStream, Source};
use super::error::to_py;
use super::keywords::{Keywords, inputs};
use super::options;
use super::progress::{Listener, is_in_callback_of};
use super::repository::list_of_paths;
use super::runtime::{GilYielder, awaitable, awaitable_until};
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fleet::{CloneState, RepoManager};
use crate::git::{BlameOptions, CommitStream, FileBlame, MissingBlobs, OpenOptions, Repo, Trust};
use crate::git_string::GitString;
use crate::mutex::lock;
use crate::remote::{PrefetchFor, prefetch};

/// Clones repositories into temporary directories and keeps track of them.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct Manager {
    repos: Arc<RepoManager>,
    running: Arc<Running>,
    trust: Trust,
}

#[pymethods]
impl Manager {
    #[new]
    #[pyo3(signature = (urls, username, **options))]
    fn new(
        py: Python<'_>,
        urls: &Bound<'_, PyAny>,
        username: Option<String>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let urls = inputs("urls", urls)?;
        let mut keywords = Keywords::new(py, options);
        let options = options::clone(&mut keywords, username)?;
        let fleet = options::fleet(&mut keywords)?;
        keywords.finish()?;
        let trust = options.trust;
        let manager = py.detach(|| RepoManager::new(urls, options, fleet));
        Ok(Self {
            repos: Arc::new(manager),
            running: Arc::new(Running {
                process: std::process::id(),
                cancels: Mutex::default(),
                ended: Condvar::new(),
            }),
            trust,
        })
    }

    fn clone_all<'py>(
        &self,
        py: Python<'py>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, progress, RepoManager::clone_all)
    }

    fn clone_each<'py>(
        &self,
        py: Python<'py>,
        urls: &Bound<'py, PyAny>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let urls = inputs("urls", urls)?;
        self.run(py, progress, move |manager, context| {
            manager.clone_each(&urls, context)
        })
    }

    fn clone<'py>(
        &self,
        py: Python<'py>,
        url: String,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run(py, progress, move |manager, context| {
            manager.clone_one(&url, context)
        })
    }

    /// Returns `(url, state, percent, error, directory)` for each URL. The keys are the URLs as
    /// given.
    fn tasks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let found = py.detach(|| self.repos.tasks());
        let tasks = PyDict::new(py);
        let mut yielder = GilYielder::new(py)?;
        for (given, task) in found {
            yielder.turn()?;
            let (state, percent, error) = match task.state {
                CloneState::Queued => ("queued", None, None),
                CloneState::Cloning { percent } => ("cloning", Some(percent), None),
                CloneState::Completed => ("completed", None, None),
                CloneState::Failed { error } => ("failed", None, Some(error)),
            };
            let directory = task.directory.map(PathBuf::into_os_string);
            tasks.set_item(given, (task.url, state, percent, error, directory))?;
        }
        Ok(tasks)
    }

    /// Stops running clones and removes all clones. Returns `None` or an error text for each URL
    /// that had a clone.
    fn cleanup<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        if is_in_callback_of(self.owner()) {
            let what = "cleanup in a progress callback";
            let reason = "would wait for its own clone forever; call it after the clone ends";
            return Err(to_py(&Error::invalid(what, reason)));
        }
        let removed = PyDict::new(py);
        let results = py.detach(|| {
            self.running.stop();
            self.repos.cleanup()
        });
        for (url, result) in results {
            removed.set_item(url, result.err().map(|error| error.report()))?;
        }
        Ok(removed)
    }

    #[pyo3(signature = (path, **options))]
    fn extract_commits<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let start = self.history(py, path, options)?;
        let work = move |cancel: &CancelToken| {
            let (repo_name, commits) = start(cancel)?;
            let commits = commits.into_iter().flatten().collect::<Result<Vec<_>>>()?;
            Ok((repo_name, commits))
        };
        awaitable(py, work, |py, (repo_name, commits)| {
            Ok(commit_dicts(py, &repo_name, commits)?.unbind())
        })
    }

    /// Like `extract_commits`, but returns a stream of batches.
    #[pyo3(signature = (path, **options))]
    fn commit_stream<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let start = self.history(py, path, options)?;
        // The token lives as long as the stream, not only as long as the task that opened it.
        let cancel = CancelToken::new();
        let given = cancel.clone();
        let work = move |_: &CancelToken| start(&given);
        awaitable_until(py, cancel.clone(), work, |_, (repo_name, commits)| {
            Ok(DictStream::new(
                Source::Commits(repo_name, commits.map(Box::new)),
                cancel,
            ))
        })
    }

    /// Returns the paths of the files at a revision.
    fn find_files<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        patterns: Vec<OsString>,
        revision: String,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (open, manager) = (self.open(path), Arc::clone(&self.repos));
        let work = move |cancel: &CancelToken| {
            let repo = open()?;
            complete(&repo, &PrefetchFor::Trees, &manager, cancel)?;
            let patterns: Vec<_> = patterns
                .into_iter()
                .map(|pattern| pattern.into_encoded_bytes().into())
                .collect();
            repo.files(&revision, &patterns)
        };
        awaitable(
            py,
            work,
            |py, files| Ok(list_of_paths(py, &files)?.unbind()),
        )
    }

    fn bulk_blame<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        files: Vec<PathBuf>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (open, manager) = (self.open(path), Arc::clone(&self.repos));
        let work = move |cancel: &CancelToken| {
            let repo = open()?;
            let inside: Vec<Result<GitString>> =
                files.iter().map(|file| repo.path_in_repo(file)).collect();
            let mut options = as_the_original();
            let paths: Vec<GitString> = inside.iter().flatten().cloned().collect();
            let are_directories = repo.are_directories("HEAD", &paths)?;
            let files_alone = paths.into_iter().zip(are_directories);
            let files_alone = files_alone.filter(|(_, is_directory)| !is_directory);
            options.paths = Some(files_alone.map(|(path, _)| path).collect());
            complete(
                &repo,
                &PrefetchFor::Blame(options.clone()),
                &manager,
                cancel,
            )?;
            let found = repo
                .with_context(&Context::new().cancelled_by(cancel))
                .blame(&options)?
                .collect::<Result<Vec<_>>>()?;
            let by_path: HashMap<GitString, FileBlame> = found
                .into_iter()
                .map(|file| (file.path.clone(), file))
                .collect();
            let asked: Vec<_> = files.into_iter().zip(inside).collect();
            Ok((asked, by_path))
        };
        awaitable(py, work, |py, (asked, by_path)| {
            let files = PyDict::new(py);
            let mut yielder = GilYielder::new(py)?;
            for (given, path) in asked {
                let value = match path.as_ref().map(|path| by_path.get(path)) {
                    Ok(Some(FileBlame {
                        rows: Ok(rows),
                        content,
                        ..
                    })) => {
                        let lines = lines(rows, content.as_deref().unwrap_or_default());
                        dicts(py, lines.map(|line| (line, None)), &mut yielder)?.into_any()
                    }
                    Ok(Some(FileBlame {
                        rows: Err(error), ..
                    }))
                    | Err(error) => error.report().into_pyobject(py)?.into_any(),
                    Ok(None) => "not a file: give the path of each file"
                        .into_pyobject(py)?
                        .into_any(),
                };
                files.set_item(given.into_os_string(), value)?;
            }
            py.detach(move || drop(by_path)); // dropping it takes a while
            Ok(files.unbind())
        })
    }

    /// Returns a stream of the lines of files as dictionaries. A directory stands for the files
    /// below it; with `only_files` it is an error.
    fn blame_lines<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        files: Vec<PathBuf>,
        only_files: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (open, manager) = (self.open(path), Arc::clone(&self.repos));
        // The token lives as long as the stream, not only as long as the task that opened it.
        let cancel = CancelToken::new();
        let given = cancel.clone();
        let work = move |_: &CancelToken| {
            let repo = open()?;
            let inside = files.iter().map(|file| repo.path_in_repo(file));
            let inside = inside.collect::<Result<Vec<_>>>()?;
            let mut options = as_the_original();
            let directory = if only_files {
                let are_directories = repo.are_directories("HEAD", &inside)?;
                are_directories
                    .iter()
                    .position(|is_directory| *is_directory)
            } else {
                None
            };
            if let Some(at) = directory {
                let what = format!("path {}", files[at].display());
                let reason = "is a directory; name a file, or ask for a stream of lines";
                return Err(Error::invalid(what, reason));
            }
            options.paths = Some(inside);
            complete(
                &repo,
                &PrefetchFor::Blame(options.clone()),
                &manager,
                &given,
            )?;
            repo.with_context(&Context::new().cancelled_by(&given))
                .blame(&options)
        };
        awaitable_until(py, cancel.clone(), work, |_, stream| {
            Ok(DictStream::new(
                Source::Lines(Box::new(LineStream::new(stream))),
                cancel,
            ))
        })
    }
}

/// The running clones.
struct Running {
    /// The process whose threads do the cloning. A forked child does not have these threads.
    process: u32,
    cancels: Mutex<Vec<(u64, CancelToken)>>,
    ended: Condvar,
}

struct One {
    running: Arc<Running>,
    number: u64,
}

impl Running {
    fn enter(self: &Arc<Self>, cancel: &CancelToken) -> One {
        let mut cancels = lock(&self.cancels);
        let number = cancels.last().map_or(0, |(number, _)| number + 1);
        cancels.push((number, cancel.clone()));
        let running = Arc::clone(self);
        One { running, number }
    }

    /// Cancels all running clones, and returns when they have ended.
    fn stop(&self) {
        if self.process != std::process::id() {
            return;
        }
        let cancels = lock(&self.cancels);
        cancels.iter().for_each(|(_, cancel)| cancel.cancel());
        let is_busy = |cancels: &mut Vec<_>| !cancels.is_empty();
        drop(self.ended.wait_while(cancels, is_busy));
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let mut cancels = lock(&self.running.cancels);
        cancels.retain(|(number, _)| *number != self.number);
        self.running.ended.notify_all();
    }
}

impl Manager {
    /// A number that identifies this manager.
    fn owner(&self) -> usize {
        Arc::as_ptr(&self.running).addr()
    }

    fn run<'py>(
        &self,
        py: Python<'py>,
        progress: Option<Py<PyAny>>,
        work: impl FnOnce(&RepoManager, &Context) -> Result<()> + Send + 'static,
    ) -> PyResult<Bound<'py, PyAny>> {
        let manager = Arc::clone(&self.repos);
        let listener = Listener::of(self.owner(), progress);
        let heard = listener.clone();
        let cancel = CancelToken::new();
        // The work is registered before a thread starts it, because `cleanup` may be called in
        // between.
        let one = self.running.enter(&cancel);
        let work = move |cancel: &CancelToken| {
            let _one = one;
            let done = work(&manager, &heard.context(cancel));
            heard.to_result(done)
        };
        awaitable_until(py, cancel, work, move |py, done| {
            listener.raise_pending(done)?;
            Ok(py.None())
        })
    }

    /// Returns a closure that opens a repository and returns its name and its commits. The commits
    /// are `None` if the repository is empty.
    fn history(
        &self,
        py: Python<'_>,
        path: PathBuf,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<impl FnOnce(&CancelToken) -> Result<(String, Option<CommitStream>)> + Send + use<>>
    {
        let (open, manager) = (self.open(path), Arc::clone(&self.repos));
        let mut keywords = Keywords::new(py, options);
        let options = options::history(&mut keywords)?;
        keywords.finish()?;
        Ok(move |cancel: &CancelToken| {
            let repo = open()?;
            let name = repo.name().to_owned();
            if options.rev.is_empty() && repo.is_empty()? {
                return Ok((name, None));
            }
            if options.missing == MissingBlobs::Fetch {
                complete(
                    &repo,
                    &PrefetchFor::Commits(options.clone()),
                    &manager,
                    cancel,
                )?;
            }
            let context = Context::new().cancelled_by(cancel);
            let commits = repo.with_context(&context).commits(&options)?;
            Ok((name, Some(commits)))
        })
    }

    fn open(&self, path: PathBuf) -> impl FnOnce() -> Result<Repo> + Send + use<> {
        let options = OpenOptions::new().trust(self.trust);
        move || Repo::open(path, &options)
    }
}

/// Fetches the objects that `needed` will read and that a partial clone lacks.
fn complete(
    repo: &Repo,
    needed: &PrefetchFor,
    manager: &RepoManager,
    cancel: &CancelToken,
) -> Result<()> {
    let context = Context::new().cancelled_by(cancel);
    prefetch(repo, needed, manager.clone_options(), &context).map(|_| ())
}

/// The blame options of the former GitFleet package: names as committed, and each line with its
/// content.
fn as_the_original() -> BlameOptions {
    BlameOptions::new().mailmap(false).lines(true)
}
