//! Single values of a table, for text formats and for Python's rows.

use std::io::{Result, Write};

use arrow_array::Array;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampSecondType};
use arrow_schema::DataType;

use super::text::decode;

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// Text, encoded by [`encode`](super::encode).
    Text(&'a str),
    /// A number.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// Seconds since the Unix epoch.
    Time(i64),
    /// A list of texts, such as the ids of parents.
    List(Vec<String>),
}

/// Returns the value of a cell. Columns and rows are numbered from 0.
pub fn value(batch: &RecordBatch, column: usize, row: usize) -> Value<'_> {
    let column = batch.column(column);
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8 => Value::Text(column.as_string::<i32>().value(row)),
        DataType::Int64 => Value::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Int32 => Value::Int(i64::from(column.as_primitive::<Int32Type>().value(row))),
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        DataType::Timestamp(..) => {
            Value::Time(column.as_primitive::<TimestampSecondType>().value(row))
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            Value::List(
                list.as_string::<i32>()
                    .iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect(),
            )
        }
        other => unreachable!("no table has a column of {other}"),
    }
}

/// Writes a value as text: nothing for null, times as `2024-05-01T12:00:00Z`, lists joined by
/// spaces. If `is_raw`, bytes that are not UTF-8 are written unchanged, else as
/// [`encode`](super::encode) stores them.
///
/// # Errors
///
/// Errors of `out`.
pub fn write_cell(
    out: &mut impl Write,
    batch: &RecordBatch,
    column: usize,
    row: usize,
    is_raw: bool,
) -> Result<()> {
    match value(batch, column, row) {
        Value::Null => Ok(()),
        Value::Text(text) if is_raw => out.write_all(&decode(text)),
        Value::Text(text) => out.write_all(text.as_bytes()),
        Value::Int(number) => write!(out, "{number}"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Time(seconds) => match batch
            .column(column)
            .as_primitive::<TimestampSecondType>()
            .value_as_datetime(row)
        {
            Some(time) => write!(out, "{}Z", time.format("%Y-%m-%dT%H:%M:%S")),
            None => write!(out, "{seconds}"), // the year is out of range
        },
        Value::List(items) => write!(out, "{}", items.join(" ")),
    }
}
