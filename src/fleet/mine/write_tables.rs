//! Writes the tables of one repository.

use std::path::Path;
use std::sync::Arc;

use super::job::MineJob;
use super::options::Table;
use super::outcome::{Mined, PACKAGE_FILE};
use crate::error::Result;
use crate::fleet::dataset::{json, write_synced};
use crate::fleet::table_file::{TableFile, file_name};
use crate::git::Repo;
use crate::progress::{Phase, Progress, ProgressSink};
use crate::table::schema::data_package;
use crate::table::{BlameTable, ChangesTable, CommitsTable, RepositoriesTable};

impl MineJob<'_> {
    pub(super) fn write_history(
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
            .map(|_| repo.with_context(self.context).commits(&history))
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
            finish("commits", file, mined)?;
        }
        if let Some(mut file) = change_file {
            file.write(&change_rows.take()?)?;
            finish("changes", file, mined)?;
        }
        if missing > 0 {
            mined.warnings.push(format!("{missing} commits have no line counts: blobs that they need are missing (is it a partial clone?)"));
        }
        Ok(())
    }

    pub(super) fn write_blame(
        &self,
        repo: &Repo,
        revision: Option<&str>,
        directory: &Path,
        mined: &mut Mined,
    ) -> Result<()> {
        if !self.options.writes(Table::Blame) {
            return Ok(());
        }
        let options = self.blame(revision);
        let mut table = BlameTable::new(repo.name(), &options);
        let mut file = TableFile::create(directory, "blame", table.schema())?;
        let renamed: Arc<dyn ProgressSink> = Arc::new(Renamed {
            subject: self.target.to_string(),
            sink: Arc::clone(&self.context.progress),
        });
        let context = self.context.clone().reported_to(renamed);
        let stream = revision
            .map(|_| repo.with_context(&context).blame(&options))
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
        finish("blame", file, mined)?;
        Ok(())
    }

    /// Writes the repository's metadata from its hosting service, as the `repositories` table.
    pub(super) fn write_about(&self, directory: &Path, mined: &mut Mined) -> Result<()> {
        let Some(about) = self.target.about() else {
            return Ok(());
        };
        let mut table = RepositoriesTable::new();
        let mut file = TableFile::create(directory, "repositories", table.schema())?;
        table.push(&self.target.key().to_string(), about);
        file.write(&table.take()?)?;
        finish("repositories", file, mined)?;
        Ok(())
    }

    /// Writes `datapackage.json`, which describes the tables for tools that read data packages
    /// (Frictionless Data).
    pub(super) fn write_package(&self, directory: &Path, mined: &Mined) -> Result<()> {
        let mut tables = Vec::new();
        for (table, rows) in &mined.rows {
            if let Some(sum) = mined.files.get(&file_name(table)) {
                tables.push((table.clone(), *rows, sum.bytes, sum.sha256.clone()));
            }
        }
        let package = data_package(&self.target.key().to_string(), &tables);
        write_synced(&directory.join(PACKAGE_FILE), &json(&package))
    }
}

/// Completes the file of a table, and records its rows and what was lost.
fn finish(table: &str, file: TableFile, mined: &mut Mined) -> Result<()> {
    if let Some(warning) = file.warning() {
        mined.warnings.push(format!("{table}: {warning}"));
    }
    let written = file.finish()?;
    mined.rows.insert(table.to_owned(), written.rows);
    mined.files.insert(file_name(table), written.sum);
    Ok(())
}

/// Forwards progress with the name that the user gave the repository.
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
