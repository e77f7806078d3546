//! Datasets are complete, resumable and contained in their directory.

use std::fs;
use std::path::Path;

use gitfleet::fleet::{MineOptions, Mined, Report, Target, mine};
use gitfleet::{Context, ErrorKind};

use crate::support::{Fixture, git, git_text, tree};

fn mined(targets: &[&Path], into: &Path, options: &MineOptions) -> gitfleet::Result<Report<Mined>> {
    let targets: Vec<Target> = targets
        .iter()
        .map(|path| Target::parse(path.to_str().unwrap()).unwrap())
        .collect();
    mine(&targets, into, options, &Context::new())
}

fn outcome(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path.join("outcome.json")).unwrap()).unwrap()
}

#[test]
fn mine_makes_a_directory_per_target_despite_a_failure() {
    let (history, blame) = (Fixture::make("history", &[]), Fixture::make("blame", &[]));
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let absent = dir.path().join("absent");
    let report = mined(
        &[history.path(), &absent, blame.path()],
        &data,
        &MineOptions::default(),
    )
    .unwrap();
    let kinds: Vec<_> = report
        .outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().err().map(gitfleet::Error::kind))
        .collect();
    assert_eq!(kinds, [None, Some(ErrorKind::RepositoryNotFound), None]);
    for (fixture, found) in [
        (&history, &report.outcomes[0]),
        (&blame, &report.outcomes[2]),
    ] {
        let mined = found.result.as_ref().unwrap();
        assert_eq!(
            mined.head.as_deref(),
            Some(git_text(fixture.path(), ["rev-parse", "HEAD"]).as_str())
        );
        let commits: u64 = git_text(fixture.path(), ["rev-list", "--count", "HEAD"])
            .parse()
            .unwrap();
        assert_eq!(mined.rows["commits"], commits);
        for file in ["commits.parquet", "changes.parquet", "blame.parquet"] {
            let bytes = fs::read(mined.path.join(file)).unwrap();
            assert!(
                bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
                "{file} is whole"
            );
        }
        assert_eq!(outcome(&mined.path)["head"], *mined.head.as_ref().unwrap());
    }
    let failed = data
        .join("repos/local")
        .join(
            dir.path()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .replace('.', "%2E"),
        )
        .join("absent");
    assert_eq!(outcome(&failed)["error"]["kind"], "repository_not_found");
    let staging: Vec<_> = fs::read_dir(data.join(".staging"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(staging, ["gate.lock"], "nothing is left under way");
}

#[test]
fn mine_skips_finished_repositories() {
    let (still, moving) = (Fixture::make("sha256", &[]), Fixture::make("history", &[]));
    let dir = tempfile::tempdir().unwrap();
    let (data, late) = (dir.path().join("data"), dir.path().join("late"));
    let options = MineOptions::default();
    mined(&[still.path(), moving.path(), &late], &data, &options).unwrap();
    moving.git(["commit", "-q", "--allow-empty", "-m", "one more"]);
    git(
        dir.path(),
        ["clone", "-q", still.path().to_str().unwrap(), "late"],
    );
    let report = mined(&[still.path(), moving.path(), &late], &data, &options).unwrap();
    let finished: Vec<_> = report
        .outcomes
        .iter()
        .map(|outcome| outcome.result.as_ref().unwrap().was_finished)
        .collect();
    assert_eq!(finished, [true, false, false]);
    let moved = report.outcomes[1].result.as_ref().unwrap();
    assert_eq!(
        outcome(&moved.path)["head"],
        git_text(moving.path(), ["rev-parse", "HEAD"])
    );
}

#[test]
fn mine_keeps_a_finished_result_after_a_failure() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    let options = MineOptions::default();
    let first = mined(&[fixture.path()], dir.path(), &options).unwrap();
    let path = first.outcomes[0].result.as_ref().unwrap().path.clone();
    fs::remove_dir_all(fixture.path().join(".git/objects")).unwrap();
    let second = mined(&[fixture.path()], dir.path(), &options).unwrap();
    assert!(second.outcomes[0].result.is_err());
    assert!(
        path.join("commits.parquet").is_file(),
        "what was finished is still there"
    );
}

#[test]
fn mine_makes_an_empty_dataset_of_an_empty_repository() {
    let fixture = Fixture::empty();
    let dir = tempfile::tempdir().unwrap();
    let report = mined(&[fixture.path()], dir.path(), &MineOptions::default()).unwrap();
    let mined = report.outcomes[0].result.as_ref().unwrap();
    assert_eq!(
        (mined.head.as_deref(), mined.rows.values().sum::<u64>()),
        (None, 0)
    );
    assert!(mined.path.join("blame.parquet").is_file());
}

