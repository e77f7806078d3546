//! Verification of a dataset: the files of every repository against its `outcome.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::verified::{Verified, named};
use crate::context::Context;
use crate::durable::is_absence;
use crate::error::{Error, Result};
use crate::fleet::dataset::{HEAD_FILE, HeadFile, OUTCOME_FILE, REPOS, SCHEMA_FILE};
use crate::fleet::file_sum::FileSum;
use crate::fleet::mine::OutcomeFile;
use crate::fleet::table_file::file_name;
use crate::regular_file;
use crate::table::parquet_rows;
use crate::workers::Workers;

/// Most directories below each other: a host, and the parts of a name.
const DEEPEST: usize = 32;

/// Verifies the dataset at `root`.
pub(super) fn verify(root: &Path, workers: &Workers, context: &Context) -> Result<Verified> {
    let mut verified = Verified {
        path: root.to_owned(),
        ..Verified::default()
    };
    let Some(head) = read(&root.join(HEAD_FILE))? else {
        let problem = format!("{HEAD_FILE} does not describe a dataset");
        verified.problems.push(problem);
        return Ok(verified);
    };
    if !root.join(SCHEMA_FILE).is_file() {
        verified.problems.push(format!("{SCHEMA_FILE} is missing"));
    }
    let mut places = Vec::new();
    let mut strays = Vec::new();
    find(&root.join(REPOS), DEEPEST, &mut places, &mut strays)?;
    places.sort();
    let dataset = Dataset {
        root,
        head: &head,
        context,
    };
    let checks = workers.map(&places, |place| dataset.check(place))?;
    let (mut tables, mut rows) = (0, 0);
    for check in checks {
        tables += check.tables;
        rows += check.rows;
        verified.problems.extend(check.problems);
        verified.warnings.extend(check.failure);
    }
    strays.sort();
    for stray in strays {
        let stray = relative(root, &stray);
        let problem = format!("{stray} has no {OUTCOME_FILE}");
        verified.problems.push(problem);
    }
    let repositories = places.len() as u64;
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
        if let Some(error) = outcome.error {
            check.failure = Some(format!("{name} was not mined: {}", error.message));
            return Ok(check);
        }
        let Some(mined) = outcome.mined else {
            problem(format!("{OUTCOME_FILE} lists no tables"));
            return Ok(check);
        };
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
            let file = file_name(table);
            let found = self.look_at(&place.join(&file), *rows, mined.files.get(&file))?;
            if let Some(what) = found {
                problem(format!("{file} {what}"));
            }
            check.tables += 1;
            check.rows += rows;
            listed.insert(file);
        }
        let others = tables_in(place)?;
        for other in others.difference(&listed) {
            check
                .problems
                .push(format!("{name}/{other} is not listed in {OUTCOME_FILE}"));
        }
        Ok(check)
    }

    /// Compares a table's file with its outcome. Returns what is wrong with it.
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

/// Finds the directories that have an `outcome.json`, and those that should have one.
fn find(
    directory: &Path,
    depth: usize,
    places: &mut Vec<PathBuf>,
    strays: &mut Vec<PathBuf>,
) -> Result<()> {
    let failed = || Error::storage("read", directory);
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absence(error.kind()) => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    let (mut has_outcome, mut has_files) = (false, depth == 0);
    for entry in entries {
        let entry = entry.map_err(failed())?;
        // Links are not followed.
        let is_directory = entry.file_type().map_err(failed())?.is_dir();
        if is_directory && depth > 0 {
            find(&entry.path(), depth - 1, places, strays)?;
        }
        has_outcome |= entry.file_name() == OUTCOME_FILE;
        has_files |= !is_directory;
    }
    if has_outcome {
        places.push(directory.to_owned());
    } else if has_files {
        strays.push(directory.to_owned());
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
