//! Repository metadata from a hosting service, as columns.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Int64Builder, ListBuilder, StringBuilder, TimestampSecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, SchemaRef};
use serde_json::Value;

use super::batch::batch;
use super::schema;
use super::schema::{COUNTS, FLAGS, TEXTS, TIMES};
use crate::error::Result;

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
    /// the other tables. Fields that are missing in `about` are null.
    pub fn push(&mut self, repo: &str, about: &Value) {
        self.rows.push((repo.to_owned(), about.clone()));
    }

    /// Returns the rows added since the last batch; there may be none.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`](crate::Error::Internal) if columns and schema disagree, which is a
    /// defect.
    pub fn take(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut repos = StringBuilder::new();
        for (repo, _) in &rows {
            repos.append_value(repo);
        }
        columns.push(Arc::new(repos.finish()));
        for (_, path) in TEXTS {
            let mut texts = StringBuilder::new();
            for (_, about) in &rows {
                let value = path.iter().fold(about, |value, name| &value[*name]);
                texts.append_option(value.as_str());
            }
            columns.push(Arc::new(texts.finish()));
        }
        let item = Arc::new(Field::new("item", DataType::Utf8, false));
        let mut topics = ListBuilder::new(StringBuilder::new()).with_field(item);
        for (_, about) in &rows {
            let names = about["topics"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            for name in names.iter().filter_map(Value::as_str) {
                topics.values().append_value(name);
            }
            topics.append(true);
        }
        columns.push(Arc::new(topics.finish()));
        for (_, name) in FLAGS {
            let mut flags = BooleanBuilder::new();
            for (_, about) in &rows {
                flags.append_option(about[*name].as_bool());
            }
            columns.push(Arc::new(flags.finish()));
        }
        for (_, name) in COUNTS {
            let mut counts = Int64Builder::new();
            for (_, about) in &rows {
                counts.append_option(about[*name].as_i64());
            }
            columns.push(Arc::new(counts.finish()));
        }
        for (_, name) in TIMES {
            let mut times = TimestampSecondBuilder::new().with_timezone("UTC");
            for (_, about) in &rows {
                times.append_option(seconds(&about[*name]));
            }
            columns.push(Arc::new(times.finish()));
        }
        batch(&self.schema, columns)
    }
}

/// Parses a time as `2024-05-01T12:00:00Z` into seconds since the Unix epoch.
fn seconds(value: &Value) -> Option<i64> {
    let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(time.as_second())
}
