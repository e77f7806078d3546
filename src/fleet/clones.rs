//! A directory tree of clones: creating and updating them.

use std::path::{Path, PathBuf};

use super::existing::is_clone_of;
use super::input::Input;
use super::outcome::Report;
use super::place_lock::lock_place;
use super::repeats;
use super::run::{FleetOptions, run};
use crate::choice::choices;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::ObjectId;
use crate::progress::EndStatus;
use crate::remote::{
    CloneOptions, UpdateOutcome, clone_repo, origin, remove_leftovers, update_repo,
};
use crate::remote_url::{RemoteUrl, without_user_info};

choices! {
    /// Treatment of a clone that exists already.
    #[derive(Default)]
    pub enum IfExists: "existing" {
        /// Leave it unchanged.
        #[default]
        Keep = "keep",
        /// Update it.
        Update = "update",
        /// Fail with an error.
        Refuse = "refuse",
    }
}

/// A clone of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cloned {
    /// The path of the clone.
    pub path: PathBuf,
    /// The commit of `HEAD`; `None` if the repository has none yet.
    pub head: Option<ObjectId>,
    /// Bytes received; 0 for a local copy.
    pub received_bytes: u64,
    /// The URL after redirects, without credentials; `None` if the server did not redirect.
    pub final_url: Option<String>,
    /// Warnings. Each names something that is missing from the clone and that a user would expect.
    pub warnings: Vec<String>,
    /// True if the clone existed before.
    pub was_there: bool,
}

/// Many clones below one directory, each at `<root>/<host>/<owner>/<name>`.
///
/// ```no_run
/// use gitfleet::fleet::Fleet;
/// use gitfleet::Context;
/// # fn main() -> gitfleet::Result<()> {
/// let urls = ["https://github.com/BurntSushi/ripgrep", "https://github.com/sharkdp/fd"];
/// let report = Fleet::new("clones").clone_all(urls, &Context::new())?;
/// for (url, error) in report.failed() {
///     eprintln!("{url}: {}", error.report());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fleet {
    /// The directory for the clones.
    pub root: PathBuf,
    /// The options of each clone. With `threads` 0, the cores are shared among the jobs.
    pub options: CloneOptions,
    /// Concurrency and retries.
    pub fleet: FleetOptions,
    /// Treatment of clones that exist already.
    pub existing: IfExists,
}

