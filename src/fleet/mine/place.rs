//! The directory of a target in the dataset: the results of earlier runs, and failures.

use std::path::{Path, PathBuf};

use super::options::MineOptions;
use super::outcome::{Failure, Mined, OUTCOME_FORMAT, OutcomeFile};
use crate::choice::Choice;
use crate::durable::is_absence;
use crate::error::{Error, ErrorKind, Result};
use crate::fleet::dataset::{Dataset, OUTCOME_FILE, json, write_synced};
use crate::fleet::table_file::file_name;
use crate::fleet::target::Target;
use crate::regular_file;

/// The kinds of failures that a retry would meet again: the repository waits until it is asked for.
const GIVEN_UP: [ErrorKind; 3] = [
    ErrorKind::MemoryLimit,
    ErrorKind::TimeLimit,
    ErrorKind::Crashed,
];

/// The place of a target's results.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) target: &'a Target,
    pub(super) options: &'a MineOptions,
    pub(super) dataset: &'a Dataset,
}

impl Place<'_> {
    /// The path of the directory.
    pub(super) fn path(&self) -> PathBuf {
        self.dataset.place(&self.target.key())
    }

    fn outcome(&self) -> Result<Option<OutcomeFile>> {
        let file = self.path().join(OUTCOME_FILE);
        match regular_file::read(&file, regular_file::LARGEST) {
            // A result that the machine cannot read now must not be replaced by a failure.
            Err(error) if error.raw_os_error().is_some() && !is_absence(error.kind()) => {
                Err(Error::storage("read", &file)(error))
            }
            Err(_) => Ok(None),
            Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        }
    }

    /// Returns the failure of an earlier run with the same options, if a retry would meet it again.
    pub(super) fn given_up(&self) -> Result<Option<Error>> {
        let outcome = self.outcome()?;
        let outcome = outcome.filter(|known| known.options_hash == self.dataset.options_hash);
        let failure = outcome.and_then(|outcome| outcome.error);
        Ok(failure.and_then(|Failure { kind, message }| {
            let kind = GIVEN_UP.into_iter().find(|known| known.name() == kind)?;
            Some(Error::NotRetried { kind, message })
        }))
    }

    /// Returns the result of an earlier run with the same options, if that run finished. Fails if
    /// the directory at `place` belongs to another repository, because it must not be replaced.
    pub(super) fn finished(&self) -> Result<Option<Mined>> {
        let place = self.path();
        let Some(outcome) = self.outcome()? else {
            return Ok(None);
        };
        let Some(mined) = outcome.mined.filter(|_| outcome.error.is_none()) else {
            return Ok(None);
        };
        if self.target.local_path().is_some() && outcome.url != self.target.address() {
            return Err(Error::DestinationExists {
                path: place,
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

    /// Stores the error, unless there is a result of an earlier run.
    pub(super) fn keep_failure(&self, error: &Error) {
        if let Ok(None) = self.finished() {
            // If the error cannot be written, for example because the disk is full, that is
            // ignored: the report contains the error.
            let _ = self.publish_failure(error);
        }
    }

    pub(super) fn write_outcome(
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

    fn publish_failure(&self, error: &Error) -> Result<()> {
        let staging = self.dataset.staging()?;
        let directory = staging.join("failure");
        std::fs::create_dir(&directory).map_err(Error::storage("create", &directory))?;
        self.write_outcome(&directory, None, Some(error))?;
        // Another process may have finished the repository in the meantime: its result must not be
        // replaced by a failure.
        let is_unfinished = |_: &Path| matches!(self.finished(), Ok(None));
        self.dataset
            .publish(&staging, "failure", &self.path(), is_unfinished)
    }
}
