//! A tree of clones: made, and brought up to date.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::outcome::Report;
use super::run::{FleetOptions, Job, run};
use super::target::refuse_clashes;
use crate::choice::choices;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::git::ObjectId;
use crate::progress::EndStatus;
use crate::remote::{
    CloneOptions, UpdateOutcome, clone_repo, origin, remove_leftovers, update_repo,
};
use crate::remote_url::RemoteUrl;

choices! {
    /// Treatment of a clone that is there already.
    #[derive(Default)]
    pub enum IfExists: "existing" {
        /// It stays as it is.
        #[default]
        Keep = "keep",
        /// It is updated.
        Update = "update",
        /// It is an error.
        Refuse = "refuse",
    }
}

/// A clone of a fleet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cloned {
    /// Where it lies.
    pub path: PathBuf,
    /// The commit `HEAD` is at; `None` if the repository has none yet.
    pub head: Option<ObjectId>,
    /// Bytes received; 0 for a local copy.
    pub received_bytes: u64,
    /// Where the other side sent us, if it did; without credentials.
    pub final_url: Option<String>,
    /// What it lacks although somebody might expect it.
    pub warnings: Vec<String>,
    /// Whether it was there before.
    pub was_there: bool,
}

/// Many clones below one directory, each at `<root>/<host>/<owner>/<name>`.
///
/// ```no_run
/// use gitfleet::fleet::Fleet;
/// use gitfleet::{Context, RemoteUrl};
/// # fn main() -> gitfleet::Result<()> {
/// let urls = [RemoteUrl::parse("https://github.com/BurntSushi/ripgrep")?];
/// let report = Fleet::new("clones").clone_all(&urls, &Context::new())?;
/// for (url, error) in report.failed() {
///     eprintln!("{url}: {}", error.report());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fleet {
    /// Where clones go.
    pub root: PathBuf,
    /// How each is made. Its `threads` of 0 shares the cores among jobs.
    pub options: CloneOptions,
    /// How many at once, and how often.
    pub fleet: FleetOptions,
    /// What is done about those that are there.
    pub existing: IfExists,
}

impl Fleet {
    /// A fleet below `root`, with default options.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            options: CloneOptions::default(),
            fleet: FleetOptions::default(),
            existing: IfExists::default(),
        }
    }

    /// Clones each address; one failure does not stop the others. What a killed run left half-made is removed first.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if two addresses would share a directory; nothing has been cloned then. Everything else is an
    /// outcome.
    pub fn clone_all(&self, urls: &[RemoteUrl], context: &Context) -> Result<Report<Cloned>> {
        refuse_clashes(&urls.iter().collect::<Vec<_>>())?;
        for host in directories(&self.root)? {
            for owner in directories(&host)? {
                remove_leftovers(&owner)?;
            }
        }
        let options = self.shared();
        let jobs = urls.iter().map(|url| Job {
            input: url,
            name: url.to_string(),
            host: url.host(),
        });
        let work = |url: &RemoteUrl| self.clone_one(url, &options, context);
        let on_end = |name: &str, result: &Result<Cloned>| {
            let ending = match result {
                Ok(cloned) if cloned.was_there => EndStatus::Unchanged,
                Ok(_) => EndStatus::Done,
                Err(error) => EndStatus::Failed(error.report()),
            };
            context.progress.ended(name, &ending);
        };
        let outcomes = run(jobs.collect(), &self.fleet, &context.cancel, work, on_end);
        Ok(Report { outcomes })
    }

    fn place(&self, url: &RemoteUrl) -> PathBuf {
        self.root.join(url.key().path())
    }

    /// The options of one clone: together they start no more threads than there are cores.
    fn shared(&self) -> CloneOptions {
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
        if self.existing != IfExists::Refuse && is_clone_of(&place, url)? {
            return self.existing(&place, options, context);
        }
        match clone_repo(url, &place, options, context) {
            // Another process was faster.
            Err(Error::DestinationExists { .. })
                if self.existing != IfExists::Refuse && is_clone_of(&place, url)? =>
            {
                self.existing(&place, options, context)
            }
            Err(error) => Err(error),
            Ok(made) => Ok(Cloned {
                path: made.path,
                head: made.head,
                received_bytes: made.received_bytes,
                final_url: made.final_url,
                warnings: made.warnings,
                was_there: false,
            }),
        }
    }

    fn existing(&self, place: &Path, options: &CloneOptions, context: &Context) -> Result<Cloned> {
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

    /// Brings the clones at `paths` to where their origins are now; one failure does not stop the others.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if a path is given twice. Everything else is an outcome.
    pub fn update_all(
        &self,
        paths: &[PathBuf],
        context: &Context,
    ) -> Result<Report<UpdateOutcome>> {
        let mut seen = HashSet::new();
        for path in paths {
            let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if !seen.insert(real) {
                let what = format!("clone {}", path.display());
                return Err(Error::invalid(what, "is given twice"));
            }
        }
        let options = self.shared();
        // A clone that cannot be read is that clone's outcome, when its turn comes.
        let hosts: Vec<String> = paths
            .iter()
            .map(|path| origin(path).ok().and_then(|found| found.url))
            .map(|url| url.map_or_else(String::new, |url| url.host().to_owned()))
            .collect();
        let jobs = paths.iter().zip(&hosts).map(|(path, host)| Job {
            input: path,
            name: path.display().to_string(),
            host,
        });
        let work = |path: &PathBuf| update_repo(path, &options, context);
        let on_end = |name: &str, result: &Result<UpdateOutcome>| {
            let ending = match result {
                Ok(updated) if updated.is_unchanged() => EndStatus::Unchanged,
                Ok(_) => EndStatus::Done,
                Err(error) => EndStatus::Failed(error.report()),
            };
            context.progress.ended(name, &ending);
        };
        let outcomes = run(jobs.collect(), &self.fleet, &context.cancel, work, on_end);
        Ok(Report { outcomes })
    }
}

/// Directories in one that need not exist.
fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::storage("read", path))?,
    };
    let entries = entries.flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    Ok(directories.map(|entry| entry.path()).collect())
}

/// Whether a complete clone of `url` lies at `place`. Clones come to their name whole, so what opens is complete.
fn is_clone_of(place: &Path, url: &RemoteUrl) -> Result<bool> {
    let is_there = place.join("HEAD").exists() || place.join(".git/HEAD").exists();
    if !is_there {
        return Ok(false);
    }
    let Some(theirs) = origin(place)?.url else {
        return Ok(false);
    };
    let is_same = match (theirs.local_path(), url.local_path()) {
        (Some(a), Some(b)) => std::fs::canonicalize(a).ok() == std::fs::canonicalize(b).ok(),
        (None, None) => theirs.key() == url.key(),
        _ => false,
    };
    if is_same {
        Ok(true)
    } else {
        Err(Error::DestinationExists {
            path: place.to_owned(),
            reason: format!("it is a clone of {theirs}"),
        })
    }
}
