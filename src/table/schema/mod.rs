//! One definition of every column, and the Arrow schemas made of it.
//!
//! [`TABLES`] contains the name, meaning, type and unit of each column, and the meaning of null.
//! The Arrow fields with their metadata, the page of documentation, and the data packages of a
//! dataset are made from it.

mod column;
mod data_package;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use crate::choice::Choice;
use crate::git::{BlameOptions, HistoryOptions};

pub use column::{Column, ColumnType};
pub use data_package::{data_package, table_schemas};
pub(super) use tables::github_path;
pub use tables::{BLAME, CHANGES, COMMITS, CONTENT, REPOSITORIES, TABLES, TableDefinition};

/// Version of the columns; raised when a column is renamed, removed or changes its meaning.
pub const VERSION: u32 = 1;

/// Returns true if there is a table of this name.
pub(crate) fn is_table(name: &str) -> bool {
    TABLES.iter().any(|table| table.name == name)
}

/// The schema of the commits table.
pub fn commits(options: &HistoryOptions) -> SchemaRef {
    schema(&COMMITS, &[], history_policy(options))
}

/// The schema of the changes table: one row per file that a commit changed.
pub fn changes(options: &HistoryOptions) -> SchemaRef {
    schema(&CHANGES, &[], history_policy(options))
}

/// The schema of the blame table: one row per run of lines, or per line with its content.
pub fn blame(options: &BlameOptions) -> SchemaRef {
    let whitespace = if options.ignore_whitespace {
        "ignored"
    } else {
        "exact"
    };
    let policy = vec![
        ("gitfleet.whitespace", whitespace),
        ("gitfleet.algorithm", "myers, indent heuristic"),
        ("gitfleet.renames", "on"),
    ];
    let content = [CONTENT];
    schema(&BLAME, if options.lines { &content } else { &[] }, policy)
}

/// The schema of the repositories table: one row per repository that a hosting service describes.
pub fn repositories() -> SchemaRef {
    schema(&REPOSITORIES, &[], Vec::new())
}

fn history_policy(options: &HistoryOptions) -> Vec<(&'static str, &'static str)> {
    vec![
        ("gitfleet.renames", options.renames.name()),
        ("gitfleet.similarity", "50%"),
        ("gitfleet.diff_merges", options.merge_policy().name()),
        ("gitfleet.algorithm", "myers"),
        ("gitfleet.whitespace", "exact"),
    ]
}

fn schema(table: &TableDefinition, more: &[Column], policy: Vec<(&str, &str)>) -> SchemaRef {
    let fields: Vec<_> = table
        .columns
        .iter()
        .chain(more)
        .map(Column::field)
        .collect();
    let mut metadata: HashMap<String, String> = policy
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let name = table.name;
    metadata.insert("gitfleet.schema".to_owned(), format!("{name} {VERSION}"));
    metadata.insert(
        "gitfleet.version".to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
    );
    Arc::new(Schema::new_with_metadata(fields, metadata))
}
