//! How many rows a batch has, and how it is made.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use crate::error::{Error, Result};

/// Rows that are collected before a batch is handed on; fewer at first.
pub const BATCH_ROWS: usize = 16_384;
/// Rows of the first batch: whoever waits for it waits a moment only.
const FIRST_BATCH_ROWS: usize = 64;
/// Bytes of text that are collected before a batch is handed on, rows or not.
pub(super) const BATCH_BYTES: usize = 8 << 20;

/// How many rows the next batch has.
pub(super) struct BatchSize(usize);

impl Default for BatchSize {
    fn default() -> Self {
        Self(FIRST_BATCH_ROWS)
    }
}

impl BatchSize {
    pub(super) fn is_full(&self, rows: usize) -> bool {
        rows >= self.0
    }

    /// The batch was taken; the next one may be larger.
    pub(super) fn grow(&mut self) {
        self.0 = (self.0 * 4).min(BATCH_ROWS);
    }
}

/// A batch of these columns.
pub(super) fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(SchemaRef::clone(schema), columns)
        .map_err(|error| Error::internal(format!("columns of a batch: {error}")))
}
