//! The size of batches, and their construction.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use crate::error::{Error, Result};

/// A batch is handed over when it has at least this many rows (the first batches: fewer), or 8 MiB
/// of text.
pub const BATCH_ROWS: usize = 16_384;
/// Number of rows of the first batch. It is small, so that it is ready early.
const FIRST_BATCH_ROWS: usize = 64;
/// Bytes of text that make a batch full, whatever its number of rows.
pub(super) const BATCH_BYTES: usize = 8 << 20;

/// The number of rows of the next batch.
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

    /// Raises the size for the next batch. Call after a batch is taken.
    pub(super) fn grow(&mut self) {
        self.0 = (self.0 * 4).min(BATCH_ROWS);
    }
}

/// Makes a batch of these columns.
pub(super) fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(SchemaRef::clone(schema), columns)
        .map_err(|error| Error::internal(format!("columns of a batch: {error}")))
}
