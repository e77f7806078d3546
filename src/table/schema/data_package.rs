//! Table schemas and data packages (Frictionless Data), which describe the content of a dataset to
//! other tools.

use serde_json::{Value, json};

use super::column::{Column, ColumnType};
use super::tables::{TABLES, TableDefinition};

/// The Table Schema of every table, by name.
pub fn table_schemas() -> Value {
    let schemas = TABLES
        .iter()
        .map(|table| (table.name.to_owned(), table_schema(table)));
    Value::Object(schemas.collect())
}

/// A data package of the tables in one directory: name, rows, bytes and SHA-256 of each.
pub fn data_package(name: &str, tables: &[(String, u64, u64, String)]) -> Value {
    let resource = |(table, rows, bytes, sha256): &(String, u64, u64, String)| {
        let definition = TABLES.iter().find(|known| known.name == table);
        let field =
            |column: &Column| json!({"name": column.name, "type": frictionless_type(column)});
        let fields = definition.map(|table| table.columns.iter().map(field).collect::<Vec<_>>());
        json!({
            "name": table, "path": format!("{table}.parquet"), "format": "parquet",
            "mediatype": "application/vnd.apache.parquet", "rows": rows, "bytes": bytes,
            "hash": format!("sha256:{sha256}"),
            "schema": {"fields": fields},
        })
    };
    let resources: Vec<Value> = tables.iter().map(resource).collect();
    json!({"$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "name": package_name(name),
        "title": name, "resources": resources})
}

/// A name as data packages allow it: lower-case letters, digits, `.`, `_` and `-`, and `/`.
fn package_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
    lower
        .chars()
        .map(|letter| if is_allowed(letter) { letter } else { '-' })
        .collect()
}

fn table_schema(table: &TableDefinition) -> Value {
    let field = |column: &Column| {
        let mut field = json!({
            "name": column.name, "type": frictionless_type(column), "description": column.description,
            "constraints": {"required": is_required(column)},
        });
        for (key, text) in [
            ("unit", column.unit),
            ("null", column.null),
            ("refersTo", column.refers_to),
        ] {
            if !text.is_empty() {
                field[key] = text.into();
            }
        }
        field
    };
    let fields: Vec<Value> = table.columns.iter().map(field).collect();
    // A primary key must not contain nulls, but a unique key may.
    let key = table
        .columns
        .iter()
        .filter(|column| table.key.contains(&column.name));
    let mut schema = json!({"description": table.row, "fields": fields});
    if key.copied().all(|column| is_required(&column)) {
        schema["primaryKey"] = table.key.into();
    } else {
        schema["uniqueKeys"] = json!([table.key]);
    }
    schema
}

/// True if no format stores a null. Parquet has no seconds, and a time that does not fit into
/// milliseconds is stored as null.
fn is_required(column: &Column) -> bool {
    !column.is_nullable() && !matches!(column.kind, ColumnType::Time)
}

fn frictionless_type(column: &Column) -> &'static str {
    match column.kind {
        ColumnType::Text | ColumnType::Bytes => "string",
        ColumnType::Texts => "array",
        ColumnType::Integer | ColumnType::SmallInteger => "integer",
        ColumnType::Flag => "boolean",
        ColumnType::Time => "datetime",
    }
}
