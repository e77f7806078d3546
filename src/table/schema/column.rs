//! The definition of a column: everything that Arrow, the documentation and a data package need to
//! know about it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, TimeUnit};

/// The type of a column's values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// Bytes of git as text; bytes that are not UTF-8 are stored as U+F700 + byte.
    Bytes,
    /// A list of texts.
    Texts,
    /// A 64-bit integer.
    Integer,
    /// A 32-bit integer.
    SmallInteger,
    /// True or false.
    Flag,
    /// A point in time, in seconds, UTC.
    Time,
}

/// One column of a table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Column {
    /// The name, the same in every format.
    pub name: &'static str,
    /// The type of its values.
    pub kind: ColumnType,
    /// The unit of its values; empty if they have none.
    pub unit: &'static str,
    /// The meaning of null; empty if there are no nulls.
    pub null: &'static str,
    /// The meaning of its values.
    pub description: &'static str,
    /// The column of another table that it refers to, as `table.column`; empty if there is none.
    pub refers_to: &'static str,
}

/// A column that is never null.
pub(super) const fn column(
    name: &'static str,
    kind: ColumnType,
    description: &'static str,
) -> Column {
    Column {
        name,
        kind,
        unit: "",
        null: "",
        description,
        refers_to: "",
    }
}

impl Column {
    /// Returns the column with `null` as the meaning of null.
    pub(super) const fn null(self, null: &'static str) -> Self {
        Self { null, ..self }
    }

    /// Returns the column with a unit.
    pub(super) const fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Returns the column with a reference to a column of another table, as `table.column`.
    pub(super) const fn refers_to(self, refers_to: &'static str) -> Self {
        Self { refers_to, ..self }
    }

    /// True if its values may be null.
    pub fn is_nullable(&self) -> bool {
        !self.null.is_empty()
    }

    /// The Arrow field, with the description, the unit and the meaning of null in its metadata.
    pub(super) fn field(&self) -> Field {
        let data_type = match self.kind {
            ColumnType::Text | ColumnType::Bytes => DataType::Utf8,
            ColumnType::Texts => DataType::List(Arc::new(Self::item())),
            ColumnType::Integer => DataType::Int64,
            ColumnType::SmallInteger => DataType::Int32,
            ColumnType::Flag => DataType::Boolean,
            ColumnType::Time => DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        };
        let encoding = match self.kind {
            ColumnType::Bytes => "bytes that are not UTF-8 are stored as U+F700 + byte",
            _ => "",
        };
        let notes = [
            ("description", self.description),
            ("gitfleet.unit", self.unit),
            ("gitfleet.null", self.null),
            ("gitfleet.refers_to", self.refers_to),
            ("gitfleet.encoding", encoding),
        ];
        let notes = notes.into_iter().filter(|(_, text)| !text.is_empty());
        let metadata: HashMap<String, String> = notes
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .collect();
        Field::new(self.name, data_type, self.is_nullable()).with_metadata(metadata)
    }

    /// The items of a list.
    pub(in crate::table) fn item() -> Field {
        Field::new("item", DataType::Utf8, false)
    }
}