#[test]
fn mine_refuses_an_occupied_directory() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let error = mined(&[fixture.path()], dir.path(), &MineOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DestinationExists);
    assert_eq!(tree(dir.path()), [Path::new("thesis.txt")]);
    let error = mined(
        &[fixture.path()],
        &dir.path().join("thesis.txt"),
        &MineOptions::default(),
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DestinationExists);
}

#[test]
fn mine_refuses_a_dataset_with_other_options() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    mined(&[fixture.path()], dir.path(), &MineOptions::default()).unwrap();
    let mut options = MineOptions::default();
    options.history.first_parent = true;
    let error = mined(&[fixture.path()], dir.path(), &options).unwrap_err();
    assert!(
        error.kind() == ErrorKind::DestinationExists && error.report().contains("other options"),
        "{error}"
    );
}

#[test]
fn mine_does_a_repeated_target_once() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let targets = [fixture.path(), fixture.path()];
    let report = mined(&targets, &data, &MineOptions::default()).unwrap();
    let [first, second] = report.outcomes.as_slice() else {
        panic!("one outcome per target");
    };
    let (first, second) = (
        first.result.as_ref().unwrap(),
        second.result.as_ref().unwrap(),
    );
    assert!(!first.was_finished && second.was_finished);
    assert_eq!((&first.rows, &first.path), (&second.rows, &second.path));
    assert!(second.warnings[0].contains("same repository"));
}

#[test]
fn mine_keeps_results_of_a_repository_with_the_same_name() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    for place in ["one/owner/name", "two/owner/name"] {
        let place = dir.path().join(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        git(
            dir.path(),
            [
                "clone",
                "-q",
                fixture.path().to_str().unwrap(),
                place.to_str().unwrap(),
            ],
        );
    }
    let (data, options) = (dir.path().join("data"), MineOptions::default());
    let first = mined(&[&dir.path().join("one/owner/name")], &data, &options).unwrap();
    assert!(first.outcomes[0].result.is_ok());
    let second = mined(&[&dir.path().join("two/owner/name")], &data, &options).unwrap();
    let error = second.outcomes[0].result.as_ref().unwrap_err();
    assert!(
        error.kind() == ErrorKind::DestinationExists && error.report().contains("one/owner/name"),
        "{error}"
    );
    let again = mined(
        &[&dir.path().join("one/owner/../owner/name")],
        &data,
        &options,
    )
    .unwrap();
    assert!(again.outcomes[0].result.as_ref().unwrap().was_finished);
}

#[test]
fn mine_removes_leftovers_of_dead_processes_only() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    mined(&[fixture.path()], dir.path(), &MineOptions::default()).unwrap();
    let staging = dir.path().join(".staging");
    for name in ["dead", "alive"] {
        fs::create_dir(staging.join(name)).unwrap();
        fs::write(staging.join(format!("{name}.lock")), "").unwrap();
    }
    let held = fs::File::open(staging.join("alive.lock")).unwrap();
    held.lock().unwrap();
    mined(&[fixture.path()], dir.path(), &MineOptions::default()).unwrap();
    assert_eq!(
        (
            staging.join("dead").exists(),
            staging.join("alive").exists()
        ),
        (false, true)
    );
}

#[test]
fn mine_reports_an_invalid_target_in_its_place() {
    let history = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let path = history.path().to_str().unwrap();
    let targets = ["https://user:secret@host:99999999/r", path, ""];
    let options = MineOptions::default();
    let report = mine(targets, &dir.path().join("data"), &options, &Context::new()).unwrap();
    let found: Vec<_> = report
        .outcomes
        .iter()
        .map(|one| (one.input.as_str(), one.attempts, one.result.as_ref().err()))
        .map(|(input, attempts, error)| (input, attempts, error.map(gitfleet::Error::kind)))
        .collect();
    let invalid = Some(ErrorKind::InvalidInput);
    assert_eq!(
        found,
        [
            ("https://host:99999999/r", 0, invalid),
            (path, 1, None),
            ("", 0, invalid)
        ]
    );
}

#[test]
fn mine_restores_a_lost_or_damaged_file_of_schemas() {
    let history = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let (file, options) = (dir.path().join("tables.json"), MineOptions::default());
    mined(&[history.path()], dir.path(), &options).unwrap();
    let written = fs::read(&file).unwrap();
    for damage in [&b""[..], b"{}"] {
        fs::write(&file, damage).unwrap();
        mined(&[history.path()], dir.path(), &options).unwrap();
        assert_eq!(fs::read(&file).unwrap(), written);
    }
    fs::remove_file(&file).unwrap();
    mined(&[history.path()], dir.path(), &options).unwrap();
    assert_eq!(fs::read(&file).unwrap(), written);
}
