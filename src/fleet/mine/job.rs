//! The job of one target: clone, write the tables, publish them in the dataset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::options::{MineOptions, Table};
use super::outcome::{Failure, Mined, OUTCOME_FORMAT, OutcomeFile};
use super::turns::Turns;
use crate::choice::Choice;
use crate::context::Context;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::fleet::dataset::{Dataset, OUTCOME_FILE, json, write_synced};
use crate::fleet::table_file::file_name;
use crate::fleet::target::Target;
use crate::git::{BlameOptions, HistoryOptions, MissingBlobs, ObjectId, Repo};
use crate::progress::{Phase, Progress};
use crate::regular_file;
use crate::remote::{PrefetchFor, prefetch};
use crate::workers::Workers;

/// The job of one target.
pub(super) struct MineJob<'a> {
    pub(super) target: &'a Target,
    pub(super) options: &'a MineOptions,
    pub(super) dataset: &'a Dataset,
    pub(super) workers: &'a Workers,
    /// Limits the number of repositories that are read at once.
    pub(super) turns: &'a Turns,
    pub(super) context: &'a Context,
}

/// The repository to read.
pub(super) struct Source {
    pub(super) repo: Repo,
    /// The commit to mine; `None` if the repository is empty.
    pub(super) head: Option<ObjectId>,
    pub(super) warnings: Vec<String>,
}

