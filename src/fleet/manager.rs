//! Clones of a list of repositories, each with a state that can be read while the clones run.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::clones::Fleet;
use super::input::Input;
use super::run::{FleetOptions, run};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::mutex::lock;
use crate::progress::{EndStatus, Phase, Progress, ProgressSink};
use crate::remote::{CloneOptions, clone_repo};
use crate::remote_url::{RemoteUrl, without_user_info};

/// The state of one clone.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CloneState {
    /// Not started.
    Queued,
    /// Under way.
    Cloning {
        /// Progress in percent, from 0 to 99; it never decreases.
        percent: u8,
    },
    /// Done.
    Completed,
    /// Failed, for this reason.
    Failed {
        /// The error in one line, without credentials.
        error: String,
    },
}

/// One repository of a [`RepoManager`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct CloneTask {
    /// The address as given, without its credentials.
    pub url: String,
    /// The state of the clone.
    pub state: CloneState,
    /// The directory of the clone, once completed.
    pub directory: Option<PathBuf>,
}

/// Clones repositories into temporary directories and keeps track of them.
///
/// The directories live until [`RepoManager::cleanup`] or until the manager is dropped.
pub struct RepoManager {
    urls: Vec<String>,
    /// The options of the clones. The field `root` is not used, because each clone has a temporary
    /// directory.
    fleet: Fleet,
    tasks: Arc<Mutex<HashMap<String, ManagedClone>>>,
}

struct ManagedClone {
    task: CloneTask,
    /// Its position among all tasks.
    place: usize,
    directory: Option<Temporary>,
}

/// The directory of a clone. Dropping it removes the directory, but only in the process that
/// created it, not in a fork of that process.
struct Temporary {
    directory: tempfile::TempDir,
    process: u32,
}

impl Temporary {
    fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("gitfleet-").tempdir();
        Ok(Self {
            directory: directory.map_err(Error::storage(
                "create a directory in",
                std::env::temp_dir(),
            ))?,
            process: std::process::id(),
        })
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(self.path()).map_err(Error::storage("remove", self.path()))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_ours() {
            self.directory.disable_cleanup(true);
        }
    }
}

impl RepoManager {
    /// Makes a manager with `urls` queued. Addresses are parsed when they are cloned: an invalid
    /// one makes its task fail.
    pub fn new(urls: Vec<String>, options: CloneOptions, fleet: FleetOptions) -> Self {
        let mut clones = Fleet::new("");
        clones.options = options;
        clones.fleet = fleet;
        let manager = Self {
            fleet: clones,
            tasks: Arc::default(),
            urls,
        };
        for url in &manager.urls {
            manager.enqueue(url);
        }
        manager
    }

    /// Clones every address that has no clone yet. Failures are recorded as states of the tasks.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] only.
    pub fn clone_all(&self, context: &Context) -> Result<()> {
        self.clone_each(&self.urls, context)
    }

