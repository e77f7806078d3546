//! One table of a dataset on disk.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::file_sum::{FileSum, Sum, SummedFile};
use crate::durable::sync;
use crate::error::{Error, Result};
use crate::table::{Format, RecordBatch, SchemaRef, Sink};

/// A Parquet file of one table.
pub(super) struct TableFile {
    sink: Sink,
    path: PathBuf,
    rows: u64,
    sum: Sum,
}

/// The rows of a finished file, and its size and hash.
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) sum: FileSum,
}

/// The name of a table's file.
pub(super) fn file_name(table: &str) -> String {
    format!("{table}.parquet")
}

impl TableFile {
    pub(super) fn create(directory: &Path, table: &str, schema: &SchemaRef) -> Result<Self> {
        let path = directory.join(file_name(table));
        let file = File::create_new(&path).map_err(Error::storage("create", &path))?;
        let (file, sum) = SummedFile::new(file);
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
            sum,
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

    /// Completes the file and syncs it to disk.
    pub(super) fn finish(self) -> Result<Written> {
        self.sink.finish()?;
        sync(&self.path)?;
        Ok(Written {
            rows: self.rows,
            sum: self.sum.get(),
        })
    }
}
