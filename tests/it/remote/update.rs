//! Updates of clones from a server.

use gitfleet::remote::{CloneOptions, RefChange, Worktree};

use super::clone::served;
use super::origin::{Origin, sh, status, updated};
use super::{clone, update};
use crate::support::{git, git_text};

fn commit(path: &std::path::Path, parent: &str, message: &str) -> String {
    git_text(
        path,
        [
            "commit-tree",
            &format!("{parent}^{{tree}}"),
            "-p",
            parent,
            "-m",
            message,
        ],
    )
}

#[test]
fn update_moves_creates_and_deletes_refs() {
    let (root, server) = served("history");
    let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
    git(&remote, ["branch", "doomed", "main"]);
    git(&remote, ["branch", "rewritten", "main"]);
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();

    let next = commit(&remote, "main", "next");
    git(&remote, ["update-ref", "refs/heads/main", &next]);
    git(&remote, ["branch", "new", "main"]);
    git(&remote, ["branch", "-D", "doomed"]);
    let other = commit(&remote, "main~2", "other");
    git(&remote, ["update-ref", "refs/heads/rewritten", &other]);
    let outcome = update(&ours, &options).unwrap();

    let changes: Vec<_> = outcome
        .refs
        .iter()
        .map(|one| (one.name.to_string(), one.change))
        .collect();
    for expected in [
        ("refs/heads/main".to_owned(), RefChange::FastForwarded),
        ("refs/heads/new".to_owned(), RefChange::Created),
        ("refs/heads/doomed".to_owned(), RefChange::Deleted),
        ("refs/heads/rewritten".to_owned(), RefChange::Rewritten),
    ] {
        assert!(changes.contains(&expected), "{expected:?} in {changes:?}");
    }
    assert!(outcome.was_rewritten());
    let refs = |path| {
        git_text(
            path,
            [
                "for-each-ref",
                "refs/heads",
                "--format=%(refname) %(objectname)",
            ],
        )
    };
    assert_eq!(refs(&ours), refs(&remote));
    assert_eq!(outcome.head.unwrap().to_string(), next);
}

#[test]
fn update_without_news_asks_for_refs_only() {
    let (root, server) = served("history");
    let ours = root.path().join("ours");
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();
    let before = server.connections();
    let outcome = update(&ours, &options).unwrap();
    assert!(outcome.is_unchanged());
    assert_eq!(server.connections(), before + 1);
}

