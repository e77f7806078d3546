//! The main job: repositories in, a dataset out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, OUTCOME_FILE, Staging, json, write_synced};
use super::outcome::Report;
use super::run::{self, FleetOptions};
use super::schedule::RetryOptions;
use super::table_file::TableFile;
use super::target::{Target, refuse_clashes};
use crate::cancel::CancelToken;
use crate::choice::{Choice, choices};
use crate::error::{Error, Result};
use crate::git::{
    BlameOptions, Discover, HistoryOptions, MissingBlobs, ObjectId, OpenOptions, Repo,
};
use crate::progress::{EndStatus, Phase, Progress, ProgressSink};
use crate::remote::{CloneOptions, PrefetchFor, Worktree, clone_repo, prefetch};
use crate::settings::settings;
use crate::table::{BlameTable, ChangesTable, CommitsTable, RepositoriesTable};
use crate::workers::Workers;

choices! {
    /// A table of a dataset.
    pub enum Table: "table" {
        /// One row per commit.
        Commits = "commits",
        /// One row per file that a commit changed.
        Changes = "changes",
        /// One row per run of lines that one commit wrote.
        Blame = "blame",
    }
}

settings! {
    /// What to mine, and how.
    pub struct MineOptions {
        /// The tables to write.
        pub tables: Vec<Table> = Table::ALL.to_vec(),
        /// The revision that is mined of each repository; `None` is `HEAD`, and none for an empty repository.
        pub rev: Option<String> = None,
        /// Which commits, and how lines are counted. Its `rev` and `all_refs` are refused here.
        pub history: HistoryOptions = HistoryOptions::default(),
        /// How remote targets are cloned, and whether local ones of other users are read.
        pub clone_options: CloneOptions = CloneOptions::default(),
        /// The directory where clones of remote targets stay, at `<dir>/<host>/<owner>/<name>`; `None` removes each clone
        /// when it is mined.
        pub keep_clones: Option<PathBuf> = None,
        /// Repositories mined at once; 0 is one for every two cores.
        pub jobs: usize = 0,
        /// Of these, the largest number from one host.
        pub jobs_per_host: usize = FleetOptions::default().jobs_per_host,
        /// Threads of all repositories together; 0 is one per core.
        pub threads: usize = 0,
        /// Retries after failures of the network that may pass.
        pub retry: RetryOptions = RetryOptions::default(),
    }
}

impl MineOptions {
    /// What decides the rows, and so whether a finished directory still is.
    fn fingerprint(&self) -> serde_json::Value {
        serde_json::json!({
            "tables": self.wanted_tables(),
            "rev": self.revision(),
            "history": self.history,
            "diff_merges": self.history.merge_policy(),
        })
    }

    /// The tables to write, each once, in their own order.
    fn wanted_tables(&self) -> Vec<Table> {
        let all = Table::ALL.iter().copied();
        all.filter(|table| self.writes(*table)).collect()
    }

    fn revision(&self) -> &str {
        self.rev.as_deref().unwrap_or("HEAD")
    }

    fn writes(&self, table: Table) -> bool {
        self.tables.contains(&table)
    }
}

/// A mined repository.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Mined {
    /// The directory with its tables.
    #[serde(skip)]
    pub path: PathBuf,
    /// The commit that was mined; `None` if the repository is empty.
    pub head: Option<String>,
    /// Rows per table.
    pub rows: BTreeMap<String, u64>,
    /// What a reader of the numbers should know: blobs that are missing, files that could not be blamed.
    pub warnings: Vec<String>,
    /// Wall time, the clone included.
    pub seconds: f64,
    /// Whether an earlier run had done it.
    #[serde(skip)]
    pub was_finished: bool,
}

/// `outcome.json`
#[derive(Deserialize, Serialize)]
struct OutcomeFile {
    format: u32,
    url: String,
    rev: String,
    options_hash: String,
    tool_version: String,
    #[serde(flatten)]
    mined: Option<Mined>,
    error: Option<Failure>,
}

#[derive(Deserialize, Serialize)]
struct Failure {
    kind: String,
    message: String,
}

