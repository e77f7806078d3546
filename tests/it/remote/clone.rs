//! Clones from a server.

use std::num::NonZeroU32;

use gitfleet::ErrorKind;
use gitfleet::remote::{CloneOptions, FetchTags, Filter, TransferLimits, Worktree};

use super::clone;
use super::server::Server;
use crate::support::{Fixture, git, git_text};

/// A directory with one repository, `repo`, and a server of it.
pub(super) fn served(fixture: &str) -> (tempfile::TempDir, Server) {
    let fixture = Fixture::make(fixture, &[]);
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (fixture.path().to_str().unwrap(), root.path().join("repo"));
    git(
        root.path(),
        ["clone", "-q", "--mirror", from, to.to_str().unwrap()],
    );
    let server = Server::of(root.path());
    (root, server)
}

#[test]
fn bare_clone_equals_the_remote() {
    let (root, server) = served("history");
    let ours = root.path().join("ours");
    let options = CloneOptions::new().worktree(Worktree::Mirror);
    let outcome = clone(&server.url("repo"), &ours, &options).unwrap();
    let refs = |path| git_text(path, ["for-each-ref", "--format=%(refname) %(objectname)"]);
    assert_eq!(refs(&ours), refs(&root.path().join("repo")));
    assert!(outcome.received_bytes > 0);
    git(&ours, ["fsck", "--full", "--strict"]);
    assert!(server.requests()[0].contains("version=2"));
}

#[test]
fn clone_with_files_has_a_clean_status() {
    let (root, server) = served("history");
    let ours = root.path().join("ours");
    clone(&server.url("repo"), &ours, &CloneOptions::new()).unwrap();
    assert_eq!(git_text(&ours, ["status", "--porcelain"]), "");
    let url = git_text(&ours, ["config", "remote.origin.url"]);
    assert_eq!(url, server.url("repo"));
}

#[test]
fn shallow_clone_ends_where_gits_ends() {
    let (root, server) = served("history");
    let mut options = CloneOptions::new()
        .worktree(Worktree::Bare)
        .tags(FetchTags::None);
    options.depth = NonZeroU32::new(2);
    let ours = root.path().join("ours");
    clone(&server.url("repo"), &ours, &options).unwrap();
    let theirs = root.path().join("theirs");
    let to = theirs.to_str().unwrap();
    git(
        root.path(),
        [
            "clone",
            "-q",
            "--bare",
            "--depth=2",
            "--no-tags",
            &server.url("repo"),
            to,
        ],
    );
    let boundary = |path: &std::path::Path| std::fs::read_to_string(path.join("shallow")).unwrap();
    assert_eq!(boundary(&ours), boundary(&theirs));
    assert_eq!(
        git_text(&ours, ["rev-list", "HEAD"]),
        git_text(&theirs, ["rev-list", "HEAD"])
    );
}

#[test]
fn partial_clone_lacks_blobs_only() {
    let (root, server) = served("history");
    let ours = root.path().join("ours");
    let options = CloneOptions::new()
        .worktree(Worktree::Bare)
        .filter(Filter::Blobs);
    clone(&server.url("repo"), &ours, &options).unwrap();
    let missing = git_text(&ours, ["rev-list", "--objects", "--all", "--missing=print"]);
    assert!(missing.lines().any(|line| line.starts_with('?')));
    assert!(!git_text(&ours, ["rev-list", "--all"]).is_empty());
    assert_eq!(
        git_text(&ours, ["config", "remote.origin.partialclonefilter"]),
        "blob:none"
    );
}

#[test]
fn absent_repository_is_not_found_and_leaves_nothing() {
    let (root, server) = served("sha256");
    let ours = root.path().join("ours");
    let error = clone(&server.url("absent"), &ours, &CloneOptions::new()).unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::RepositoryNotFound,
        "{}",
        error.report()
    );
    assert!(!ours.exists());
}

#[test]
fn exceeded_limit_ends_the_clone_and_leaves_nothing() {
    let (root, server) = served("history");
    for limits in [
        TransferLimits::new().max_objects(3u64),
        TransferLimits::new().max_bytes(1000u64),
    ] {
        let ours = root.path().join("ours");
        let options = CloneOptions::new().limits(limits);
        let error = clone(&server.url("repo"), &ours, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{}", error.report());
        assert!(!ours.exists());
    }
}
