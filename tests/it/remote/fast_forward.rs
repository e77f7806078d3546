//! Files of a clone that follow its origin.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gitfleet::remote::{CloneOptions, UpdateFiles, Worktree};

use super::origin::{Origin, commit_all, head, sh, status, updated, updated_files};
use crate::support::{git, git_text};

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).unwrap().permissions().mode() & 0o100 != 0
}

#[test]
fn fast_forward_brings_files_and_branch_along() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    fs::write(clone.join("stays"), "mine\n").unwrap();
    fs::write(clone.join("untracked"), "mine\n").unwrap();
    fs::write(clone.join("staged"), "mine\n").unwrap();
    git(&clone, ["add", "staged"]);
    let outcome = updated(&clone);
    assert_eq!(outcome.forwarded_branch.unwrap(), "refs/heads/main");
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!(outcome.head.unwrap().to_string(), origin.head());
    assert_eq!(head(&clone), origin.head());
    let mut mine: Vec<String> = status(&clone).lines().map(str::to_owned).collect();
    mine.sort();
    assert_eq!(mine, [" M stays", "?? untracked", "A  staged"]);
    assert!(!clone.join("deep").exists());
    assert!(is_executable(&clone.join("runs")));
    assert_eq!(
        fs::read_link(clone.join("link")).unwrap(),
        Path::new("changed")
    );
    let reflog = git_text(&clone, ["reflog", "-1", "--format=%gs"]);
    assert_eq!(reflog, "update: fast-forward");
    git(&clone, ["fsck", "--full", "--strict"]);
    // `git commit` makes its tree from the index: a stale entry would appear here as a changed file.
    git(&clone, ["commit", "-qm", "mine"]);
    let changed = git_text(&clone, ["diff", "--name-only", "HEAD~1", "HEAD"]);
    assert_eq!(changed, "staged");
    assert!(updated(&clone).is_unchanged());
}

#[test]
fn fast_forward_restores_missing_files() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    fs::remove_file(clone.join("gone")).unwrap();
    fs::remove_file(clone.join("changed")).unwrap();
    assert!(updated(&clone).forwarded_branch.is_some());
    assert_eq!(status(&clone), "");
}

#[test]
fn fast_forward_keeps_files_that_the_index_lacks() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    git(&clone, ["rm", "-q", "--cached", "gone"]);
    assert!(updated(&clone).forwarded_branch.is_some());
    assert_eq!(status(&clone), "?? gone");
}

#[test]
fn fast_forward_continues_after_a_kill() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    // Some files are new, the index and the branch are old.
    sh(
        &clone,
        "git fetch -q && git checkout -q origin/main -- changed new/deep/file && git reset -q",
    );
    fs::remove_file(clone.join("gone")).unwrap();
    assert!(updated(&clone).forwarded_branch.is_some());
    assert_eq!(status(&clone), "");
    assert_eq!(head(&clone), origin.head());
}

#[test]
fn fast_forward_changes_nothing_through_a_link() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    let outside = origin.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::rename(clone.join("deep/only/file"), outside.join("file")).unwrap();
    fs::remove_dir(clone.join("deep/only")).unwrap();
    std::os::unix::fs::symlink(&outside, clone.join("deep/only")).unwrap();
    updated_files(&clone, UpdateFiles::Overwrite);
    let kept = fs::read_to_string(outside.join("file")).unwrap();
    assert_eq!(kept, "deep/only/file\n");
}

#[test]
fn fast_forward_checks_out_the_first_commit_of_an_empty_origin() {
    let origin = Origin::new();
    sh(
        &origin.work(),
        "rm -rf .git; git init -q -b main; rm -r gone",
    );
    let clone = origin.clone("files", &CloneOptions::new());
    commit_all(&origin.work(), "first");
    assert_eq!(updated(&clone).head.unwrap().to_string(), origin.head());
    assert_eq!(status(&clone), "");
    assert_eq!(
        fs::read_to_string(clone.join("changed")).unwrap(),
        "changed\n"
    );
}

#[test]
fn fast_forward_fetches_the_blobs_of_a_partial_clone() {
    let origin = Origin::new();
    let clone = origin.partial_clone(Worktree::CheckedOut);
    origin.commit_second();
    assert!(updated(&clone).forwarded_branch.is_some());
    assert_eq!(status(&clone), "");
}

#[test]
fn fast_forward_applies_attributes_of_unchanged_files() {
    for place in [".", "deep"] {
        let origin = Origin::new();
        let lines = "*.crlf text eol=crlf\n*.wide working-tree-encoding=ISO-8859-1\n*.id ident\n";
        let work = origin.work().join(place);
        fs::write(work.join(".gitattributes"), lines).unwrap();
        commit_all(&origin.work(), "attributes");
        let clone = origin.clone("files", &CloneOptions::new());
        fs::write(work.join("a.crlf"), "one\ntwo\n").unwrap();
        fs::write(work.join("b.wide"), b"\xe4\n").unwrap();
        fs::write(work.join("c.id"), "$Id$\n").unwrap();
        commit_all(&origin.work(), "files");
        assert_eq!(updated(&clone).warnings, Vec::<String>::new());
        let read = |name: &str| fs::read(clone.join(place).join(name)).unwrap();
        assert_eq!(read("a.crlf"), b"one\r\ntwo\r\n");
        assert_eq!(read("b.wide"), b"\xe4\n");
        assert_eq!(status(&clone), "");
    }
}

#[test]
fn fast_forward_makes_the_directories_of_submodules() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    let script = "
        for path in below/sub changed; do
            git rm -q --cached --ignore-unmatch $path
            git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),$path
        done
        git commit -qm submodules";
    sh(&origin.work(), script);
    fs::write(clone.join("below"), "mine\n").unwrap();
    let warnings = updated(&clone).warnings.join(" ");
    assert!(warnings.contains("below/sub is in the way"), "{warnings}");
    fs::remove_file(clone.join("below")).unwrap();
    assert_eq!(updated(&clone).warnings, Vec::<String>::new());
    assert!(clone.join("below/sub").is_dir() && clone.join("changed").is_dir());
    assert_eq!(status(&clone), "");
}

#[test]
fn fast_forward_updates_a_worktree_of_a_separate_git_directory() {
    let origin = Origin::new();
    let script = format!("git clone -q --separate-git-dir=git {} files", origin.url());
    sh(origin.root.path(), &script);
    let files = origin.root.path().join("files");
    git(&files, ["checkout", "-qb", "feature"]);
    origin.commit_second();
    let outcome = updated(&files);
    assert_eq!(outcome.new_default_branch, None);
    assert_eq!(outcome.forwarded_branch, None);
    let branch = git_text(&files, ["symbolic-ref", "HEAD"]);
    assert_eq!(branch, "refs/heads/feature");
    git(&files, ["checkout", "-q", "main"]);
    assert!(updated(&files).forwarded_branch.is_some());
    assert_eq!(status(&files), "");
}