impl Fleet {
    /// Returns a fleet below `root` with default options.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            options: CloneOptions::default(),
            fleet: FleetOptions::default(),
            existing: IfExists::default(),
        }
    }

    /// Sets [`options`](field@Self::options).
    #[must_use]
    pub fn options(mut self, options: CloneOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets [`fleet`](field@Self::fleet).
    #[must_use]
    pub fn fleet(mut self, fleet: FleetOptions) -> Self {
        self.fleet = fleet;
        self
    }

    /// Sets [`existing`](field@Self::existing).
    #[must_use]
    pub fn existing(mut self, existing: IfExists) -> Self {
        self.existing = existing;
        self
    }

    /// Clones each address; one failure does not stop the others. Addresses are strings or
    /// [`RemoteUrl`]s. Incomplete clones of killed runs are removed first.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the directories below the root cannot be listed; then nothing is cloned.
    /// Any other error is in the outcome of its address. An address that repeats an earlier one has
    /// its outcome, with a warning.
    pub fn clone_all<U>(&self, urls: U, context: &Context) -> Result<Report<Cloned>>
    where
        U: IntoIterator<Item: Into<Input<RemoteUrl>>>,
    {
        let urls: Vec<Input<RemoteUrl>> = urls.into_iter().map(Into::into).collect();
        let (urls, repeats) = repeats::take_out(urls, |url| url);
        for host in directories(&self.root)? {
            for owner in directories(&host)? {
                remove_leftovers(&owner)?;
            }
        }
        let options = self.shared();
        let host = |url: &RemoteUrl| url.host().to_owned();
        let work = |url: &RemoteUrl| self.clone_one(url, &options, context);
        let on_end = |_, name: &str, result: &Result<Cloned>| {
            let ending = match result {
                Ok(cloned) if cloned.was_there => EndStatus::Unchanged,
                Ok(_) => EndStatus::Done,
                Err(error) => EndStatus::Failed(error.report()),
            };
            context.progress.ended(name, &ending);
        };
        let report = run(urls, host, &self.fleet, &context.cancel, work, on_end);
        let again = |first: &Cloned, warning| Cloned {
            was_there: true,
            received_bytes: 0,
            warnings: vec![warning],
            ..first.clone()
        };
        Ok(repeats.put_back(report, again, on_end))
    }

    fn place(&self, url: &RemoteUrl) -> PathBuf {
        self.root.join(url.key().path())
    }

    /// Returns the options of each clone. If `threads` is 0, it is set to the number of cores
    /// divided by the number of jobs.
    pub(super) fn shared(&self) -> CloneOptions {
        let mut options = self.options.clone();
        if options.threads == 0 {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            options.threads = (cores / self.fleet.jobs.max(1)).max(1);
        }
        options
    }

    fn clone_one(
        &self,
        url: &RemoteUrl,
        options: &CloneOptions,
        context: &Context,
    ) -> Result<Cloned> {
        let place = self.place(url);
        let _lock = lock_place(&self.root, &url.key().path(), &context.cancel)?;
        if self.existing != IfExists::Refuse && is_clone_of(&place, url)? {
            return self.keep_or_update(&place, options, context);
        }
        let made = clone_repo(url, &place, options, context)?;
        Ok(Cloned {
            path: made.path,
            head: made.head,
            received_bytes: made.received_bytes,
            final_url: made.final_url,
            warnings: made.warnings,
            was_there: false,
        })
    }

    fn keep_or_update(
        &self,
        place: &Path,
        options: &CloneOptions,
        context: &Context,
    ) -> Result<Cloned> {
        let mut cloned = Cloned {
            path: place.to_owned(),
            head: origin(place)?.head,
            received_bytes: 0,
            final_url: None,
            warnings: Vec::new(),
            was_there: true,
        };
        if self.existing == IfExists::Update {
            let updated = update_repo(place, options, context)?;
            cloned.head = updated.head;
            cloned.received_bytes = updated.received_bytes;
            cloned.warnings = updated.warnings;
        }
        Ok(cloned)
    }

    /// Updates the clones at `paths` from their origins; one failure does not stop the others. A path
    /// that is given twice is updated once, and its second outcome has a warning.
    pub fn update_all(&self, paths: &[PathBuf], context: &Context) -> Report<UpdateOutcome> {
        let options = self.shared();
        let inputs = paths.iter().map(|path| Input {
            name: name_of(path),
            value: Ok(path),
        });
        let host = |path: &&PathBuf| {
            // If a clone cannot be read, the error becomes its outcome later.
            let url = origin(path).ok().and_then(|found| found.url);
            url.map_or_else(String::new, |url| url.host().to_owned())
        };
        let work = |path: &&PathBuf| update_repo(path, &options, context);
        let on_end = |_, name: &str, result: &Result<UpdateOutcome>| {
            let ending = match result {
                Ok(updated) if updated.is_unchanged() => EndStatus::Unchanged,
                Ok(_) => EndStatus::Done,
                Err(error) => EndStatus::Failed(error.report()),
            };
            context.progress.ended(name, &ending);
        };
        let key = |path: &&PathBuf| {
            let real = std::fs::canonicalize(path).unwrap_or_else(|_| (*path).clone());
            real.display().to_string()
        };
        let (inputs, repeats) = repeats::take_out_by(inputs.collect(), key, |_, _| None);
        let report = run(inputs, host, &self.fleet, &context.cancel, work, on_end);
        let again = |first: &UpdateOutcome, warning| UpdateOutcome {
            refs: Vec::new(),
            new_default_branch: None,
            forwarded_branch: None,
            received_bytes: 0,
            warnings: vec![warning],
            ..first.clone()
        };
        repeats.put_back(report, again, on_end)
    }
}

/// The subdirectories of `path`; empty if it does not exist.
fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::storage("read", path))?,
    };
    let entries = entries.flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(directories.map(|entry| entry.path()).collect())
}

/// The name of a path in a report. An address in its place may contain a password.
pub(super) fn name_of(path: &Path) -> String {
    let text = path.display().to_string();
    if path.exists() {
        text
    } else if text.starts_with("github:") {
        "github:***".to_owned()
    } else {
        without_user_info(&text)
    }
}
