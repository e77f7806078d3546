//! Repository metadata from a hosting service, as columns.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampSecondArray,
};
use arrow_schema::SchemaRef;
use serde_json::Value;

use super::batch::batch;
use super::schema::{self, Column, ColumnType, REPOSITORIES, github_path};
use crate::error::Result;
use crate::json::Json;

/// Collects repositories into batches of the `repositories` table.
pub struct RepositoriesTable {
    schema: SchemaRef,
    rows: Vec<(String, Value)>,
}

impl Default for RepositoriesTable {
    fn default() -> Self {
        Self::new()
    }
}

impl RepositoriesTable {
    /// Creates an empty table.
    pub fn new() -> Self {
        Self {
            schema: schema::repositories(),
            rows: Vec::new(),
        }
    }

    /// The columns of the table.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Adds a row. `about` is the repository's object in GitHub's REST API, and `repo` its name in
    /// the other tables. A field that `about` lacks is null; `topics` is then empty.
    pub fn push(&mut self, repo: &str, about: &Json) {
        self.rows.push((repo.to_owned(), about.0.clone()));
    }

    /// Returns the rows added since the last batch; there may be none.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if columns and schema disagree, which is a
    /// defect.
    pub fn take(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        let columns = REPOSITORIES.columns.iter().map(|column| match column.name {
            "repo" => Arc::new(StringArray::from_iter_values(
                rows.iter().map(|(repo, _)| repo),
            )),
            _ => values(column, &rows),
        });
        let columns = columns.collect();
        batch(&self.schema, columns)
    }
}

/// The values of one column in the objects of GitHub's REST API.
fn values(column: &Column, rows: &[(String, Value)]) -> ArrayRef {
    let path = github_path(column.name);
    let found = rows
        .iter()
        .map(|(_, about)| path.iter().fold(about, |value, name| &value[*name]));
    match column.kind {
        ColumnType::Flag => Arc::new(found.map(Value::as_bool).collect::<BooleanArray>()),
        ColumnType::Integer => Arc::new(found.map(Value::as_i64).collect::<Int64Array>()),
        ColumnType::Time => {
            let times = found.map(seconds).collect::<TimestampSecondArray>();
            Arc::new(times.with_timezone("UTC"))
        }
        ColumnType::Texts => {
            let mut texts = ListBuilder::new(StringBuilder::new()).with_field(Column::item());
            for list in found {
                let names = list.as_array().map(Vec::as_slice).unwrap_or_default();
                for name in names.iter().filter_map(Value::as_str) {
                    texts.values().append_value(name);
                }
                texts.append(true);
            }
            Arc::new(texts.finish())
        }
        _ => Arc::new(found.map(Value::as_str).collect::<StringArray>()),
    }
}

/// Parses a time as `2024-05-01T12:00:00Z` into seconds since the Unix epoch.
fn seconds(value: &Value) -> Option<i64> {
    let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(time.as_second())
}
