//! Column names and types, and the metadata of each table.
//!
//! Ids are lower-case hex. Names and e-mails are resolved through the mailmap, unless that is
//! switched off; the `raw_` columns are as committed. Times are seconds in UTC; the offset column
//! beside each is the time zone in which it was recorded, in minutes east of UTC. A count is null
//! where git shows `-`: for a binary file, or a blob that a partial clone does not have.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::choice::Choice;
use crate::git::HistoryOptions;

/// Version of the columns; raised when a column is renamed, removed or changes its meaning.
pub const VERSION: u32 = 1;

/// The commits table.
pub fn commits(options: &HistoryOptions) -> SchemaRef {
    let fields = vec![
        plain("repo"),
        plain("commit_id"),
        plain("tree_id"),
        Field::new(
            "parent_ids",
            DataType::List(Arc::new(Field::new("item", DataType::Utf8, false))),
            false,
        ),
        bytes("author_name"),
        bytes("author_email"),
        time("author_time"),
        offset("author_offset"),
        bytes("committer_name"),
        bytes("committer_email"),
        time("committer_time"),
        offset("committer_offset"),
        bytes("summary"),
        bytes("message"),
        Field::new("is_merge", DataType::Boolean, false),
        Field::new("files_changed", DataType::Int64, false),
        Field::new("additions", DataType::Int64, true),
        Field::new("deletions", DataType::Int64, true),
        bytes("raw_author_name"),
        bytes("raw_author_email"),
        bytes("raw_committer_name"),
        bytes("raw_committer_email"),
    ];
    schema("commits", fields, history_policy(options))
}

/// The changes table: one row per file a commit changed.
pub fn changes(options: &HistoryOptions) -> SchemaRef {
    let fields = vec![
        plain("repo"),
        plain("commit_id"),
        nullable("parent_id"),
        bytes("path"),
        bytes("old_path").with_nullable(true),
        plain("change_type"),
        nullable("old_mode"),
        nullable("new_mode"),
        nullable("old_blob_id"),
        nullable("new_blob_id"),
        Field::new("similarity", DataType::Int32, true),
        Field::new("is_binary", DataType::Boolean, true),
        Field::new("additions", DataType::Int64, true),
        Field::new("deletions", DataType::Int64, true),
    ];
    schema("changes", fields, history_policy(options))
}

/// The blame table: one row per run of lines, or per line with its content.
pub fn blame(per_line: bool) -> SchemaRef {
    let mut fields = vec![
        plain("repo"),
        bytes("path"),
        Field::new("start_line", DataType::Int64, false),
        Field::new("line_count", DataType::Int64, false),
        plain("commit_id"),
        bytes("orig_path"),
        Field::new("orig_start_line", DataType::Int64, false),
        bytes("author_name"),
        bytes("author_email"),
        time("author_time"),
        Field::new("is_boundary", DataType::Boolean, false),
    ];
    if per_line {
        fields.push(bytes("content"));
    }
    let policy = vec![
        ("gitfleet.whitespace", "exact"),
        ("gitfleet.algorithm", "myers, indent heuristic"),
        ("gitfleet.renames", "on"),
    ];
    schema("blame", fields, policy)
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

/// The repositories table: metadata from a hosting service, one row per repository.
pub fn repositories() -> SchemaRef {
    schema("repositories", repository_fields(), Vec::new())
}

fn schema(name: &str, fields: Vec<Field>, policy: Vec<(&str, &str)>) -> SchemaRef {
    let mut metadata: HashMap<String, String> = policy
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    metadata.insert("gitfleet.schema".to_owned(), format!("{name} {VERSION}"));
    metadata.insert(
        "gitfleet.version".to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
    );
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

fn plain(name: &str) -> Field {
    Field::new(name, DataType::Utf8, false)
}

fn nullable(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

/// A text column for values that are bytes in git: see [`crate::table::encode`].
fn bytes(name: &str) -> Field {
    let note = "bytes that are not UTF-8 are stored as U+F700 + byte";
    plain(name).with_metadata(HashMap::from([(
        "gitfleet.encoding".to_owned(),
        note.to_owned(),
    )]))
}

pub(super) fn time(name: &str) -> Field {
    Field::new(
        name,
        DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        false,
    )
}

fn offset(name: &str) -> Field {
    Field::new(name, DataType::Int32, false)
}

/// Columns, each with the path of its value in GitHub's response.
pub(super) const TEXTS: &[(&str, &[&str])] = &[
    ("full_name", &["full_name"]),
    ("description", &["description"]),
    ("language", &["language"]),
    ("license", &["license", "spdx_id"]),
    ("default_branch", &["default_branch"]),
    ("visibility", &["visibility"]),
    ("homepage", &["homepage"]),
    ("html_url", &["html_url"]),
    ("clone_url", &["clone_url"]),
    ("owner_type", &["owner", "type"]),
];
pub(super) const FLAGS: &[(&str, &str)] = &[
    ("is_fork", "fork"),
    ("is_archived", "archived"),
    ("is_private", "private"),
];
pub(super) const COUNTS: &[(&str, &str)] = &[
    ("github_id", "id"),
    ("stars", "stargazers_count"),
    ("forks", "forks_count"),
    ("open_issues", "open_issues_count"),
    ("size_kb", "size"),
];
pub(super) const TIMES: &[(&str, &str)] = &[
    ("created_at", "created_at"),
    ("updated_at", "updated_at"),
    ("pushed_at", "pushed_at"),
];

/// The columns of the repositories table.
fn repository_fields() -> Vec<Field> {
    let item = Arc::new(Field::new("item", DataType::Utf8, false));
    let mut fields = vec![Field::new("repo", DataType::Utf8, false)];
    fields.extend(
        TEXTS
            .iter()
            .map(|(name, _)| Field::new(*name, DataType::Utf8, true)),
    );
    fields.push(Field::new("topics", DataType::List(item), false));
    fields.extend(
        FLAGS
            .iter()
            .map(|(name, _)| Field::new(*name, DataType::Boolean, true)),
    );
    fields.extend(
        COUNTS
            .iter()
            .map(|(name, _)| Field::new(*name, DataType::Int64, true)),
    );
    fields.extend(TIMES.iter().map(|(name, _)| time(name).with_nullable(true)));
    fields
}
