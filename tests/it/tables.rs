//! Tables and the files they are written to.

use std::io::Write;
use std::sync::{Arc, Mutex};

use gitfleet::git::{BlameOptions, HistoryOptions};
use gitfleet::table::{self, Format, Sink, decode};

use crate::support::{Fixture, git_text};

/// A writer whose bytes can be inspected afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(fixture: &Fixture, format: Format, columns: &[&str]) -> Vec<u8> {
    let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
    let records = table::changes(&fixture.open(), &HistoryOptions::default())
        .unwrap()
        .select(&columns)
        .unwrap();
    let out = Shared::default();
    let mut sink = Sink::new(
        format,
        Box::new(out.clone()),
        "out".as_ref(),
        records.schema(),
    )
    .unwrap();
    for batch in records {
        sink.write(&batch.unwrap()).unwrap();
    }
    sink.finish().unwrap();
    let bytes = out.0.lock().unwrap();
    bytes.clone()
}

#[test]
fn csv_is_utf8_and_raw_csv_has_the_bytes_of_paths() {
    let fixture = Fixture::make("history", &[]);
    let rows = |format| -> Vec<Vec<u8>> {
        csv::Reader::from_reader(written(&fixture, format, &["path"]).as_slice())
            .into_byte_records()
            .map(|record| record.unwrap()[0].to_vec())
            .collect()
    };
    let text = rows(Format::Csv);
    assert!(text.contains(&"caf\u{F7E9}".as_bytes().to_vec()));
    let text = text.into_iter().map(String::from_utf8).map(Result::unwrap);
    let mut decoded: Vec<Vec<u8>> = text.map(|path| decode(&path).into_owned()).collect();
    let mut ours = rows(Format::RawCsv);
    decoded.sort();
    let output = fixture.git(["log", "--name-only", "-z", "--format=", "HEAD"]);
    let mut theirs: Vec<Vec<u8>> = output
        .split(|&byte| byte == 0)
        .map(|path| path.strip_prefix(b"\n").unwrap_or(path).to_vec())
        .filter(|path| !path.is_empty())
        .collect();
    assert!(theirs.contains(&b"caf\xe9".to_vec()));
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert_eq!(decoded, theirs);
}

#[test]
fn json_lines_have_every_column_and_nulls() {
    let fixture = Fixture::make("history", &[]);
    let text = String::from_utf8(written(
        &fixture,
        Format::JsonLines,
        &["path", "old_path", "additions"],
    ))
    .unwrap();
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let renamed = rows
        .iter()
        .find(|row| row["old_path"] == "plain.txt")
        .unwrap();
    assert_eq!(
        (&renamed["path"], &renamed["additions"]),
        (&"moved.txt".into(), &0.into())
    );
    assert!(
        rows.iter()
            .any(|row| row["additions"].is_null() && row.as_object().unwrap().len() == 3)
    );
}

#[test]
fn schema_metadata_has_the_counting_policy() {
    let options = HistoryOptions::new().first_parent(true);
    let schema = table::schema::commits(&options);
    assert_eq!(schema.metadata()["gitfleet.schema"], "commits 1");
    assert_eq!(schema.metadata()["gitfleet.diff_merges"], "first-parent");
    assert_eq!(schema.metadata()["gitfleet.renames"], "on");
    for (is_ignored, policy) in [(false, "exact"), (true, "ignored")] {
        let options = BlameOptions::new().ignore_whitespace(is_ignored);
        let schema = table::schema::blame(&options);
        assert_eq!(schema.metadata()["gitfleet.whitespace"], policy);
    }
}

#[test]
fn table_schemas_require_no_value_that_may_be_null() {
    let schemas = table::schema::table_schemas();
    for (name, schema) in schemas.as_object().unwrap() {
        let fields = schema["fields"].as_array().unwrap();
        let is_required = |name: &serde_json::Value| {
            let field = fields.iter().find(|field| field["name"] == *name).unwrap();
            field["constraints"]["required"] == true
        };
        for field in fields.iter().filter(|field| field["type"] == "datetime") {
            assert!(!is_required(&field["name"]), "{name}: {field}");
        }
        let key = schema["primaryKey"].as_array();
        assert!(key.into_iter().flatten().all(is_required), "{name}");
        assert!(key.is_some() || schema["uniqueKeys"].is_array(), "{name}");
    }
    let changes = &schemas["changes"]["uniqueKeys"][0];
    assert!(changes.as_array().unwrap().contains(&"parent_id".into()));
}

#[test]
fn unknown_column_is_named_with_the_known_ones() {
    let fixture = Fixture::empty();
    let records = table::commits(&fixture.open(), &HistoryOptions::default()).unwrap();
    let error = records
        .select(&["nonsense".to_owned()])
        .err()
        .unwrap()
        .report();
    assert!(
        error.contains("nonsense") && error.contains("commit_id"),
        "{error}"
    );
}

#[test]
fn commits_of_an_empty_repository_have_no_rows() {
    let fixture = Fixture::empty();
    let mut records = table::commits(&fixture.open(), &HistoryOptions::default()).unwrap();
    assert!(records.next().is_none());
}

#[test]
fn commits_table_has_the_sums_of_git() {
    let fixture = Fixture::make("history", &[]);
    let records = table::commits(&fixture.open(), &HistoryOptions::default()).unwrap();
    let names: Vec<String> = records
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let column = |name: &str| names.iter().position(|known| known == name).unwrap();
    let (additions, deletions) = (column("additions"), column("deletions"));
    let mut sums = (0, 0);
    for batch in records {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let number = |column| match table::value(&batch, column, row) {
                table::Value::Int(number) => number,
                other => panic!("{other:?} is not a number"),
            };
            sums = (sums.0 + number(additions), sums.1 + number(deletions));
        }
    }
    let output = git_text(fixture.path(), ["log", "--numstat", "--format="]);
    let sum = |at: usize| {
        output
            .lines()
            .filter_map(|line| line.split('\t').nth(at)?.parse::<i64>().ok())
            .sum::<i64>()
    };
    assert_eq!(sums, (sum(0), sum(1)));
}
