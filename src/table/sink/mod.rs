//! Files that record batches are written to.

mod csv;
mod json_lines;
mod parquet;

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};

use crate::error::{Error, Result};

/// The file format of a table.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// Comma-separated values in UTF-8, with a header in quotes. Lists are joined by spaces.
    Csv,
    /// The same, but bytes that are not UTF-8 are written unchanged, as git stores them.
    RawCsv,
    /// One JSON object per line; nulls are written.
    JsonLines,
    /// Parquet, compressed with Snappy. Times are in milliseconds, because Parquet has no
    /// timestamps in seconds; those that do not fit into microseconds are null: see
    /// [`Sink::lost_times`].
    Parquet,
    /// Arrow's IPC stream.
    Arrow,
}

impl Format {
    /// Returns the format for a file name's extension: `.csv`, `.jsonl` or `.ndjson`, `.parquet`,
    /// `.arrow`, `.arrows` or `.ipc`; `None` for any other.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" => Some(Self::Parquet),
            "arrow" | "arrows" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }
}

pub(crate) use parquet::rows as parquet_rows;

type Out = Box<dyn Write + Send>;

/// Writes batches of one schema in one format.
///
/// The output is complete only after [`Sink::finish`].
pub struct Sink {
    /// The name of the output in errors.
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Csv(csv::CsvSink),
    JsonLines(json_lines::JsonLinesSink),
    Parquet(parquet::ParquetSink),
    Arrow(StreamWriter<Out>),
}

impl Sink {
    /// Starts the output. `path` is its name in errors.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the start of the output cannot be written.
    pub fn new(format: Format, out: Out, path: &Path, schema: &SchemaRef) -> Result<Self> {
        let failed = |error: ArrowError| storage(path, error);
        let kind = match format {
            Format::Csv | Format::RawCsv => {
                let sink = csv::CsvSink::new(out, schema, format == Format::RawCsv);
                Kind::Csv(sink.map_err(Error::storage("write", path))?)
            }
            Format::JsonLines => Kind::JsonLines(json_lines::JsonLinesSink::new(out)),
            Format::Parquet => Kind::Parquet(
                parquet::ParquetSink::new(out, schema).map_err(|error| storage(path, error))?,
            ),
            Format::Arrow => Kind::Arrow(StreamWriter::try_new(out, schema).map_err(failed)?),
        };
        Ok(Self {
            path: path.to_owned(),
            kind,
        })
    }

    /// Writes a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the output cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let path = &self.path;
        match &mut self.kind {
            Kind::Csv(sink) => sink.write(batch).map_err(Error::storage("write", path)),
            Kind::JsonLines(sink) => sink.write(batch).map_err(Error::storage("write", path)),
            Kind::Parquet(sink) => sink.write(batch).map_err(|error| storage(path, error)),
            Kind::Arrow(writer) => writer.write(batch).map_err(|error| storage(path, error)),
        }
    }

    /// Number of times that were written as null because the format, or its readers, cannot express
    /// them: in Parquet, those more than 292,000 years from 1970.
    pub fn lost_times(&self) -> u64 {
        match &self.kind {
            Kind::Parquet(sink) => sink.lost_times,
            _ => 0,
        }
    }

    /// A warning about [`Sink::lost_times`], if there are any.
    pub(crate) fn warning(&self) -> Option<String> {
        match self.lost_times() {
            0 => None,
            1 => Some("one date is null, because it is too far away".to_owned()),
            times => Some(format!(
                "{times} dates are null, because they are too far away"
            )),
        }
    }

    /// Writes the remaining data and flushes the output.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`] if the output cannot be written.
    pub fn finish(self) -> Result<()> {
        let Self { path, kind } = self;
        let failed = |error: ArrowError| storage(&path, error);
        match kind {
            Kind::Csv(sink) => sink.finish().map_err(Error::storage("write", &path)),
            Kind::JsonLines(sink) => sink.finish().map_err(Error::storage("write", &path)),
            Kind::Parquet(sink) => sink.finish().map_err(|error| storage(&path, error)),
            Kind::Arrow(mut writer) => {
                writer.finish().map_err(failed)?;
                writer
                    .into_inner()
                    .map_err(failed)?
                    .flush()
                    .map_err(Error::storage("write", &path))
            }
        }
    }
}

/// Converts an error of Arrow or Parquet. It is nearly always an I/O error of the output that was
/// wrapped several times.
fn storage(path: &Path, error: impl std::error::Error + 'static) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut found = None;
    while let Some(error) = cause.filter(|_| found.is_none()) {
        found = error.downcast_ref::<std::io::Error>();
        cause = error.source();
    }
    let copy = |error: &std::io::Error| match error.raw_os_error() {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => std::io::Error::new(error.kind(), error.to_string()),
    };
    Error::Storage {
        action: "write",
        path: path.to_owned(),
        source: found.map_or_else(|| std::io::Error::other(error.to_string()), copy),
    }
}
