//! One table of a dataset on disk.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::durable::sync;
use crate::error::{Error, Result};
use crate::table::{Format, RecordBatch, SchemaRef, Sink};

/// A Parquet file of one table.
pub(super) struct TableFile {
    sink: Sink,
    path: PathBuf,
    rows: u64,
}

impl TableFile {
    pub(super) fn create(directory: &Path, table: &str, schema: &SchemaRef) -> Result<Self> {
        let path = directory.join(format!("{table}.parquet"));
        let file = File::create_new(&path).map_err(Error::storage("create", &path))?;
        let sink = Sink::new(
            Format::Parquet,
            Box::new(BufWriter::new(file)),
            &path,
            schema,
        )?;
        Ok(Self {
            sink,
            path,
            rows: 0,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.sink.write(batch)
    }

    /// A warning about dates that the file cannot express, if there are any.
    pub(super) fn warning(&self) -> Option<String> {
        self.sink.warning()
    }

    /// Completes the file and syncs it to disk. Returns the number of rows.
    pub(super) fn finish(self) -> Result<u64> {
        self.sink.finish()?;
        sync(&self.path)?;
        Ok(self.rows)
    }
}