/// Mines `targets` into the dataset at `into`, which is made if it is missing; one failure does not stop the others.
///
/// Each repository's directory appears whole or not at all. A target that an earlier run finished, and whose revision has not
/// moved since, is left as it is. A target that fails gets a directory with nothing but the reason, unless an earlier run
/// finished it; the next run tries it again.
///
/// # Errors
///
/// [`Error::InvalidInput`] if two targets would share a directory or `options.history` names revisions, [`Error::DestinationExists`] if `into` holds something
/// else or a dataset made with other options, [`Error::Storage`] if it cannot be written. Nothing has been mined then.
/// Everything else is an outcome.
pub fn mine(
    targets: &[Target],
    into: &Path,
    options: &MineOptions,
    progress: &Arc<dyn ProgressSink>,
    cancel: &CancelToken,
) -> Result<Report<Mined>> {
    if options.history.all_refs || !options.history.rev.is_empty() {
        let reason = "mining takes one: MineOptions::rev";
        return Err(Error::invalid(
            "a history with revisions of its own",
            reason,
        ));
    }
    refuse_clashes(&targets.iter().map(Target::url).collect::<Vec<_>>())?;
    let workers = Workers::new(options.threads)?;
    let jobs = if options.jobs == 0 {
        workers.threads().div_ceil(2)
    } else {
        options.jobs
    };
    let dataset = Dataset::open(into, &options.fingerprint())?;
    let fleet = FleetOptions {
        jobs,
        jobs_per_host: options.jobs_per_host,
        retry: options.retry.clone(),
        ..FleetOptions::default()
    };
    let work = |target: &Target| {
        let job = MineJob {
            target,
            options,
            dataset: &dataset,
            workers: &workers,
            progress,
            cancel,
        };
        job.run()
    };
    let on_end = |name: &str, result: &Result<Mined>| {
        let ending = match result {
            Ok(mined) if mined.was_finished => EndStatus::Unchanged,
            Ok(_) => EndStatus::Done,
            Err(error) => EndStatus::Failed(error.report()),
        };
        progress.ended(name, &ending);
    };
    let targets = targets.iter().map(|target| run::Job {
        input: target,
        name: target.to_string(),
        host: target.url().host(),
    });
    let outcomes = run::run(targets.collect(), &fleet, cancel, work, on_end);
    Ok(Report { outcomes })
}

/// One target's way into the dataset.
struct MineJob<'a> {
    target: &'a Target,
    options: &'a MineOptions,
    dataset: &'a Dataset,
    workers: &'a Workers,
    progress: &'a Arc<dyn ProgressSink>,
    cancel: &'a CancelToken,
}

