//! Updates of clones from a server.

use gitfleet::remote::{CloneOptions, RefChange, Worktree};

use super::clone::served;
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
