//! CSV. Arrow's own writer supports neither lists nor bytes that are not UTF-8.
//!
//! The names in the header are quoted: some readers learn from the first rows which quotes a file
//! uses, and the first value that needs quotes may be in a late row.

use std::io::{Result, Write};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::table::cell::write_cell;

pub(super) struct CsvSink {
    writer: csv::Writer<Box<dyn Write + Send>>,
    cell: Vec<u8>,
    /// True if bytes that are not UTF-8 are written as they are.
    is_raw: bool,
}

impl CsvSink {
    pub(super) fn new(
        mut out: Box<dyn Write + Send>,
        schema: &SchemaRef,
        is_raw: bool,
    ) -> Result<Self> {
        let names = schema
            .fields()
            .iter()
            .map(|field| format!("\"{}\"", field.name()));
        writeln!(out, "{}", names.collect::<Vec<_>>().join(","))?;
        Ok(Self {
            writer: csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(out),
            cell: Vec::new(),
            is_raw,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for row in 0..batch.num_rows() {
            for column in 0..batch.num_columns() {
                self.cell.clear();
                write_cell(&mut self.cell, batch, column, row, self.is_raw)?;
                self.writer.write_field(&self.cell).map_err(io_error)?;
            }
            self.writer.write_record(None::<&[u8]>).map_err(io_error)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.writer.flush()
    }
}

/// Keeps the operating system's error, so that a closed pipe can be recognised.
fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}
