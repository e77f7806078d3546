//! The job of one target: clone, write the tables, publish them in the dataset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::options::{MineOptions, Table};
use super::outcome::Mined;
use super::place::Place;
use crate::cancel::CancelToken;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fleet::dataset::Dataset;
use crate::fleet::target::Target;
use crate::fleet::turns::Turn;
use crate::git::{BlameOptions, HistoryOptions, MissingBlobs, ObjectId, Repo};
use crate::progress::{Phase, Progress};
use crate::remote::{PrefetchFor, prefetch};
use crate::workers::Workers;

/// The job of one target.
pub(super) struct MineJob<'a> {
    pub(super) target: &'a Target,
    pub(super) options: &'a MineOptions,
    pub(super) dataset: &'a Dataset,
    pub(super) workers: &'a Workers,
    /// Waits for the turn to read the repository, so that only some are read at once.
    pub(super) turn: &'a (dyn Fn(&CancelToken) -> Result<Option<Turn>> + Sync),
    /// Memory for decoded objects, in bytes; `None` is the default.
    pub(super) cache_bytes: Option<usize>,
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
                self.place().keep_failure(&error);
                Err(error)
            }
            attempted => attempted,
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            target: self.target,
            options: self.options,
            dataset: self.dataset,
        }
    }

    fn attempt(&self) -> Result<Mined> {
        let place = self.place();
        let finished = place.finished()?;
        let result = self.mine(&place.path(), finished.as_ref());
        let result = result.map_err(|error| self.about_target(error));
        if let Err(error) = &result
            && !matches!(error, Error::Cancelled)
        {
            place.keep_failure(error);
        }
        result
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
        let _turn = (self.turn)(&self.context.cancel)?;
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
        self.place().write_outcome(&directory, Some(&mined), None)?;
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
