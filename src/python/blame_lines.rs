//! Blamed lines as dictionaries, in the format of the former GitFleet package.

use std::collections::VecDeque;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::rows::text;
use super::runtime::GilYielder;
use crate::error::{Error, Result};
use crate::git::{BlameRow, BlameStream};

/// One blamed line.
pub(super) struct Line {
    commit_id: String,
    author_name: Vec<u8>,
    author_email: Vec<u8>,
    orig_number: u32,
    final_number: u32,
    content: Vec<u8>,
}

/// A line and its path; `None` if the caller knows the path.
pub(super) type LineAt = (Line, Option<Arc<[u8]>>);

/// The lines of a file's rows, in order.
pub(super) fn lines(rows: &[BlameRow], content: &[u8]) -> impl Iterator<Item = Line> {
    let contents: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
    let line = move |row: &BlameRow, skip: u32| {
        let line = contents.get((row.start_line - 1 + skip) as usize);
        let line = line.copied().unwrap_or_default();
        Line {
            commit_id: row.commit_id.to_string(),
            author_name: row.author.name.to_vec(),
            author_email: row.author.email.to_vec(),
            orig_number: row.orig_start_line + skip,
            final_number: row.start_line + skip,
            content: line.strip_suffix(b"\n").unwrap_or(line).to_vec(),
        }
    };
    rows.iter().flat_map(move |row| {
        let all: Vec<Line> = (0..row.line_count).map(|skip| line(row, skip)).collect();
        all
    })
}

/// One dictionary per line. It includes the path unless that is `None`.
pub(super) fn dicts<'py>(
    py: Python<'py>,
    lines: impl Iterator<Item = LineAt>,
    yielder: &mut GilYielder<'py>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (line, path) in lines {
        yielder.turn()?;
        let dict = PyDict::new(py);
        if let Some(path) = path {
            dict.set_item("path", text(py, &path)?)?;
        }
        dict.set_item("commit_id", line.commit_id)?;
        dict.set_item("author_name", text(py, &line.author_name)?)?;
        dict.set_item("author_email", text(py, &line.author_email)?)?;
        dict.set_item("orig_line_no", line.orig_number)?;
        dict.set_item("final_line_no", line.final_number)?;
        dict.set_item("line_content", text(py, &line.content)?)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// A lazy stream of the lines of several files.
pub(super) struct LineStream {
    /// `None` once the stream has ended.
    stream: Option<BlameStream>,
    waiting: VecDeque<LineAt>,
    /// The error that ended the stream, or else the error of the first file that could not be
    /// blamed. It is returned after all lines.
    failure: Option<Error>,
}

impl LineStream {
    pub(super) fn new(stream: BlameStream) -> Self {
        Self {
            stream: Some(stream),
            waiting: VecDeque::new(),
            failure: None,
        }
    }

    /// Returns up to `most` lines, and at least one unless none are left.
    pub(super) fn take(&mut self, most: usize) -> Result<Vec<LineAt>> {
        while self.waiting.len() < most {
            let file = match self.stream.as_mut().and_then(Iterator::next) {
                Some(Ok(file)) => file,
                ended => {
                    // Lines that were found before an error are returned before it.
                    self.failure = ended.and_then(Result::err).or(self.failure.take());
                    self.stream = None;
                    break;
                }
            };
            match file.rows {
                Ok(rows) => {
                    let path: Arc<[u8]> = file.path.into_bytes().into();
                    let lines = lines(&rows, file.content.as_deref().unwrap_or_default());
                    let lines = lines.map(|line| (line, Some(Arc::clone(&path))));
                    self.waiting.extend(lines);
                }
                Err(error) => drop(self.failure.get_or_insert(error)),
            }
        }
        if self.waiting.is_empty()
            && let Some(failure) = self.failure.take()
        {
            return Err(failure);
        }
        let most = most.min(self.waiting.len());
        Ok(self.waiting.drain(..most).collect())
    }
}
