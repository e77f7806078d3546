//! Local changes of a clone: an update keeps them, unless its options say to overwrite them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gitfleet::remote::UpdateFiles;

use super::origin::{Origin, commit_all, head, sh, status, updated, updated_files};
use crate::support::{git, git_text};

/// Each change in a clone, and the reason that an update gives for keeping it.
const CHANGES: &[(&str, &str)] = &[
    ("echo mine >> changed", "changed has changes"),
    (
        "echo mine >> changed; git add changed",
        "changed has staged changes",
    ),
    (
        "mkdir new; echo mine > new/deep",
        "new/deep/file is in the way",
    ),
    (
        "mkdir -p new/deep; echo mine > new/deep/file",
        "new/deep/file is in the way",
    ),
    (
        "echo mine > becomes-file/more",
        "becomes-file is in the way",
    ),
    (
        "echo mine > stays; git commit -qam mine",
        "commits that its origin does not have",
    ),
    ("chmod -x runs; echo mine > runs", "runs has changes"),
];

#[test]
fn local_changes_are_kept_unless_told_otherwise() {
    for (change, reason) in CHANGES {
        let origin = Origin::new();
        let clone = origin.clone_behind();
        sh(&clone, change);
        let before = (status(&clone), head(&clone));
        let outcome = updated(&clone);
        assert!(outcome.warnings.join(" ").contains(reason), "{change}");
        assert_eq!(outcome.forwarded_branch, None);
        assert_eq!((status(&clone), head(&clone)), before, "{change}");
        let tracking = git_text(&clone, ["rev-parse", "origin/main"]);
        assert_eq!(tracking, origin.head());
        let kept = updated_files(&clone, UpdateFiles::Keep).warnings.join(" ");
        assert!(!kept.contains(reason), "{kept}");
        let overwritten = updated_files(&clone, UpdateFiles::Overwrite);
        if change.contains("becomes-file/more") {
            // An update never overwrites a directory.
            assert!(overwritten.warnings.join(" ").contains(reason));
            continue;
        }
        assert_eq!(overwritten.forwarded_branch.unwrap(), "refs/heads/main");
        assert_eq!(head(&clone), origin.head());
        assert_eq!(git_text(&clone, ["diff", "HEAD"]), "");
        let tracked = git_text(&clone, ["status", "--porcelain", "-uno"]);
        assert_eq!(tracked, "", "{change}");
    }
}

#[test]
fn local_executable_bit_is_kept() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    let file = clone.join("changed");
    fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    let warnings = updated(&clone).warnings.join(" ");
    assert!(warnings.contains("changed has changes"), "{warnings}");
    assert!(fs::metadata(&file).unwrap().permissions().mode() & 0o100 != 0);
}

#[test]
fn local_index_that_is_locked_is_not_changed() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    let before = head(&clone);
    let lock = clone.join(".git/index.lock");
    fs::write(&lock, "").unwrap();
    let warnings = updated(&clone).warnings.join(" ");
    let reason = "another process is using its index";
    assert!(warnings.contains(reason), "{warnings}");
    fs::remove_file(&lock).unwrap();
    assert_eq!((head(&clone), status(&clone)), (before, String::new()));
    assert_eq!(updated(&clone).head.unwrap().to_string(), origin.head());
}

#[test]
fn local_untracked_directories_are_never_overwritten() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    fs::write(origin.work().join("later"), "a file\n").unwrap();
    commit_all(&origin.work(), "later");
    let script = "
        mkdir later && cd later && git init -q && git commit -q --allow-empty -m mine";
    sh(&clone, script);
    for files in [UpdateFiles::Forward, UpdateFiles::Overwrite] {
        let warnings = updated_files(&clone, files).warnings.join(" ");
        assert!(warnings.contains("later is in the way"), "{warnings}");
    }
    let kept = git_text(&clone.join("later"), ["log", "--format=%s"]);
    assert_eq!(kept, "mine");
}

#[test]
fn local_merge_is_overwritten_on_request() {
    let origin = Origin::new();
    let clone = origin.clone_behind();
    fs::write(clone.join("changed"), "mine\n").unwrap();
    let script = "git commit -qam mine; git fetch -q; ! git merge -q origin/main";
    sh(&clone, script);
    assert!(status(&clone).contains("UU changed"));
    assert_ne!(updated(&clone).warnings, Vec::<String>::new());
    // The file is up to date, the index is not.
    git(&clone, ["checkout", "-q", "--theirs", "changed"]);
    let outcome = updated_files(&clone, UpdateFiles::Overwrite);
    assert_eq!(outcome.warnings, Vec::<String>::new());
    assert_eq!(git_text(&clone, ["ls-files", "--unmerged"]), "");
    let content = fs::read_to_string(clone.join("changed")).unwrap();
    assert_eq!(content, "changed\nmore\n");
}
