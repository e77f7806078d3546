//! Commits as dictionaries, in the format of the former GitFleet package.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::rows::text;
use super::runtime::GilYielder;
use crate::git::Commit;

/// One dictionary per commit. The commits are dropped one by one, because dropping them all at once
/// would hold the GIL for long.
pub(super) fn commit_dicts<'py>(
    py: Python<'py>,
    repo_name: &str,
    commits: Vec<Commit>,
) -> PyResult<Bound<'py, PyList>> {
    let rows = PyList::empty(py);
    let mut yielder = GilYielder::new(py)?;
    for commit in commits {
        yielder.turn()?;
        rows.append(commit_dict(py, repo_name, &commit)?)?;
    }
    Ok(rows)
}

fn commit_dict<'py>(
    py: Python<'py>,
    repo_name: &str,
    commit: &Commit,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("sha", commit.id.to_string())?;
    dict.set_item("repo_name", repo_name)?;
    dict.set_item("message", text(py, &commit.message)?)?;
    for (who, signature) in [("author", &commit.author), ("committer", &commit.committer)] {
        dict.set_item(format!("{who}_name"), text(py, &signature.name)?)?;
        dict.set_item(format!("{who}_email"), text(py, &signature.email)?)?;
        dict.set_item(format!("{who}_timestamp"), signature.time.seconds)?;
        dict.set_item(format!("{who}_offset"), signature.time.offset_minutes)?;
    }
    dict.set_item("additions", commit.additions())?;
    dict.set_item("deletions", commit.deletions())?;
    dict.set_item("is_merge", commit.is_merge())?;
    Ok(dict)
}
