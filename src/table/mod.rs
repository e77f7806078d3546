//! Commits, changes and blame as Arrow tables, and the files they are written to.
//!
//! The only folder that names `arrow` and `parquet`. Column names are a contract: the same in Arrow, Parquet, CSV, JSON
//! lines and Python. [`schema`] holds them with their types, and puts the counting policy into each table's metadata.

mod blame;
mod cell;
mod commits;
mod records;
mod repositories;
pub mod schema;
mod sink;
mod text;

pub use arrow_array::RecordBatch;
pub use arrow_schema::{Schema, SchemaRef};

pub use blame::BlameTable;
pub use cell::{Value, value, write_cell};
pub use commits::{ChangesTable, CommitsTable};
pub use records::{MissingBlobs, Records, blame, changes, commits};
pub use repositories::RepositoriesTable;
pub use sink::{Format, Sink};
pub use text::{decode, encode};

/// Rows that are collected before a batch is handed on; fewer at first.
pub const BATCH_ROWS: usize = 16_384;
/// Rows of the first batch: whoever waits for it waits a moment only.
const FIRST_BATCH_ROWS: usize = 64;
/// Bytes of text that are collected before a batch is handed on, rows or not.
const BATCH_BYTES: usize = 8 << 20;

/// How many rows the next batch has.
struct BatchSize(usize);

impl Default for BatchSize {
    fn default() -> Self {
        Self(FIRST_BATCH_ROWS)
    }
}

impl BatchSize {
    fn is_full(&self, rows: usize) -> bool {
        rows >= self.0
    }

    /// The batch was taken; the next one may be larger.
    fn grow(&mut self) {
        self.0 = (self.0 * 4).min(BATCH_ROWS);
    }
}