impl MineJob<'_> {
    fn run(&self) -> Result<Mined> {
        let place = self.dataset.place(&self.target.key());
        let finished = self.finished(&place)?;
        let result = self.mine(&place, finished.as_ref());
        if let Err(error) = &result
            && finished.is_none()
            && !matches!(error, Error::Cancelled)
        {
            // A disk that is full keeps the reason out too; the report has it all the same.
            let _ = self.publish_failure(&place, error);
        }
        result
    }

    fn mine(&self, place: &Path, finished: Option<&Mined>) -> Result<Mined> {
        let started = Instant::now();
        let staging = self.dataset.staging()?;
        let Some(repo) = self.repo(&staging, finished)? else {
            return Ok(unchanged(finished, place));
        };
        let head = self.head(&repo)?;
        let head_text = head.map(|id| id.to_string());
        if let Some(finished) = finished.filter(|finished| finished.head == head_text) {
            return Ok(unchanged(Some(finished), place));
        }
        let directory = staging.join("result");
        std::fs::create_dir(&directory).map_err(Error::storage("create", &directory))?;
        let mut mined = Mined {
            path: place.to_owned(),
            head: head_text,
            rows: BTreeMap::new(),
            warnings: Vec::new(),
            seconds: 0.0,
            was_finished: false,
        };
        // Everything is read at the one commit, whatever the branch does meanwhile.
        let revision = head.map(|id| id.to_string());
        self.prefetch(&repo, revision.as_deref())?;
        self.write_history(&repo, revision.as_deref(), &directory, &mut mined)?;
        self.write_blame(&repo, revision.as_deref(), &directory, &mut mined)?;
        self.write_about(&directory, &mut mined)?;
        self.cancel.check()?;
        mined.seconds = started.elapsed().as_secs_f64();
        self.write_outcome(&directory, Some(&mined), None)?;
        self.tell(Phase::Finishing, 0);
        self.dataset.publish(&staging, "result", place, |_| true)?;
        Ok(mined)
    }

    /// The repository to read; `None` if the server says that what is finished is still true.
    fn repo(&self, staging: &Staging, finished: Option<&Mined>) -> Result<Option<Repo>> {
        let open = OpenOptions {
            trust: self.options.clone_options.trust,
            discover: Discover::Exact,
            workers: Some(self.workers.clone()),
            name: Some(self.target.key().to_string()),
            cache_bytes: None,
        };
        if let Some(path) = self.target.local_path() {
            return Repo::open(path, &open).map(Some);
        }
        if self.is_still_true(finished)? {
            return Ok(None);
        }
        let clone = match &self.options.keep_clones {
            Some(root) => root.join(self.target.key().path()),
            None => staging.join("clone.git"),
        };
        let options = CloneOptions {
            worktree: Worktree::Bare,
            threads: self.workers.threads(),
            ..self.options.clone_options.clone()
        };
        if clone.exists() {
            crate::remote::update_repo(&clone, &options, self.progress, self.cancel)?;
        } else {
            clone_repo(
                self.target.url(),
                &clone,
                &options,
                self.progress,
                self.cancel,
            )?;
        }
        Repo::open(&clone, &open).map(Some)
    }

    fn prefetch(&self, repo: &Repo, revision: Option<&str>) -> Result<()> {
        if self.options.history.missing != MissingBlobs::Fetch || revision.is_none() {
            return Ok(());
        }
        let (clone, options) = (&self.options.clone_options, self.options);
        let fetch = |needed| prefetch(repo, &needed, clone, self.progress, self.cancel);
        if options.writes(Table::Commits) || options.writes(Table::Changes) {
            fetch(PrefetchFor::Commits(self.history(revision)))?;
        }
        if options.writes(Table::Blame) {
            fetch(PrefetchFor::Blame(self.blame(revision)))?;
        }
        Ok(())
    }

    fn history(&self, revision: Option<&str>) -> HistoryOptions {
        HistoryOptions {
            rev: revision.map(str::to_owned).into_iter().collect(),
            ..self.options.history.clone()
        }
    }

    fn blame(&self, revision: Option<&str>) -> BlameOptions {
        BlameOptions {
            rev: revision.map(str::to_owned),
            mailmap: self.options.history.mailmap,
            ..BlameOptions::default()
        }
    }

    #[cfg(feature = "http")]
    fn is_still_true(&self, finished: Option<&Mined>) -> Result<bool> {
        let asks_for_head = self.options.rev.is_none();
        let Some(finished) = finished.filter(|_| asks_for_head) else {
            return Ok(false);
        };
        let head = crate::remote::remote_head(
            self.target.url(),
            &self.options.clone_options,
            self.cancel,
        )?;
        Ok(finished.head == head.map(|id| id.to_string()))
    }

    #[cfg(not(feature = "http"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the same signature as with the network"
    )]
    fn is_still_true(&self, _finished: Option<&Mined>) -> Result<bool> {
        Ok(false)
    }

    fn head(&self, repo: &Repo) -> Result<Option<ObjectId>> {
        match &self.options.rev {
            None if repo.is_empty()? => Ok(None),
            _ => repo.rev_parse(self.options.revision()).map(Some),
        }
    }

    /// What its hosting service says of it.
    fn write_about(&self, directory: &Path, mined: &mut Mined) -> Result<()> {
        let Some(about) = self.target.about() else {
            return Ok(());
        };
        let mut table = RepositoriesTable::new();
        let mut file = TableFile::create(directory, "repositories", table.schema())?;
        table.push(&self.target.key().to_string(), about);
        file.write(&table.take()?)?;
        mined.rows.insert("repositories".to_owned(), file.finish()?);
        Ok(())
    }

    fn write_history(
        &self,
        repo: &Repo,
        revision: Option<&str>,
        directory: &Path,
        mined: &mut Mined,
    ) -> Result<()> {
        let (commits, changes) = (
            self.options.writes(Table::Commits),
            self.options.writes(Table::Changes),
        );
        if !commits && !changes {
            return Ok(());
        }
        let history = self.history(revision);
        let mut commit_rows = CommitsTable::new(repo.name(), &history);
        let mut change_rows = ChangesTable::new(repo.name(), &history);
        let mut commit_file = commits
            .then(|| TableFile::create(directory, "commits", commit_rows.schema()))
            .transpose()?;
        let mut change_file = changes
            .then(|| TableFile::create(directory, "changes", change_rows.schema()))
            .transpose()?;
        let mut missing = 0u64;
        let stream = revision
            .map(|_| repo.commits(&history, self.cancel))
            .transpose()?;
        for (done, commit) in stream.into_iter().flatten().enumerate() {
            let commit = commit?;
            missing += u64::from(commit.additions().is_none());
            if let Some(file) = &mut commit_file {
                commit_rows.push(&commit);
                if commit_rows.is_full() {
                    file.write(&commit_rows.take()?)?;
                }
            }
            if let Some(file) = &mut change_file {
                for change in &commit.changes {
                    change_rows.push(&commit.id, change);
                }
                if change_rows.is_full() {
                    file.write(&change_rows.take()?)?;
                }
            }
            if done % 512 == 0 {
                self.tell(Phase::Commits, done as u64);
            }
        }
        if let Some(mut file) = commit_file {
            file.write(&commit_rows.take()?)?;
            mined.rows.insert("commits".to_owned(), file.finish()?);
        }
        if let Some(mut file) = change_file {
            file.write(&change_rows.take()?)?;
            mined.rows.insert("changes".to_owned(), file.finish()?);
        }
        if missing > 0 {
            mined.warnings.push(format!("{missing} commits have no line counts: blobs they need are missing (a partial clone?)"));
        }
        Ok(())
    }

    fn write_blame(
        &self,
        repo: &Repo,
        revision: Option<&str>,
        directory: &Path,
        mined: &mut Mined,
    ) -> Result<()> {
        if !self.options.writes(Table::Blame) {
            return Ok(());
        }
        let mut table = BlameTable::new(repo.name(), false);
        let mut file = TableFile::create(directory, "blame", table.schema())?;
        let options = self.blame(revision);
        let renamed: Arc<dyn ProgressSink> = Arc::new(Renamed {
            subject: self.target.to_string(),
            sink: Arc::clone(self.progress),
        });
        let stream = revision
            .map(|_| repo.blame(&options, renamed, self.cancel))
            .transpose()?;
        for blamed in stream.into_iter().flatten() {
            let blamed = blamed?;
            match blamed.rows {
                Ok(rows) => table.push(&blamed.path, &rows, None),
                Err(error) => {
                    let path = String::from_utf8_lossy(&blamed.path).into_owned();
                    mined
                        .warnings
                        .push(format!("{path} has no blame: {}", error.report()));
                }
            }
            if table.is_full() {
                file.write(&table.take()?)?;
            }
        }
        file.write(&table.take()?)?;
        mined.rows.insert("blame".to_owned(), file.finish()?);
        Ok(())
    }

    /// What an earlier run finished with these options. Results of another repository that happens to have the same place
    /// are not ours to replace.
    fn finished(&self, place: &Path) -> Result<Option<Mined>> {
        let Ok(text) = std::fs::read(place.join(OUTCOME_FILE)) else {
            return Ok(None);
        };
        let Ok(outcome) = serde_json::from_slice::<OutcomeFile>(&text) else {
            return Ok(None);
        };
        let Some(mined) = outcome.mined.filter(|_| outcome.error.is_none()) else {
            return Ok(None);
        };
        if self.target.local_path().is_some() && outcome.url != self.target.address() {
            return Err(Error::DestinationExists {
                path: place.to_owned(),
                reason: format!(
                    "it holds the results of {}; name another dataset",
                    outcome.url
                ),
            });
        }
        let has_table = |table: &str| place.join(format!("{table}.parquet")).is_file();
        let is_known = self.target.about().is_none() || has_table("repositories");
        let is_whole = is_known
            && self
                .options
                .wanted_tables()
                .iter()
                .all(|table| has_table(table.name()));
        Ok((is_whole && outcome.options_hash == self.dataset.options_hash).then_some(mined))
    }

    fn write_outcome(
        &self,
        directory: &Path,
        mined: Option<&Mined>,
        error: Option<&Error>,
    ) -> Result<()> {
        let outcome = OutcomeFile {
            format: 1,
            url: self.target.address(),
            rev: self.options.revision().to_owned(),
            options_hash: self.dataset.options_hash.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            mined: mined.cloned(),
            error: error.map(|error| Failure {
                kind: error.kind().name().to_owned(),
                message: error.report(),
            }),
        };
        write_synced(&directory.join(OUTCOME_FILE), &json(&outcome))
    }

    fn publish_failure(&self, place: &Path, error: &Error) -> Result<()> {
        let staging = self.dataset.staging()?;
        let directory = staging.join("failure");
        std::fs::create_dir(&directory).map_err(Error::storage("create", &directory))?;
        self.write_outcome(&directory, None, Some(error))?;
        // Another process may have finished it meanwhile: that is worth more than our reason.
        let is_unfinished = |place: &Path| matches!(self.finished(place), Ok(None));
        self.dataset
            .publish(&staging, "failure", place, is_unfinished)
    }

    fn tell(&self, phase: Phase, done: u64) {
        self.progress.progress(Progress {
            subject: self.target.to_string(),
            phase,
            done,
            total: None,
            bytes: 0,
        });
    }
}

fn unchanged(finished: Option<&Mined>, place: &Path) -> Mined {
    let mut mined = finished.cloned().unwrap_or_else(|| Mined {
        path: PathBuf::new(),
        head: None,
        rows: BTreeMap::new(),
        warnings: Vec::new(),
        seconds: 0.0,
        was_finished: true,
    });
    place.clone_into(&mut mined.path);
    mined.was_finished = true;
    mined
}

/// Progress of a repository under the name the user gave it.
struct Renamed {
    subject: String,
    sink: Arc<dyn ProgressSink>,
}

impl ProgressSink for Renamed {
    fn progress(&self, event: Progress) {
        self.sink.progress(Progress {
            subject: self.subject.clone(),
            ..event
        });
    }
}