impl MineJob<'_> {
    /// Runs one attempt, for no longer than `max_time`.
    pub(super) fn run(&self) -> Result<Mined> {
        let Some(limit) = self.options.clone_options.limits.max_time else {
            return self.attempt();
        };
        let context = Context {
            cancel: self.context.cancel.child_until(limit),
            ..self.context.clone()
        };
        let job = MineJob {
            context: &context,
            ..*self
        };
        match job.attempt() {
            Err(Error::Cancelled) if context.cancel.is_late() => {
                let error = Error::late(self.target.to_string(), limit);
                self.keep_failure(&error);
                Err(error)
            }
            attempted => attempted,
        }
    }

    fn attempt(&self) -> Result<Mined> {
        let place = self.dataset.place(&self.target.key());
        let finished = self.finished(&place)?;
        let result = self.mine(&place, finished.as_ref());
        let result = result.map_err(|error| self.about_target(error));
        if let Err(error) = &result
            && !matches!(error, Error::Cancelled)
        {
            self.keep_failure(error);
        }
        result
    }

    /// Stores the error, unless there is a result of an earlier run.
    fn keep_failure(&self, error: &Error) {
        let place = self.dataset.place(&self.target.key());
        if let Ok(None) = self.finished(&place) {
            // If the error cannot be written, for example because the disk is full, that is
            // ignored: the report contains the error.
            let _ = self.publish_failure(&place, error);
        }
    }

    fn mine(&self, place: &Path, finished: Option<&Mined>) -> Result<Mined> {
        let started = Instant::now();
        let staging = self.dataset.staging()?;
        let Some(source) = self.source(&staging, finished)? else {
            return Ok(unchanged(finished, place));
        };
        let Source {
            repo,
            head,
            warnings,
        } = source;
        let head_text = head.map(|id| id.to_string());
        if let Some(finished) = finished.filter(|finished| finished.head == head_text) {
            return Ok(unchanged(Some(finished), place));
        }
        if head.is_none() && finished.is_some_and(|finished| finished.head.is_some()) {
            return Err(Error::Refused {
                subject: self.target.to_string(),
                reason: "it is empty now: the result of the earlier run is kept".to_owned(),
            });
        }
        // Other clones go on meanwhile.
        let _turn = self.turns.take(&self.context.cancel)?;
        let directory = staging.join("result");
        std::fs::create_dir(&directory).map_err(Error::storage("create", &directory))?;
        let mut mined = Mined {
            path: place.to_owned(),
            head: head_text,
            rows: BTreeMap::new(),
            files: BTreeMap::new(),
            warnings,
            seconds: 0.0,
            was_finished: false,
        };
        // All tables are read at the same commit, even if the branch moves in the meantime.
        let revision = head.map(|id| id.to_string());
        self.prefetch(&repo, revision.as_deref())?;
        self.write_history(&repo, revision.as_deref(), &directory, &mut mined)?;
        self.write_blame(&repo, revision.as_deref(), &directory, &mut mined)?;
        self.write_about(&directory, &mut mined)?;
        self.context.cancel.check()?;
        mined.seconds = started.elapsed().as_secs_f64();
        self.write_package(&directory, &mined)?;
        self.write_outcome(&directory, Some(&mined), None)?;
        self.tell(Phase::Finishing, 0);
        self.dataset.publish(&staging, "result", place, |_| true)?;
        Ok(mined)
    }

    /// Names the target in an error about a revision, instead of a temporary clone.
    fn about_target(&self, error: Error) -> Error {
        match error {
            Error::RevisionNotFound {
                revision, reason, ..
            } => Error::RevisionNotFound {
                repo: self.target.to_string(),
                revision,
                reason,
            },
            other => other,
        }
    }

    fn prefetch(&self, repo: &Repo, revision: Option<&str>) -> Result<()> {
        if self.options.history.missing != MissingBlobs::Fetch || revision.is_none() {
            return Ok(());
        }
        let (clone, options) = (&self.options.clone_options, self.options);
        let fetch = |needed| prefetch(repo, &needed, clone, self.context);
        if options.writes(Table::Commits) || options.writes(Table::Changes) {
            fetch(PrefetchFor::Commits(self.history(revision)))?;
        }
        if options.writes(Table::Blame) {
            fetch(PrefetchFor::Blame(self.blame(revision)))?;
        }
        Ok(())
    }

    pub(super) fn history(&self, revision: Option<&str>) -> HistoryOptions {
        HistoryOptions {
            rev: revision.map(str::to_owned).into_iter().collect(),
            ..self.options.history.clone()
        }
    }

    pub(super) fn blame(&self, revision: Option<&str>) -> BlameOptions {
        BlameOptions {
            rev: revision.map(str::to_owned),
            mailmap: self.options.history.mailmap,
            ..BlameOptions::default()
        }
    }

    /// Returns the result of an earlier run with the same options, if that run finished. Fails if
    /// the directory at `place` belongs to another repository, because it must not be replaced.
    fn finished(&self, place: &Path) -> Result<Option<Mined>> {
        let file = place.join(OUTCOME_FILE);
        let text = match regular_file::read(&file, regular_file::LARGEST) {
            // A result that the machine cannot read now must not be replaced by a failure.
            Err(error) if error.raw_os_error().is_some() && !is_absence(error.kind()) => {
                return Err(Error::storage("read", &file)(error));
            }
            Err(_) => return Ok(None),
            Ok(text) => text,
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
        let has_table = |table: &str| {
            let name = file_name(table);
            let bytes = mined.files.get(&name).map(|sum| sum.bytes);
            let file = place.join(name);
            match std::fs::metadata(&file) {
                Err(error) if !is_absence(error.kind()) => {
                    Err(Error::storage("read", &file)(error))
                }
                found => Ok(found.is_ok_and(|found| found.is_file() && bytes == Some(found.len()))),
            }
        };
        let mut is_whole = self.target.about().is_none() || has_table("repositories")?;
        for table in self.options.wanted_tables() {
            is_whole &= has_table(table.name())?;
        }
        Ok((is_whole && outcome.options_hash == self.dataset.options_hash).then_some(mined))
    }

    fn write_outcome(
        &self,
        directory: &Path,
        mined: Option<&Mined>,
        error: Option<&Error>,
    ) -> Result<()> {
        let outcome = OutcomeFile {
            format: OUTCOME_FORMAT,
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
        // Another process may have finished the repository in the meantime: its result must not be
        // replaced by a failure.
        let is_unfinished = |place: &Path| matches!(self.finished(place), Ok(None));
        self.dataset
            .publish(&staging, "failure", place, is_unfinished)
    }

    pub(super) fn tell(&self, phase: Phase, done: u64) {
        self.context.progress.progress(Progress {
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
        files: BTreeMap::new(),
        warnings: Vec::new(),
        seconds: 0.0,
        was_finished: true,
    });
    place.clone_into(&mut mined.path);
    mined.was_finished = true;
    mined
}
