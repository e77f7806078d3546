//! Batches of rows as dictionaries, in the format of the former GitFleet package.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;

use super::blame_lines::{LineAt, LineStream, dicts};
use super::commit_dicts::commit_dicts;
use super::runtime::{GilYielder, awaitable_until};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::git::{Commit, CommitStream};
use crate::mutex::lock;

/// The rows that a stream yields.
pub(super) enum Source {
    /// Blamed lines.
    Lines(Box<LineStream>),
    /// The repository's name and its commits; `None` if the repository is empty.
    Commits(String, Option<Box<CommitStream>>),
}

enum Rows {
    Lines(Vec<LineAt>),
    Commits(String, Vec<Commit>),
}

impl Source {
    fn take(&mut self, most: usize) -> Result<Rows> {
        match self {
            Self::Lines(lines) => lines.take(most).map(Rows::Lines),
            Self::Commits(repo_name, commits) => {
                let commits = commits.iter_mut().flat_map(AsMut::as_mut).take(most);
                let commits = commits.collect::<Result<_>>()?;
                Ok(Rows::Commits(repo_name.clone(), commits))
            }
        }
    }
}

/// A lazy stream of rows.
#[pyclass(frozen, module = "gitfleet._gitfleet")]
pub(super) struct DictStream {
    source: Arc<Mutex<Source>>,
    cancel: CancelToken,
}

impl DictStream {
    pub(super) fn new(source: Source, cancel: CancelToken) -> Self {
        Self {
            source: Arc::new(Mutex::new(source)),
            cancel,
        }
    }
}

#[pymethods]
impl DictStream {
    /// Returns up to `most` rows, or an empty list at the end. Cancelling the task that awaits it
    /// stops the work.
    fn next<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyAny>> {
        let source = Arc::clone(&self.source);
        let work = move |_: &CancelToken| {
            let mut source = lock(&source);
            source.take(most.max(1))
        };
        awaitable_until(py, self.cancel.clone(), work, |py, rows| {
            let rows = match rows {
                Rows::Lines(lines) => dicts(py, lines.into_iter(), &mut GilYielder::new(py)?)?,
                Rows::Commits(repo_name, commits) => commit_dicts(py, &repo_name, commits)?,
            };
            Ok(rows.unbind())
        })
    }

    /// Stops the work.
    fn close(&self) {
        self.cancel.cancel();
    }
}
