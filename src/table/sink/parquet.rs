//! Parquet.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMillisecondType, TimestampSecondType};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;

use crate::regular_file;

/// Number of rows per row group. It limits the rows that are held in memory before they are
/// written.
const ROW_GROUP_ROWS: usize = 128 * 1024;

pub(super) struct ParquetSink {
    writer: ArrowWriter<Box<dyn Write + Send>>,
    schema: SchemaRef,
    /// Number of times that are null because they cannot be expressed.
    pub(super) lost_times: u64,
}

impl ParquetSink {
    pub(super) fn new(out: Box<dyn Write + Send>, schema: &SchemaRef) -> Result<Self> {
        // The same metadata is also written as key-value pairs, for readers that ignore the Arrow
        // schema.
        let mut metadata: Vec<_> = schema
            .metadata()
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
            .collect();
        metadata.sort_by(|a, b| a.key.cmp(&b.key));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_key_value_metadata(Some(metadata))
            .build();
        let schema = in_milliseconds(schema);
        let writer = ArrowWriter::try_new(out, SchemaRef::clone(&schema), Some(properties))?;
        let lost_times = 0;
        Ok(Self {
            writer,
            schema,
            lost_times,
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns: Vec<ArrayRef> = batch.columns().iter().map(milliseconds).collect();
        for (before, after) in batch.columns().iter().zip(&columns) {
            self.lost_times += (after.null_count() - before.null_count()) as u64;
        }
        self.writer.write(&RecordBatch::try_new(
            SchemaRef::clone(&self.schema),
            columns,
        )?)
    }

    pub(super) fn finish(self) -> Result<()> {
        let mut out = self.writer.into_inner()?;
        Ok(out.flush()?)
    }
}

/// Changes times in seconds to milliseconds. Parquet has no timestamps in seconds: readers would
/// see plain numbers.
fn in_milliseconds(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            // A date that is out of range becomes null, not another date.
            let field = Field::clone(field)
                .with_data_type(DataType::Timestamp(TimeUnit::Millisecond, zone.clone()));
            Arc::new(field.with_nullable(true))
        }
        _ => Arc::clone(field),
    });
    let fields = fields.collect::<Vec<_>>();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn milliseconds(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Second, zone) => {
            let seconds = column.as_primitive::<TimestampSecondType>();
            let milliseconds = seconds.unary_opt::<_, TimestampMillisecondType>(|second| {
                // Readers convert to microseconds, and fail if a date is out of their range.
                second.checked_mul(1_000_000).map(|_| second * 1000)
            });
            Arc::new(milliseconds.with_timezone_opt(zone.clone()))
        }
        _ => Arc::clone(column),
    }
}

/// Returns the number of rows of a Parquet file, as its footer states it.
///
/// # Errors
///
/// Those of the file system; [`std::io::ErrorKind::InvalidData`] if it is not a complete Parquet file.
pub(crate) fn rows(path: &Path) -> std::io::Result<u64> {
    let file = regular_file::open(path)?;
    let invalid = |error: ParquetError| std::io::Error::new(ErrorKind::InvalidData, error);
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .map_err(invalid)?;
    u64::try_from(metadata.file_metadata().num_rows()).map_err(std::io::Error::other)
}
