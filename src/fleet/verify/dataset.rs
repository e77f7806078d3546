//! Verification of a dataset: the files of every repository against its `outcome.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::verified::{Verified, named};
use crate::context::Context;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::fleet::dataset::{FORMAT, HEAD_FILE, HeadFile, OUTCOME_FILE, REPOS, SCHEMA_FILE, hash};
use crate::fleet::file_sum::FileSum;
use crate::fleet::mine::{OUTCOME_FORMAT, OutcomeFile, PACKAGE_FILE};
use crate::fleet::table_file::file_name;
use crate::regular_file;
use crate::table::{parquet_rows, schema};
use crate::workers::Workers;

/// Most directories below each other: a host, and the parts of a name.
const DEEPEST: usize = 32;

/// Verifies the dataset at `root`.
pub(super) fn verify(root: &Path, workers: &Workers, context: &Context) -> Result<Verified> {
    let mut verified = Verified {
        path: root.to_owned(),
        ..Verified::default()
    };
    let Some(head) = read::<HeadFile>(&root.join(HEAD_FILE))? else {
        let problem = format!("{HEAD_FILE} is missing, or does not describe a dataset");
        verified.problems.push(problem);
        return Ok(verified);
    };
    if (head.format, head.schema_version) != (FORMAT, schema::VERSION) {
        let problem = format!("{HEAD_FILE} is of another version of GitFleet");
        verified.problems.push(problem);
        return Ok(verified);
    }
    if hash(&head.options) != head.options_hash {
        let problem = format!("{HEAD_FILE} was edited: its options are not those of its hash");
        verified.problems.push(problem);
    }
    if read(&root.join(SCHEMA_FILE))? != Some(schema::table_schemas()) {
        let problem = format!("{SCHEMA_FILE} is missing or was edited; `mine` writes it again");
        verified.problems.push(problem);
    }
    let mut found = Places::default();
    find(&root.join(REPOS), DEEPEST, &mut found)?;
    for list in [&mut found.finished, &mut found.strays, &mut found.empty] {
        list.sort();
    }
    let dataset = Dataset {
        root,
        head: &head,
        context,
    };
    let checks = workers.map(&found.finished, |place| dataset.check(place))?;
    let (mut tables, mut rows) = (0, 0);
    for check in checks {
        tables += check.tables;
        rows += check.rows;
        verified.problems.extend(check.problems);
        verified.warnings.extend(check.failure);
    }
    for stray in found.strays {
        let stray = relative(root, &stray);
        let problem = format!("{stray} has no {OUTCOME_FILE}");
        verified.problems.push(problem);
    }
    for empty in found.empty {
        let warning = format!("{} is empty", relative(root, &empty));
        verified.warnings.push(warning);
    }
    let repositories = found.finished.len() as u64;
    verified.counts = named(&[
        ("repositories", repositories),
        ("tables", tables),
        ("rows", rows),
    ]);
    Ok(verified)
}

struct Dataset<'a> {
    root: &'a Path,
    head: &'a HeadFile,
    context: &'a Context,
}

/// The result of one repository.
#[derive(Default)]
struct Check {
    tables: u64,
    rows: u64,
    problems: Vec<String>,
    /// The reason why it could not be mined.
    failure: Option<String>,
}

