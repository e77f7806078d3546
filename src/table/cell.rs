//! Single values as text, for CSV and for people.

use std::io::{Error, Result, Write};

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampSecondType};
use arrow_schema::DataType;

use super::text::decode;

/// Writes one value as text: nothing for null, times as `2024-05-01T12:00:00Z`, lists joined by spaces, and bytes that are no
/// UTF-8 as they are.
///
/// # Errors
///
/// A type that no table has.
pub fn write_cell(cell: &mut Vec<u8>, column: &dyn Array, row: usize) -> Result<()> {
    if column.is_null(row) {
        return Ok(());
    }
    match column.data_type() {
        DataType::Utf8 => cell.extend_from_slice(&decode(column.as_string::<i32>().value(row))),
        DataType::Int64 => write!(cell, "{}", column.as_primitive::<Int64Type>().value(row))?,
        DataType::Int32 => write!(cell, "{}", column.as_primitive::<Int32Type>().value(row))?,
        DataType::Boolean => write!(cell, "{}", column.as_boolean().value(row))?,
        DataType::Timestamp(..) => {
            let times = column.as_primitive::<TimestampSecondType>();
            match times.value_as_datetime(row) {
                Some(time) => write!(cell, "{}Z", time.format("%Y-%m-%dT%H:%M:%S"))?,
                None => write!(cell, "{}", times.value(row))?, // a year that no calendar has
            }
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            for (index, item) in list.as_string::<i32>().iter().enumerate() {
                if index > 0 {
                    cell.push(b' ');
                }
                cell.extend_from_slice(item.unwrap_or_default().as_bytes());
            }
        }
        other => return Err(Error::other(format!("no text form for {other}"))),
    }
    Ok(())
}