#[test]
fn update_follows_a_renamed_default_branch() {
    let (root, server) = served("history");
    let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();
    git(&remote, ["branch", "-m", "main", "trunk"]);
    git(&remote, ["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let outcome = update(&ours, &options).unwrap();
    assert_eq!(outcome.new_default_branch.unwrap(), "refs/heads/trunk");
    assert_eq!(
        git_text(&ours, ["symbolic-ref", "HEAD"]),
        "refs/heads/trunk"
    );
}

#[test]
fn failed_update_leaves_refs_as_they_were() {
    let (root, server) = served("history");
    let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();
    let before = git_text(&ours, ["for-each-ref"]);
    std::fs::rename(&remote, root.path().join("gone")).unwrap();
    update(&ours, &options).unwrap_err();
    assert_eq!(git_text(&ours, ["for-each-ref"]), before);
}

#[test]
fn update_completes_what_an_interrupted_one_left() {
    // Some of the new objects are there, without the others: a commit, a tree, or a tag.
    for kept in [
        "HEAD",
        "HEAD^{tree}",
        "HEAD:deep",
        "late",
        "HEAD HEAD^{tree} late",
    ] {
        for by_path in [false, true] {
            let (root, server) = served("history");
            let (remote, ours) = (root.path().join("repo"), root.path().join("ours"));
            let url = if by_path {
                remote.to_str().unwrap().to_owned()
            } else {
                server.url("repo")
            };
            let options = CloneOptions::new().worktree(Worktree::Bare);
            clone(&url, &ours, &options).unwrap();
            let work = root.path().join("work");
            git(root.path(), ["clone", "-q", "repo", "work"]);
            sh(
                &work,
                "mkdir -p deep/er; seq 9 > deep/er/file; seq 5 > file; git add -A; git commit -qm new; git tag -am t late; git push -q origin HEAD:main late",
            );
            let branch = git_text(&remote, ["symbolic-ref", "HEAD"]);
            let tip = git_text(&work, ["rev-parse", "HEAD"]);
            git(&remote, ["update-ref", &branch, &tip]);
            for one in kept.split(' ') {
                let id = git_text(&work, ["rev-parse", one]);
                let file = format!("objects/{}/{}", &id[..2], &id[2..]);
                std::fs::create_dir_all(ours.join(&file).parent().unwrap()).unwrap();
                std::fs::copy(work.join(".git").join(&file), ours.join(&file)).unwrap();
            }
            update(&ours, &options).unwrap();
            assert_eq!(
                git_text(&ours, ["rev-parse", "HEAD"]),
                tip,
                "{kept}, {by_path}"
            );
            assert_eq!(
                git_text(&ours, ["for-each-ref", "refs/heads", "refs/tags"]),
                git_text(&remote, ["for-each-ref", "refs/heads", "refs/tags"]),
            );
            let found = git_text(&ours, ["fsck", "--full"]);
            assert!(!found.contains("missing"), "{kept}, {by_path}: {found}");
        }
    }
}

#[test]
fn update_leaves_refs_outside_the_refspecs() {
    let origin = Origin::new();
    let script = format!(
        "git clone -q --bare {0} bare; git clone -q {0} files",
        origin.url()
    );
    sh(origin.root.path(), &script);
    let (bare, files) = (
        origin.root.path().join("bare"),
        origin.root.path().join("files"),
    );
    git(&bare, ["branch", "mine"]);
    git(&bare, ["tag", "mine"]);
    git(&files, ["config", "--unset-all", "remote.origin.fetch"]);
    let refused = update(&files, &CloneOptions::new()).unwrap_err().report();
    assert!(refused.contains("remote.origin.fetch"), "{refused}");
    sh(&origin.work(), "git commit -q --amend -m rewritten");
    let warnings = updated(&bare).warnings.join(" ");
    assert!(warnings.contains("refs/heads/main stays"), "{warnings}");
    assert_eq!(git_text(&bare, ["branch", "--list", "mine"]), "  mine");
    assert_eq!(git_text(&bare, ["tag"]), "mine");
}

#[test]
fn update_leaves_the_branch_of_a_linked_worktree() {
    let origin = Origin::new();
    let bare = origin.bare_clone();
    let linked = origin.root.path().join("linked");
    let path = linked.to_str().unwrap();
    git(&bare, ["worktree", "add", "-q", path, "main"]);
    origin.commit_second();
    let warnings = updated(&bare).warnings.join(" ");
    assert!(warnings.contains("refs/heads/main stays"), "{warnings}");
    assert_eq!(status(&linked), "");
}

#[test]
fn update_refuses_an_origin_with_another_hash() {
    let origin = Origin::new();
    let bare = origin.bare_clone();
    let before = git_text(&bare, ["for-each-ref"]);
    let script = "
        rm -rf origin; git init -q --object-format=sha256 origin
        git -C origin commit -q --allow-empty -m x";
    sh(origin.root.path(), script);
    let refused = update(&bare, &CloneOptions::new()).unwrap_err().report();
    assert!(refused.contains("sha256"), "{refused}");
    assert_eq!(git_text(&bare, ["for-each-ref"]), before);
    git(&bare, ["fsck", "--full"]);
}

#[test]
fn update_of_a_clone_of_a_path_equals_a_new_clone() {
    for (worktree, shape) in [
        (Worktree::Bare, &["--bare"][..]),
        (Worktree::Mirror, &["--mirror"]),
        (Worktree::CheckedOut, &[]),
    ] {
        let origin = Origin::new();
        let (work, root) = (origin.work(), origin.root.path());
        git(&work, ["branch", "side"]);
        git(&work, ["tag", "-a", "-m", "annotated", "v1"]);
        let ours = root.join("ours");
        let options = CloneOptions::new().worktree(worktree);
        clone(work.to_str().unwrap(), &ours, &options).unwrap();
        assert!(updated(&ours).is_unchanged());
        git(&work, ["branch", "-D", "side"]);
        git(&work, ["repack", "-adq"]);
        origin.commit_second();
        git(&work, ["tag", "v2"]);
        assert_eq!(updated(&ours).head.unwrap().to_string(), origin.head());
        let fresh = root.join("fresh");
        let mut args = vec!["clone", "-q"];
        args.extend(shape);
        args.extend([work.to_str().unwrap(), fresh.to_str().unwrap()]);
        git(root, args);
        let refs = |path| git_text(path, ["for-each-ref", "--format=%(refname) %(objectname)"]);
        assert_eq!(refs(&ours), refs(&fresh));
        git(&ours, ["fsck", "--full", "--strict"]);
        if worktree == Worktree::CheckedOut {
            assert_eq!(status(&ours), "");
        }
    }
}
