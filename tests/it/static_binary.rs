//! The static command in an empty root: no git, no shell, no libc.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Fixture, git_text};

#[test]
fn static_command_works_in_an_empty_chroot() {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/static/gitfleet");
    if !binary.is_file() {
        eprintln!("skipped: `make static` makes {}", binary.display());
        return;
    }
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        eprintln!("skipped: chroot needs root");
        return;
    }
    let fixture = Fixture::make("blame", &[]);
    let root = tempfile::tempdir().unwrap();
    fs::copy(&binary, root.path().join("gitfleet")).unwrap();
    fs::create_dir(root.path().join("tmp")).unwrap();
    let copied = Command::new("cp")
        .arg("-a")
        .arg(fixture.path())
        .arg(root.path().join("repo"))
        .status()
        .unwrap();
    assert!(copied.success());
    let run = |args: &[&str]| {
        let output = Command::new("chroot")
            .arg(root.path())
            .arg("/gitfleet")
            .args(args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let commits = run(&["commits", "/repo", "--columns", "commit_id"]);
    assert_eq!(
        commits.lines().skip(1).collect::<Vec<_>>().join("\n"),
        git_text(fixture.path(), ["log", "--format=%H"])
    );
    assert!(run(&["blame", "/repo"]).lines().count() > 10);
    run(&["mine", "/repo", "-o", "/data"]);
    assert!(
        root.path()
            .join("data/repos/local/_/repo/blame.parquet")
            .is_file()
    );
}
