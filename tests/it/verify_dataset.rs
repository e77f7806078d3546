//! `verify` of datasets, and the command on datasets and repositories.

use std::fs;
use std::path::{Path, PathBuf};

use gitfleet::Context;
use gitfleet::fleet::{MineOptions, Verified, VerifyOptions, mine, verify};

use crate::support::{Fixture, git_text, gitfleet, run, tree};
use crate::verify::{cut, flip, object};

fn dataset(root: &Path) -> (Fixture, PathBuf, PathBuf) {
    let fixture = Fixture::make("history", &[]);
    let data = root.join("data");
    let report = mine(
        [fixture.path().to_str().unwrap()],
        &data,
        &MineOptions::new(),
        &Context::new(),
    );
    let place = report.unwrap().outcomes.remove(0).result.unwrap().path;
    (fixture, data, place)
}

fn verified(path: &Path) -> Verified {
    let report = verify([path], &VerifyOptions::new(), &Context::new()).unwrap();
    report.outcomes.into_iter().next().unwrap().result.unwrap()
}

#[test]
fn the_rows_sizes_and_hashes_of_a_dataset_are_verified() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage, &str); 11] = [
        (
            "a byte",
            |at| flip(&at.join("blame.parquet")),
            "blame.parquet has another SHA-256",
        ),
        (
            "the end",
            |at| cut(&at.join("commits.parquet")),
            "commits.parquet has ",
        ),
        (
            "a table",
            |at| fs::remove_file(at.join("changes.parquet")).unwrap(),
            "changes.parquet is missing",
        ),
        (
            "the outcome",
            |at| fs::remove_file(at.join("outcome.json")).unwrap(),
            "has no outcome.json",
        ),
        (
            "half the outcome",
            |at| cut(&at.join("outcome.json")),
            "outcome.json is damaged",
        ),
        (
            "the number of rows",
            |at| {
                let path = at.join("outcome.json");
                let mut outcome: serde_json::Value =
                    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                outcome["rows"]["commits"] = 1.into();
                fs::write(path, outcome.to_string()).unwrap();
            },
            "rows, not 1",
        ),
        (
            "a table of the outcome",
            |at| {
                let path = at.join("outcome.json");
                let mut outcome: serde_json::Value =
                    serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                outcome["rows"].as_object_mut().unwrap().remove("blame");
                fs::write(path, outcome.to_string()).unwrap();
            },
            "lists no table blame",
        ),
        (
            "another table",
            |at| {
                fs::copy(at.join("blame.parquet"), at.join("other.parquet")).unwrap();
            },
            "other.parquet is not listed",
        ),
        (
            "the package",
            |at| fs::remove_file(at.join("datapackage.json")).unwrap(),
            "datapackage.json is missing",
        ),
        (
            "the schemas",
            |at| fs::write(at.join("../../../../tables.json"), "{}").unwrap(),
            "tables.json is missing or was edited",
        ),
        (
            "the options",
            |at| {
                let path = at.join("../../../../dataset.json");
                let text = fs::read_to_string(&path).unwrap();
                fs::write(path, text.replace("\"blame\"", "\"commits\"")).unwrap();
            },
            "was edited",
        ),
    ];
    for (name, damage, expected) in damages {
        let root = tempfile::tempdir().unwrap();
        let (_fixture, data, place) = dataset(root.path());
        let whole = verified(&data);
        assert_eq!(whole.problems, [""; 0]);
        assert_eq!(
            (whole.counts["repositories"], whole.counts["tables"]),
            (1, 3)
        );
        damage(&place);
        let found = verified(&data).problems;
        let has_it = found.iter().any(|problem| problem.contains(expected));
        assert!(has_it, "{name}: {found:?}");
    }
}

#[test]
fn a_table_of_another_size_is_mined_again() {
    let root = tempfile::tempdir().unwrap();
    let (fixture, data, place) = dataset(root.path());
    cut(&place.join("blame.parquet"));
    let mut command = gitfleet();
    command.arg("mine").arg(fixture.path()).arg("-o").arg(&data);
    assert_eq!(run(&mut command).0, 0);
    assert_eq!(verified(&data).problems, [""; 0]);
}

#[test]
fn the_command_prints_problems_and_exits_with_1() {
    let root = tempfile::tempdir().unwrap();
    let (fixture, data, place) = dataset(root.path());
    let absent = root.path().join("absent");
    let before = tree(root.path());
    let (code, out, errors) = run(gitfleet().arg("verify").arg(&data).arg(fixture.path()));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(
        out.lines()
            .filter(|line| line.starts_with("whole "))
            .count(),
        2,
        "{out}"
    );
    fs::remove_file(place.join("changes.parquet")).unwrap();
    let mut command = gitfleet();
    command
        .arg("verify")
        .arg(&data)
        .arg(&absent)
        .arg(fixture.path());
    let (code, out, errors) = run(&mut command);
    assert_eq!(code, 1);
    assert!(
        out.contains("damaged ") && out.contains(": 1 problem\n"),
        "{out}"
    );
    assert!(errors.contains("changes.parquet is missing"), "{errors}");
    assert!(errors.contains("absent"), "{errors}");
    let (code, out, _) = run(gitfleet().args(["verify", "--json"]).arg(&data));
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, line["status"].as_str()), (1, Some("damaged")));
    assert_eq!(
        tree(root.path()).len() + 1,
        before.len(),
        "nothing else was changed"
    );
}

#[test]
fn repositories_that_were_not_mined_are_warnings() {
    let root = tempfile::tempdir().unwrap();
    let (_fixture, data, _) = dataset(root.path());
    let absent = root.path().join("absent");
    let (code, _, _) = run(gitfleet().arg("mine").arg(&absent).arg("-o").arg(&data));
    assert_eq!(code, 1);
    let found = verified(&data);
    assert_eq!(found.problems, [""; 0]);
    assert!(
        found.warnings[0].contains("absent was not mined"),
        "{:?}",
        found.warnings
    );
}

#[test]
fn a_file_named_dataset_json_does_not_hide_a_repository() {
    let root = tempfile::tempdir().unwrap();
    let (_fixture, data, _) = dataset(root.path());
    let fixture = Fixture::make("history", &[]);
    for name in ["dataset.json", "tables.json"] {
        fs::copy(data.join(name), fixture.path().join(name)).unwrap();
    }
    fs::remove_file(object(fixture.path(), "HEAD")).unwrap();
    assert!(verified(fixture.path()).problems[0].contains("missing"));
}

#[test]
fn paths_that_are_not_utf_8_are_verified_and_written_to() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    let odd = root.path().join(std::ffi::OsStr::from_bytes(b"g\xff"));
    fs::create_dir(&odd).unwrap();
    git_text(&odd, ["init", "-q"]);
    for more in [&[][..], &["--json"]] {
        let (code, _, errors) = run(gitfleet().arg("verify").args(more).arg(&odd));
        assert_eq!((code, errors.as_str()), (0, ""));
        let fixture = Fixture::make("history", &[]);
        for (command, into) in [("mine", "data"), ("clone", "clones")] {
            let mut made = gitfleet();
            made.arg(command).args(more).arg(fixture.path());
            let (code, _, errors) = run(made.arg("-o").arg(odd.join(into)));
            assert_eq!((code, errors.as_str()), (0, ""), "{command}");
        }
    }
}
