//! The job of one target: clone, write the tables, publish them in the dataset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::options::{MineOptions, Table};
use super::outcome::{Failure, Mined, OutcomeFile};
use crate::choice::Choice;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fleet::dataset::{Dataset, OUTCOME_FILE, Staging, json, write_synced};
use crate::fleet::target::Target;
use crate::git::{
    BlameOptions, Discover, HistoryOptions, MissingBlobs, ObjectId, OpenOptions, Repo,
};
use crate::progress::{Phase, Progress};
use crate::remote::{
    CloneOptions, PrefetchFor, Worktree, clone_repo, prefetch, remote_head, remove_leftovers,
    update_repo,
};
use crate::workers::Workers;

/// The job of one target.
pub(super) struct MineJob<'a> {
    pub(super) target: &'a Target,
    pub(super) options: &'a MineOptions,
    pub(super) dataset: &'a Dataset,
    pub(super) workers: &'a Workers,
    pub(super) context: &'a Context,
}

impl MineJob<'_> {
    pub(super) fn run(&self) -> Result<Mined> {
        let place = self.dataset.place(&self.target.key());
        let finished = self.finished(&place)?;
        let result = self.mine(&place, finished.as_ref());
        if let Err(error) = &result
            && finished.is_none()
            && !matches!(error, Error::Cancelled)
        {
            // If the error cannot be written, for example because the disk is full, that is
            // ignored: the report contains the error.
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

    /// The repository to read; `None` if the remote has not changed since the finished run.
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
            update_repo(&clone, &options, self.context)?;
        } else {
            if let Some(directory) = clone.parent() {
                remove_leftovers(directory)?;
            }
            clone_repo(self.target.url(), &clone, &options, self.context)?;
        }
        Repo::open(&clone, &open).map(Some)
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

    fn is_still_true(&self, finished: Option<&Mined>) -> Result<bool> {
        let asks_for_head = self.options.rev.is_none();
        let Some(finished) = finished.filter(|_| asks_for_head) else {
            return Ok(false);
        };
        let head = remote_head(self.target.url(), &self.options.clone_options, self.context)?;
        Ok(finished.head == head.map(|id| id.to_string()))
    }

    fn head(&self, repo: &Repo) -> Result<Option<ObjectId>> {
        match &self.options.rev {
            None if repo.is_empty()? => Ok(None),
            _ => repo.rev_parse(self.options.revision()).map(Some),
        }
    }

    /// Returns the result of an earlier run with the same options, if that run finished. Fails if
    /// the directory at `place` belongs to another repository, because it must not be replaced.
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
        warnings: Vec::new(),
        seconds: 0.0,
        was_finished: true,
    });
    place.clone_into(&mut mined.path);
    mined.was_finished = true;
    mined
}