    /// Clones each of `urls` that has no clone yet, as [`RepoManager::clone_all`] does. The
    /// addresses need not have been passed to [`RepoManager::new`].
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`] only.
    pub fn clone_each(&self, urls: &[String], context: &Context) -> Result<()> {
        let mut urls = once_each(urls);
        urls.retain(|url| self.enqueue(url));
        let inputs = urls
            .iter()
            .map(|given| Input::<RemoteUrl>::from(given).map(|url| (given.as_str(), url)))
            .collect();
        let options = self.fleet.shared();
        let host = |(_, url): &(&str, RemoteUrl)| url.host().to_owned();
        let work = |(given, url): &(&str, RemoteUrl)| self.attempt(given, url, &options, context);
        let on_end = |place: usize, name: &str, result: &Result<()>| {
            self.ended(urls[place], name, result, context);
        };
        let cancel = &context.cancel;
        run(inputs, host, &self.fleet.fleet, cancel, work, on_end);
        cancel.check()
    }

    /// Clones one address, which need not have been passed to [`RepoManager::new`].
    ///
    /// # Errors
    ///
    /// Those of [`clone_repo`]; the state of the task records them too.
    pub fn clone_one(&self, url: &str, context: &Context) -> Result<()> {
        let attempt = |parsed| self.attempt(url, &parsed, &self.fleet.options, context);
        let result = RemoteUrl::parse(url).and_then(attempt);
        self.ended(url, &shown(url), &result, context);
        result
    }

    /// Clones `url` into a new temporary directory, and updates the task of the address `given`.
    fn attempt(
        &self,
        given: &str,
        url: &RemoteUrl,
        options: &CloneOptions,
        context: &Context,
    ) -> Result<()> {
        self.start(given);
        let reported = context.clone().reported_to(Arc::new(TaskProgress {
            url: given.to_owned(),
            tasks: Arc::clone(&self.tasks),
            sink: Arc::clone(&context.progress),
        }));
        let directory = Temporary::new()?;
        let into = directory.path().join(url.key().name);
        clone_repo(url, &into, options, &reported)?;
        let mut tasks = self.lock();
        let managed = entry(&mut tasks, given);
        managed.task.directory = Some(into);
        managed.task.state = CloneState::Completed;
        managed.directory = Some(directory);
        Ok(())
    }

    /// Records the failure of a task, and reports the end of its work.
    fn ended(&self, given: &str, name: &str, result: &Result<()>, context: &Context) {
        let status = match result {
            Ok(()) => EndStatus::Done,
            Err(error) => {
                let error = error.report();
                self.set(
                    given,
                    CloneState::Failed {
                        error: error.clone(),
                    },
                );
                EndStatus::Failed(error)
            }
        };
        context.progress.ended(name, &status);
    }

    /// The options of the clones.
    pub fn clone_options(&self) -> &CloneOptions {
        &self.fleet.options
    }

    /// Every task with its address as given, in the order of the addresses.
    pub fn tasks(&self) -> Vec<(String, CloneTask)> {
        let tasks = self.lock();
        let mut all: Vec<_> = tasks.iter().collect();
        all.sort_by_key(|(_, entry)| entry.place);
        all.into_iter()
            .map(|(url, entry)| (url.clone(), entry.task.clone()))
            .collect()
    }

    /// Removes the clones and queues their tasks again. Returns one result per address that had a
    /// clone, in the order of the addresses. A forked process does not remove the clones of its
    /// parent.
    pub fn cleanup(&self) -> Vec<(String, Result<()>)> {
        let mut tasks = self.lock();
        let mut all: Vec<_> = tasks.iter_mut().collect();
        all.sort_by_key(|(_, entry)| entry.place);
        let mut results = Vec::new();
        for (url, entry) in all {
            let Some(directory) = entry.directory.take_if(|it| it.is_ours()) else {
                continue;
            };
            results.push((url.clone(), directory.remove()));
            entry.task.directory = None;
            entry.task.state = CloneState::Queued;
        }
        results
    }

    /// Queues an address. Returns false if it has a clone already.
    fn enqueue(&self, url: &str) -> bool {
        let mut tasks = self.lock();
        let task = &mut entry(&mut tasks, url).task;
        if task.state == CloneState::Completed {
            return false;
        }
        task.state = CloneState::Queued;
        true
    }

    fn set(&self, url: &str, state: CloneState) {
        entry(&mut self.lock(), url).task.state = state;
    }

    /// Marks a task as being cloned. A retry continues with the percentage of the attempt before.
    fn start(&self, url: &str) {
        let mut tasks = self.lock();
        let task = &mut entry(&mut tasks, url).task;
        if !matches!(task.state, CloneState::Cloning { .. }) {
            task.state = CloneState::Cloning { percent: 0 };
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, ManagedClone>> {
        lock(&self.tasks)
    }
}

/// Returns the task of an address. If there is none, a queued task is added.
fn entry<'a>(tasks: &'a mut HashMap<String, ManagedClone>, url: &str) -> &'a mut ManagedClone {
    let place = tasks.len();
    tasks.entry(url.to_owned()).or_insert_with(|| ManagedClone {
        task: CloneTask {
            url: shown(url),
            state: CloneState::Queued,
            directory: None,
        },
        place,
        directory: None,
    })
}

/// A sink that converts phases to one percentage for the task.
struct TaskProgress {
    url: String,
    tasks: Arc<Mutex<HashMap<String, ManagedClone>>>,
    /// The sink of the caller, which receives all events too.
    sink: Arc<dyn ProgressSink>,
}

impl ProgressSink for TaskProgress {
    fn progress(&self, event: Progress) {
        // The percentage at which the phase starts, and how many percent of the clone it takes.
        let (start, share) = match event.phase {
            Phase::Connecting => (0, 0),
            Phase::Receiving => (0, 60),
            Phase::Resolving => (60, 25),
            Phase::CheckingOut => (85, 14),
            Phase::Commits | Phase::Blame | Phase::Finishing => (99, 0),
        };
        let part = event
            .total
            .filter(|&total| total > 0)
            .map_or(0, |total| event.done.min(total) * share / total);
        let now = u8::try_from(start + part).unwrap_or(99);
        let mut tasks = lock(&self.tasks);
        if let Some(CloneState::Cloning { percent }) =
            tasks.get_mut(&self.url).map(|entry| &mut entry.task.state)
        {
            *percent = now.max(*percent);
        }
        drop(tasks);
        self.sink.progress(event);
    }
}

/// The addresses in order, without duplicates.
fn once_each(urls: &[String]) -> Vec<&String> {
    let mut seen = HashSet::new();
    urls.iter().filter(|url| seen.insert(*url)).collect()
}

/// The address without its credentials, even if it cannot be parsed.
fn shown(url: &str) -> String {
    RemoteUrl::parse(url).map_or_else(|_| without_user_info(url), |parsed| parsed.to_string())
}
