//! Files of a clone that follow its origin.

use std::path::{Path, PathBuf};

use gitfleet::remote::{CloneOptions, UpdateFiles};

use super::clone::served;
use super::server::Server;
use super::{clone, update};
use crate::support::{git, git_text};

struct Clone {
    _root: tempfile::TempDir,
    _server: Server,
    path: PathBuf,
    next: String,
}

/// A clone with files whose origin has one more commit, which changes `plain.txt`.
fn behind() -> Clone {
    let (root, server) = served("history");
    let (remote, path) = (root.path().join("repo"), root.path().join("ours"));
    clone(&server.url("repo"), &path, &CloneOptions::new()).unwrap();
    let work = root.path().join("work");
    git(
        root.path(),
        [
            "clone",
            "-q",
            remote.to_str().unwrap(),
            work.to_str().unwrap(),
        ],
    );
    std::fs::write(work.join("followed.txt"), "new\n").unwrap();
    git(&work, ["add", "."]);
    git(&work, ["commit", "-q", "-m", "a new file"]);
    git(&work, ["push", "-q", "origin", "HEAD:main"]);
    let next = git_text(&work, ["rev-parse", "HEAD"]);
    Clone {
        _root: root,
        _server: server,
        path,
        next,
    }
}

fn head(path: &Path) -> String {
    git_text(path, ["rev-parse", "HEAD"])
}

#[test]
fn fast_forward_brings_files_and_branch_along() {
    let clone = behind();
    let outcome = update(&clone.path, &CloneOptions::new()).unwrap();
    assert_eq!(outcome.forwarded_branch.unwrap(), "refs/heads/main");
    assert_eq!(head(&clone.path), clone.next);
    assert_eq!(
        std::fs::read_to_string(clone.path.join("followed.txt")).unwrap(),
        "new\n"
    );
    assert_eq!(git_text(&clone.path, ["status", "--porcelain"]), "");
}

#[test]
fn fast_forward_keeps_a_file_in_the_way() {
    let clone = behind();
    std::fs::write(clone.path.join("followed.txt"), "mine\n").unwrap();
    let before = head(&clone.path);
    let outcome = update(&clone.path, &CloneOptions::new()).unwrap();
    assert!(
        outcome
            .warnings
            .iter()
            .any(|warning| warning.contains("followed.txt"))
    );
    assert_eq!(head(&clone.path), before);
    assert_eq!(
        std::fs::read_to_string(clone.path.join("followed.txt")).unwrap(),
        "mine\n"
    );
}

#[test]
fn fast_forward_keeps_commits_made_in_the_clone() {
    let clone = behind();
    git(&clone.path, ["commit", "-q", "--allow-empty", "-m", "mine"]);
    let before = head(&clone.path);
    let outcome = update(&clone.path, &CloneOptions::new()).unwrap();
    assert_eq!(outcome.forwarded_branch, None);
    assert_eq!(head(&clone.path), before);
}

#[test]
fn overwrite_makes_files_the_origins() {
    let clone = behind();
    std::fs::write(clone.path.join("followed.txt"), "mine\n").unwrap();
    git(&clone.path, ["commit", "-q", "--allow-empty", "-m", "mine"]);
    let options = CloneOptions::new().update_files(UpdateFiles::Overwrite);
    update(&clone.path, &options).unwrap();
    assert_eq!(head(&clone.path), clone.next);
    assert_eq!(
        std::fs::read_to_string(clone.path.join("followed.txt")).unwrap(),
        "new\n"
    );
}
