//! `docs/tables.md`, made from the definition of the columns.

use std::fmt::Write;
use std::path::Path;

use gitfleet::table::schema::{Column, ColumnType, TABLES};

/// Text above the tables.
const INTRODUCTION: &str = "\
# The tables

Column names and meanings are the same in Arrow, Parquet, CSV, JSON lines, Rust and Python; the types below are Arrow's. Ids
are lower-case hex. A column is never null unless this page says what null means. Parquet holds times in milliseconds; a date
that does not fit into microseconds is null there, because readers convert to them; a warning gives the number.

Columns of type *bytes* are text in UTF-8; a byte that is not UTF-8 is stored as the character U+F700 + byte, so that nothing
is lost. CSV with raw bytes (`--raw-bytes`) contains them unchanged.

Each column's metadata in Arrow and Parquet has its `description`, and `gitfleet.unit`, `gitfleet.null`, `gitfleet.refers_to`
and `gitfleet.encoding` where they apply. Each table's metadata has `gitfleet.schema` (its name and version),
`gitfleet.version`, and, as far as they apply to the table, how lines were counted: `gitfleet.renames`, `gitfleet.similarity`, `gitfleet.diff_merges`,
`gitfleet.algorithm`, `gitfleet.whitespace`.

A dataset contains the same information in files: `tables.json` at its root (a Table Schema for each table), and a `datapackage.json` beside the
tables of each repository (Frictionless Data).
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for table in TABLES {
        let key = table.key.join("`, `");
        let _ = write!(
            page,
            "\n## {}\n\n{}. Key: `{key}`.\n\n",
            table.name,
            capitalised(table.row)
        );
        page.push_str(
            "| column | type | unit | null | meaning | refers to |\n|---|---|---|---|---|---|\n",
        );
        for column in table.columns {
            let refers_to = match column.refers_to {
                "" => String::new(),
                other => format!("`{other}`"),
            };
            let cells = [
                format!("`{}`", column.name),
                type_name(column).to_owned(),
                column.unit.to_owned(),
                column.null.to_owned(),
                column.description.to_owned(),
                refers_to,
            ];
            let _ = writeln!(page, "| {} |", cells.join(" | "));
        }
    }
    page
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    first.to_uppercase() + rest
}

fn type_name(column: &Column) -> &'static str {
    match column.kind {
        ColumnType::Text => "text",
        ColumnType::Bytes => "bytes",
        ColumnType::Texts => "list of texts",
        ColumnType::Integer => "int64",
        ColumnType::SmallInteger => "int32",
        ColumnType::Flag => "boolean",
        ColumnType::Time => "timestamp, s, UTC",
        _ => "other",
    }
}

#[test]
fn tables_page_equals_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tables.md");
    if std::env::var_os("GITFLEET_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/tables.md is out of date; `make docs-generated` rewrites it"
    );
}

#[test]
fn columns_say_what_they_mean() {
    for table in TABLES {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        for key in table.key {
            assert!(names.contains(key), "{}: {key}", table.name);
        }
        for column in table.columns {
            assert!(
                column.description.len() > 2,
                "{}.{}",
                table.name,
                column.name
            );
            if let Some((other, key)) = column.refers_to.split_once('.') {
                let other = TABLES.iter().find(|table| table.name == other).unwrap();
                assert!(other.columns.iter().any(|column| column.name == key));
            }
        }
    }
}
