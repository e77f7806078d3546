//! Clones and updates of repositories whose refs or configuration are unusual.

use std::fs;
use std::path::Path;

use gitfleet::ErrorKind;
use gitfleet::remote::{CloneOptions, Worktree, origin};

use super::clone::served;
use super::{clone, update};
use crate::support::{Fixture, git, git_text};

fn refs(path: &Path) -> String {
    let format = "--format=%(refname) %(objectname)";
    git_text(path, ["for-each-ref", format])
}

/// Adds an empty file, a file that is not a ref, and a ref whose object is missing.
fn damage(git_dir: &Path) {
    let heads = git_dir.join("refs/heads");
    fs::create_dir_all(&heads).unwrap();
    fs::write(heads.join("empty"), "").unwrap();
    fs::write(heads.join("desktop.ini"), "[.ShellClassInfo]\r\n").unwrap();
    fs::write(heads.join("gone"), format!("{}\n", "1234567890".repeat(4))).unwrap();
}

#[test]
fn local_clone_leaves_out_broken_refs() {
    let fixture = Fixture::make("history", &[]);
    let intact = refs(fixture.path());
    damage(&fixture.path().join(".git"));
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("ours");
    let options = CloneOptions::new().worktree(Worktree::Mirror);
    let outcome = clone(fixture.path().to_str().unwrap(), &ours, &options).unwrap();
    assert_eq!(refs(&ours), intact);
    for name in ["empty", "desktop.ini", "gone"] {
        let is_named = |warning: &String| warning.contains(&format!("refs/heads/{name} "));
        assert!(
            outcome.warnings.iter().any(is_named),
            "{name}: {:?}",
            outcome.warnings
        );
    }
    // The origin stays damaged; its other refs still arrive.
    fixture.git(["branch", "new", "main~1"]);
    update(&ours, &options).unwrap();
    assert_eq!(
        git_text(&ours, ["rev-parse", "new"]),
        git_text(fixture.path(), ["rev-parse", "main~1"])
    );
}

#[test]
fn clone_with_broken_refs_is_updated() {
    let (root, server) = served("history");
    let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();
    damage(&ours);
    // The remote has a branch with the name of a broken one.
    git(&remote, ["branch", "empty", "main~1"]);
    git(&remote, ["branch", "new", "main~2"]);
    update(&ours, &options).unwrap();
    for name in ["empty", "new", "main"] {
        assert_eq!(
            git_text(&ours, ["rev-parse", name]),
            git_text(&remote, ["rev-parse", name]),
            "{name}"
        );
    }
}

#[test]
fn update_fetches_from_the_first_url() {
    let (root, server) = served("history");
    let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
    let second = root.path().join("second");
    git(
        root.path(),
        [
            "clone",
            "-q",
            "--mirror",
            remote.to_str().unwrap(),
            second.to_str().unwrap(),
        ],
    );
    git(&second, ["update-ref", "refs/heads/main", "main~2"]);
    git(&remote, ["branch", "only-first", "main"]);
    for worktree in [Worktree::Bare, Worktree::Mirror, Worktree::CheckedOut] {
        let options = CloneOptions::new().worktree(worktree);
        let ours = ours.join(format!("{worktree:?}"));
        clone(&server.url("repo"), &ours, &options).unwrap();
        let before = refs(&ours);
        git(
            &ours,
            [
                "config",
                "--add",
                "remote.origin.url",
                &server.url("second"),
            ],
        );
        let outcome = update(&ours, &options).unwrap();
        assert_eq!(refs(&ours), before);
        assert!(outcome.refs.is_empty(), "{:?}", outcome.refs);
        let url = origin(&ours).unwrap().url.unwrap();
        assert_eq!(url.to_string(), server.url("repo"));
        // An empty value clears the list.
        git(&ours, ["config", "--add", "remote.origin.url", ""]);
        git(
            &ours,
            [
                "config",
                "--add",
                "remote.origin.url",
                &server.url("second"),
            ],
        );
        let url = origin(&ours).unwrap().url.unwrap();
        assert_eq!(url.to_string(), server.url("second"));
    }
}

#[test]
fn reftables_are_cloned_and_not_written() {
    let root = tempfile::tempdir().unwrap();
    let (from, ours) = (root.path().join("from"), root.path().join("ours"));
    git(
        root.path(),
        ["init", "-q", "-b", "main", "--ref-format=reftable", "from"],
    );
    for message in ["one", "two"] {
        git(&from, ["commit", "-q", "--allow-empty", "-m", message]);
    }
    git(&from, ["tag", "-a", "-m", "a tag", "v1"]);
    let options = CloneOptions::new().worktree(Worktree::Mirror);
    clone(from.to_str().unwrap(), &ours, &options).unwrap();
    assert_eq!(refs(&ours), refs(&from));
    git(&from, ["commit", "-q", "--allow-empty", "-m", "three"]);
    update(&ours, &options).unwrap();
    assert_eq!(refs(&ours), refs(&from));

    let clone_of_git = root.path().join("gits");
    git(
        root.path(),
        [
            "clone",
            "-q",
            "--bare",
            "--ref-format=reftable",
            from.to_str().unwrap(),
            clone_of_git.to_str().unwrap(),
        ],
    );
    let error = update(&clone_of_git, &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.report().contains("reftable"), "{}", error.report());
}