impl Dataset<'_> {
    fn check(&self, place: &Path) -> Result<Check> {
        let mut check = Check::default();
        let name = relative(self.root, place);
        let mut problem = |what: String| check.problems.push(format!("{name}/{what}"));
        let Some(outcome) = read::<OutcomeFile>(&place.join(OUTCOME_FILE))? else {
            problem(format!("{OUTCOME_FILE} is damaged, or of another version"));
            return Ok(check);
        };
        if outcome.options_hash != self.head.options_hash {
            problem(format!("{OUTCOME_FILE} is of a run with other options"));
        }
        if outcome.format != OUTCOME_FORMAT {
            problem(format!("{OUTCOME_FILE} is of another version of GitFleet"));
            return Ok(check);
        }
        let others = tables_in(place)?;
        if let Some(error) = outcome.error {
            for other in others {
                problem(format!(
                    "{other} is there, although {OUTCOME_FILE} has an error"
                ));
            }
            check.failure = Some(format!("{name} was not mined: {}", error.message));
            return Ok(check);
        }
        let Some(mined) = outcome.mined else {
            problem(format!("{OUTCOME_FILE} lists no tables"));
            return Ok(check);
        };
        if read::<serde_json::Value>(&place.join(PACKAGE_FILE))?.is_none() {
            problem(format!("{PACKAGE_FILE} is missing or damaged"));
        }
        let expected = self.head.options["tables"].as_array();
        let expected = expected
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str());
        for table in expected.filter(|table| !mined.rows.contains_key(*table)) {
            problem(format!("{OUTCOME_FILE} lists no table {table}"));
        }
        let mut listed = BTreeSet::new();
        for (table, rows) in &mined.rows {
            if !schema::is_table(table) {
                problem(format!("{OUTCOME_FILE} lists an unknown table, {table:?}"));
                continue;
            }
            let file = file_name(table);
            let found = self.look_at(&place.join(&file), *rows, mined.files.get(&file))?;
            if let Some(what) = found {
                problem(format!("{file} {what}"));
            }
            check.tables += 1;
            check.rows += rows;
            listed.insert(file);
        }
        for other in others.difference(&listed) {
            check
                .problems
                .push(format!("{name}/{other} is not listed in {OUTCOME_FILE}"));
        }
        Ok(check)
    }

    /// Compares a table's file with its outcome. Returns the problem, if there is one.
    fn look_at(&self, path: &Path, rows: u64, stated: Option<&FileSum>) -> Result<Option<String>> {
        let Some(stated) = stated else {
            return Ok(Some(format!("has no size and hash in {OUTCOME_FILE}")));
        };
        let sum = match FileSum::of(path, &self.context.cancel) {
            Err(Error::Storage { source, .. }) if is_absence(source.kind()) => {
                return Ok(Some("is missing".to_owned()));
            }
            Err(Error::Storage { source, .. }) if source.raw_os_error().is_none() => {
                return Ok(Some(source.to_string()));
            }
            sum => sum?,
        };
        if sum.bytes != stated.bytes {
            let (bytes, stated) = (sum.bytes, stated.bytes);
            return Ok(Some(format!("has {bytes} bytes, not {stated}")));
        }
        if sum.sha256 != stated.sha256 {
            let what = "has another SHA-256 than when it was written: it is damaged";
            return Ok(Some(what.to_owned()));
        }
        match parquet_rows(path) {
            Ok(found) if found == rows => Ok(None),
            Ok(found) => Ok(Some(format!("has {found} rows, not {rows}"))),
            Err(error) if error.raw_os_error().is_some() => {
                Err(Error::storage("read", path)(error))
            }
            Err(error) => Ok(Some(format!("cannot be read: {error}"))),
        }
    }
}

/// Reads a file of JSON; `None` if it has other content, or is missing.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match regular_file::read(path, regular_file::LARGEST) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.raw_os_error().is_some() && !is_absence(error.kind()) => {
            Err(Error::storage("read", path)(error))
        }
        Err(_) => Ok(None),
    }
}

/// The directories below `repos`.
#[derive(Default)]
struct Places {
    /// Those that have an `outcome.json`.
    finished: Vec<PathBuf>,
    /// Those that have other files.
    strays: Vec<PathBuf>,
    /// Those that have nothing: a run that was killed leaves the directory of an owner.
    empty: Vec<PathBuf>,
}

/// Finds the directories of repositories.
fn find(directory: &Path, depth: usize, found: &mut Places) -> Result<()> {
    let failed = || Error::storage("read", directory);
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absence(error.kind()) => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    let (mut has_outcome, mut has_files, mut is_empty) = (false, depth == 0, true);
    for entry in entries {
        let entry = entry.map_err(failed())?;
        // Links are not followed.
        let is_directory = entry.file_type().map_err(failed())?.is_dir();
        if is_directory && depth > 0 {
            find(&entry.path(), depth - 1, found)?;
        }
        has_outcome |= entry.file_name() == OUTCOME_FILE;
        has_files |= !is_directory;
        is_empty = false;
    }
    if has_outcome {
        found.finished.push(directory.to_owned());
    } else if has_files {
        found.strays.push(directory.to_owned());
    } else if is_empty {
        found.empty.push(directory.to_owned());
    }
    Ok(())
}

/// The names of the Parquet files in a directory.
fn tables_in(place: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(place).map_err(Error::storage("read", place))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(Error::storage("read", place))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".parquet") {
            names.insert(name);
        }
    }
    Ok(names)
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}
