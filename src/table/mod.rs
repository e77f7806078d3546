//! Commits, changes and blame as Arrow tables, and the files they are written to.
//!
//! This is the only module that uses `arrow` and `parquet` directly. Column names are a contract:
//! they are the same in Arrow, Parquet, CSV, JSON lines and Python. [`schema`] defines the columns
//! and their types, and puts the rules by which lines were counted into the metadata of the
//! commits, changes and blame tables.

mod batch;
mod blame;
mod cell;
mod commits;
mod records;
mod repositories;
#[doc(hidden)]
pub mod schema;
mod sink;
mod text;

pub use arrow_array::RecordBatch;
pub use arrow_schema::{Schema, SchemaRef};

pub use batch::BATCH_ROWS;
pub use blame::BlameTable;
#[doc(hidden)]
pub use cell::{Value, value, write_cell};
pub use commits::{ChangesTable, CommitsTable};
pub use records::{MissingCount, Records, blame, changes, commits};
pub use repositories::RepositoriesTable;
pub(crate) use sink::parquet_rows;
pub use sink::{Format, Sink};
#[doc(hidden)]
pub use text::{decode, encode};
