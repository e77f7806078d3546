//! Packs of a clone that is updated often.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gitfleet::remote::Worktree;

use super::origin::{Origin, sh, updated};
use crate::support::{git, git_text, hermetic};

fn packs(bare: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(bare.join("objects/pack")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

/// Commits another version of a file at the origin.
fn commit_version(origin: &Origin, number: u32) {
    let content = format!("{}{number}\n", "line\n".repeat(400));
    fs::write(origin.work().join("changed"), content).unwrap();
    git(&origin.work(), ["commit", "-qam", &number.to_string()]);
}

#[test]
fn repack_keeps_packs_few() {
    for is_partial in [false, true] {
        let origin = Origin::new();
        let bare = if is_partial {
            origin.partial_clone(Worktree::Bare)
        } else {
            origin.bare_clone()
        };
        let mut most = 0;
        for number in 0..30 {
            commit_version(&origin, number);
            assert_eq!(updated(&bare).warnings, Vec::<String>::new());
            most = most.max(packs(&bare, "pack").len());
        }
        assert!((3..=11).contains(&most), "{most}");
        assert_eq!(!packs(&bare, "promisor").is_empty(), is_partial);
        let temporary = fs::read_dir(bare.join("objects/pack")).unwrap();
        let mut names = temporary.map(|entry| entry.unwrap().file_name());
        assert!(!names.any(|name| name.to_string_lossy().starts_with(".tmp")));
        git(&bare, ["fsck", "--full", "--strict"]);
        let all = git_text(&bare, ["rev-list", "--all"]);
        assert_eq!(all, git_text(&origin.work(), ["rev-list", "main"]));
        for index in packs(&bare, "idx") {
            git(&bare, ["verify-pack", index.to_str().unwrap()]);
        }
    }
}

/// git completes a thin pack with copies of its delta bases, so one object may be in several packs.
#[test]
fn repack_writes_each_object_once() {
    let origin = Origin::new();
    sh(
        origin.root.path(),
        &format!("git clone -q --bare {} bare", origin.url()),
    );
    let bare = origin.root.path().join("bare");
    git(&bare, ["config", "fetch.unpackLimit", "1"]);
    let refspec = "+refs/heads/*:refs/heads/*";
    git(&bare, ["config", "remote.origin.fetch", refspec]);
    for number in 0..14 {
        commit_version(&origin, number);
        git(&bare, ["fetch", "-q", "--no-auto-maintenance"]);
    }
    git(
        &origin.work(),
        ["commit", "-q", "--allow-empty", "-m", "last"],
    );
    assert!(packs(&bare, "pack").len() > 10);
    assert_eq!(updated(&bare).warnings, Vec::<String>::new());
    let pack = packs(&bare, "pack");
    assert_eq!(pack.len(), 1);
    let index = File::open(pack[0].with_extension("idx")).unwrap();
    let listed = hermetic("git")
        .arg("show-index")
        .stdin(index)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let ids: Vec<&str> = listed
        .lines()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    let once: HashSet<&&str> = ids.iter().collect();
    assert_eq!(once.len(), ids.len());
    let script = format!("git index-pack --strict --stdin < {}", pack[0].display());
    sh(&bare, &script);
    git(&bare, ["fsck", "--full", "--strict"]);
}
