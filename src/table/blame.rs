//! The `blame` table.

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::batch::{BATCH_BYTES, BatchSize, batch};
use super::commits::{hex, seconds_column};
use super::schema;
use super::text::encode;
use crate::error::Result;
use crate::git::{BlameOptions, BlameRow};

/// Collects blamed lines into batches of the `blame` table.
pub struct BlameTable {
    schema: SchemaRef,
    repo_name: String,
    per_line: bool,
    hex: String,
    batch: BatchSize,
    rows: usize,
    text_bytes: usize,
    repo: StringBuilder,
    path: StringBuilder,
    start_line: Int64Builder,
    line_count: Int64Builder,
    commit_id: StringBuilder,
    orig_path: StringBuilder,
    orig_start_line: Int64Builder,
    author_name: StringBuilder,
    author_email: StringBuilder,
    author_time: Vec<i64>,
    is_boundary: BooleanBuilder,
    content: StringBuilder,
}

impl BlameTable {
    /// Creates an empty table for the repository `repo_name`. With
    /// [`lines`](field@BlameOptions::lines), each line has its own row, with its content.
    pub fn new(repo_name: &str, options: &BlameOptions) -> Self {
        Self {
            schema: schema::blame(options),
            repo_name: repo_name.to_owned(),
            per_line: options.lines,
            hex: String::new(),
            batch: BatchSize::default(),
            rows: 0,
            text_bytes: 0,
            repo: StringBuilder::new(),
            path: StringBuilder::new(),
            start_line: Int64Builder::new(),
            line_count: Int64Builder::new(),
            commit_id: StringBuilder::new(),
            orig_path: StringBuilder::new(),
            orig_start_line: Int64Builder::new(),
            author_name: StringBuilder::new(),
            author_email: StringBuilder::new(),
            author_time: Vec::new(),
            is_boundary: BooleanBuilder::new(),
            content: StringBuilder::new(),
        }
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds the rows of a file, split into lines if the table has a row per line. `content` is
    /// needed only in that case.
    pub fn push(&mut self, path: &[u8], rows: &[BlameRow], content: Option<&[u8]>) {
        if !self.per_line {
            for row in rows {
                self.push_row(path, row, 0, row.line_count);
            }
            return;
        }
        let content = content.unwrap_or_default();
        let lines: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
        for row in rows {
            for skip in 0..row.line_count {
                self.push_row(path, row, skip, 1);
                let line = lines.get((row.start_line - 1 + skip) as usize);
                let line = line.copied().unwrap_or_default();
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                self.text_bytes += line.len();
                self.content.append_value(encode(line));
            }
        }
    }

    fn push_row(&mut self, path: &[u8], row: &BlameRow, skip: u32, line_count: u32) {
        self.rows += 1;
        self.repo.append_value(&self.repo_name);
        self.path.append_value(encode(path));
        self.start_line
            .append_value(i64::from(row.start_line + skip));
        self.line_count.append_value(i64::from(line_count));
        self.commit_id
            .append_value(hex(&mut self.hex, &row.commit_id));
        self.orig_path.append_value(encode(&row.orig_path));
        self.orig_start_line
            .append_value(i64::from(row.orig_start_line + skip));
        self.author_name.append_value(encode(&row.author.name));
        self.author_email.append_value(encode(&row.author.email));
        self.author_time.push(row.author.time.seconds);
        self.is_boundary.append_value(row.is_boundary);
    }

    /// Returns true if a batch should be taken.
    pub fn is_full(&self) -> bool {
        self.batch.is_full(self.rows) || self.text_bytes >= BATCH_BYTES
    }

    /// Returns the rows added since the last batch; there may be none.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::Error::Internal) if columns and schema disagree, which is a defect.
    pub fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.text_bytes) = (0, 0);
        self.batch.grow();
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.repo.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.start_line.finish()),
            Arc::new(self.line_count.finish()),
            Arc::new(self.commit_id.finish()),
            Arc::new(self.orig_path.finish()),
            Arc::new(self.orig_start_line.finish()),
            Arc::new(self.author_name.finish()),
            Arc::new(self.author_email.finish()),
            seconds_column(&std::mem::take(&mut self.author_time)),
            Arc::new(self.is_boundary.finish()),
        ];
        if self.per_line {
            columns.push(Arc::new(self.content.finish()));
        }
        batch(&self.schema, columns)
    }
}
