//! Repositories that are named or laid out in unusual ways, read by the command as by git.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use gitfleet::git::Head;

use crate::support::{Fixture, git_text, gitfleet, open, run};

/// The commits of `git log` in a directory, and those of the command for a path given there.
fn both_logs(stand: &Path, path: &str) -> [String; 2] {
    let mut command = gitfleet();
    command.current_dir(stand);
    command.args(["commits", path, "--format", "jsonl"]);
    let (code, out, errors) = run(&mut command);
    assert_eq!(code, 0, "{path}: {errors}");
    let id = |line: &str| {
        let (_, rest) = line.split_once("\"commit_id\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let ours: Vec<String> = out.lines().map(id).collect();
    let theirs = git_text(stand, ["-C", path, "log", "--format=%H"]);
    [theirs, ours.join("\n")]
}

#[test]
fn relative_paths_name_bare_repositories_too() {
    let fixture = Fixture::make("history", &[]);
    let root = tempfile::tempdir().unwrap();
    let source = fixture.path().to_str().unwrap();
    let at = |name: &str| root.path().join(name);
    git_text(root.path(), ["clone", "-q", "--bare", source, "bare"]);
    git_text(root.path(), ["clone", "-q", source, "tree"]);
    fs::create_dir_all(at("beside/deep")).unwrap();
    let mut cases = vec![
        ("beside", "../bare"),
        ("beside", "../bare/"),
        ("beside/deep", "../../beside/../bare"),
        ("beside", "./../tree"),
        ("beside", "../tree/.git"),
        ("bare/refs", ".."),
        ("bare", "."),
        ("bare/refs", "."),
        ("tree/dir", ".."),
        ("tree/dir", "../.git"),
        ("tree", "dir/.."),
        ("tree/.git/refs", "../.."),
    ];
    // `..` after a link is the directory above the link's target.
    symlink(at("bare/refs"), at("beside/link")).unwrap();
    cases.push(("beside", "link"));
    cases.push(("beside", "link/.."));
    for (stand, path) in cases {
        let [theirs, ours] = both_logs(&at(stand), path);
        assert_eq!(ours, theirs, "{path} in {stand}");
    }
}

#[test]
fn a_head_that_links_to_a_packed_branch_is_read() {
    let fixture = Fixture::make("history", &[]);
    let git_dir = fixture.path().join(".git");
    fixture.git(["pack-refs", "--all"]);
    fs::remove_file(git_dir.join("HEAD")).unwrap();
    symlink("refs/heads/main", git_dir.join("HEAD")).unwrap();
    let bare = tempfile::tempdir().unwrap();
    let copy = ["-a", git_dir.to_str().unwrap(), "bare.git"];
    let copied = std::process::Command::new("cp")
        .args(copy)
        .current_dir(bare.path())
        .status();
    assert!(copied.unwrap().success());
    git_text(
        &bare.path().join("bare.git"),
        ["config", "core.bare", "true"],
    );
    for (stand, path) in [
        (fixture.path(), "."),
        (fixture.path(), ".git"),
        (fixture.path(), "dir"),
        (bare.path(), "bare.git"),
    ] {
        let [theirs, ours] = both_logs(stand, path);
        assert_eq!(ours, theirs, "{path}");
    }
    let repo = fixture.open();
    assert_eq!(repo.path(), fixture.path());
    assert!(
        matches!(repo.head().unwrap(), Head::Branch { name, .. } if name == b"refs/heads/main")
    );
    let (code, _, errors) = run(gitfleet().arg("update").arg(fixture.path()));
    assert!(code == 1 && errors.contains("git symbolic-ref"), "{errors}");
}

#[test]
fn alternates_that_name_each_other_are_read() {
    let fixture = Fixture::make("history", &[]);
    let root = tempfile::tempdir().unwrap();
    let source = fixture.path().to_str().unwrap();
    git_text(root.path(), ["clone", "-q", "--bare", source, "base"]);
    for (name, base) in [("one", "base"), ("two", "one"), ("three", "two")] {
        git_text(root.path(), ["clone", "-q", "--shared", base, name]);
    }
    let objects = |name: &str| match name {
        "base" => root.path().join("base/objects"),
        name => root.path().join(name).join(".git/objects"),
    };
    // `base` names its last borrower; `two` names itself too, by a relative path.
    let to_three = objects("three").to_str().unwrap().to_owned();
    fs::write(objects("base").join("info/alternates"), to_three + "\n").unwrap();
    let list = objects("two").join("info/alternates");
    let mut text = fs::read_to_string(&list).unwrap();
    text.push_str("../objects\n");
    fs::write(&list, text).unwrap();
    for name in ["base", "one", "two", "three"] {
        let [theirs, ours] = both_logs(root.path(), name);
        assert_eq!(ours, theirs, "{name}");
        let repo = open(&root.path().join(name));
        assert_eq!(repo.name(), name);
        let blamed = repo.blame(&gitfleet::git::BlameOptions::default());
        assert!(blamed.unwrap().all(|file| file.is_ok()), "{name}");
    }
    let (code, _, errors) = run(gitfleet().arg("update").arg(root.path().join("two")));
    assert!(code == 1 && errors.contains("git repack"), "{errors}");
}
