//! Clones of local paths, which GitFleet makes without git. Clones over http are tested in
//! `tests/command`, which has an http server.

use std::path::Path;

use gitfleet::progress::{Progress, ProgressSink};
use gitfleet::remote::{CloneOptions, CloneOutcome, Worktree, clone_repo};
use gitfleet::{CancelToken, Context, ErrorKind, RemoteUrl};

use crate::support::{Fixture, git, git_text, tree};

fn clone(from: &Path, into: &Path, worktree: Worktree) -> gitfleet::Result<CloneOutcome> {
    let options = CloneOptions::new().worktree(worktree);
    let url = RemoteUrl::parse(from.to_str().unwrap())?;
    clone_repo(&url, into, &options, &Context::new())
}

#[test]
fn bare_clone_equals_gits() {
    let fixture = Fixture::make("history", &[]);
    fixture.git(["repack", "-q", "-a", "-d"]);
    fixture.git(["commit", "-q", "--allow-empty", "-m", "a loose object"]);
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("ours");
    let outcome = clone(fixture.path(), &ours, Worktree::Bare).unwrap();
    let theirs = dir.path().join("theirs");
    git(
        dir.path(),
        [
            "clone",
            "-q",
            "--bare",
            fixture.path().to_str().unwrap(),
            theirs.to_str().unwrap(),
        ],
    );
    assert_eq!(
        git_text(&ours, ["for-each-ref"]),
        git_text(&theirs, ["for-each-ref"])
    );
    assert_eq!(git_text(&ours, ["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(
        outcome.head.unwrap().to_string(),
        git_text(&theirs, ["rev-parse", "HEAD"])
    );
    git(&ours, ["fsck", "--full", "--strict"]);
    assert_eq!(
        git_text(&ours, ["rev-parse", "--is-bare-repository"]),
        "true"
    );
}

#[test]
fn clone_with_files_has_a_clean_git_status() {
    let fixture = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let ours = dir.path().join("deep/er/ours");
    clone(fixture.path(), &ours, Worktree::CheckedOut).unwrap();
    assert_eq!(git_text(&ours, ["status", "--porcelain"]), "");
    assert_eq!(
        git_text(&ours, ["rev-parse", "--abbrev-ref", "HEAD"]),
        "main"
    );
    assert_eq!(
        git_text(&ours, ["rev-parse", "origin/side"]),
        git_text(fixture.path(), ["rev-parse", "side"])
    );
    git(&ours, ["fsck", "--full"]);
    git(&ours, ["fetch", "-q", "origin"]);
}

#[test]
fn clone_copies_objects_of_alternates() {
    let fixture = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let borrower = dir.path().join("borrower");
    git(
        dir.path(),
        [
            "clone",
            "-q",
            "--shared",
            "--bare",
            fixture.path().to_str().unwrap(),
            borrower.to_str().unwrap(),
        ],
    );
    let ours = dir.path().join("ours");
    clone(&borrower, &ours, Worktree::Bare).unwrap();
    drop(fixture);
    git(&ours, ["fsck", "--full"]);
}

#[test]
fn clone_keeps_empty_shallow_and_sha256_repositories() {
    let dir = tempfile::tempdir().unwrap();
    let empty = Fixture::empty();
    assert_eq!(
        clone(
            empty.path(),
            &dir.path().join("empty"),
            Worktree::CheckedOut
        )
        .unwrap()
        .head,
        None
    );
    let full = Fixture::make("history", &[]);
    let shallow = Fixture::make("shallow", &[full.path().as_os_str()]);
    clone(shallow.path(), &dir.path().join("shallow"), Worktree::Bare).unwrap();
    git(&dir.path().join("shallow"), ["fsck", "--full"]);
    let sha256 = Fixture::make("sha256", &[]);
    clone(
        sha256.path(),
        &dir.path().join("sha256"),
        Worktree::CheckedOut,
    )
    .unwrap();
    assert_eq!(
        git_text(&dir.path().join("sha256"), ["status", "--porcelain"]),
        ""
    );
}

#[test]
fn clone_refuses_an_occupied_directory() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("full")).unwrap();
    std::fs::write(dir.path().join("full/mine"), "x").unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let error = clone(fixture.path(), &dir.path().join("full"), Worktree::Bare).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DestinationExists);
    let error = clone(
        &dir.path().join("absent"),
        &dir.path().join("new"),
        Worktree::Bare,
    )
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RepositoryNotFound);
    let inside = Fixture::make("history", &[]).path().join("dir");
    assert_eq!(
        clone(&inside, &dir.path().join("new"), Worktree::Bare)
            .unwrap_err()
            .kind(),
        ErrorKind::RepositoryNotFound
    );
    clone(fixture.path(), &dir.path().join("empty"), Worktree::Bare).unwrap();
    let left: Vec<_> = tree(dir.path())
        .into_iter()
        .filter(|path| !path.starts_with("empty"))
        .collect();
    assert_eq!(left, [Path::new("full"), Path::new("full/mine")]);
}

/// Cancels as soon as objects are being copied.
struct CancelWhenCopying(CancelToken);

impl ProgressSink for CancelWhenCopying {
    fn progress(&self, event: Progress) {
        if event.phase == gitfleet::progress::Phase::Receiving {
            self.0.cancel();
        }
    }
}

#[test]
fn clone_leaves_nothing_when_cancelled() {
    let fixture = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let cancel = CancelToken::new();
    let context = Context::new()
        .reported_to(std::sync::Arc::new(CancelWhenCopying(cancel.clone())))
        .cancelled_by(&cancel);
    let url = RemoteUrl::parse(fixture.path().to_str().unwrap()).unwrap();
    let result = clone_repo(
        &url,
        &dir.path().join("new"),
        &CloneOptions::default(),
        &context,
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(tree(dir.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn clone_of_a_path_refuses_depth_by_name() {
    let fixture = Fixture::make("history", &[]);
    let dir = tempfile::tempdir().unwrap();
    let url = RemoteUrl::parse(fixture.path().to_str().unwrap()).unwrap();
    let options = CloneOptions::new().depth(std::num::NonZeroU32::new(1));
    let into = dir.path().join("x");
    let error = clone_repo(&url, &into, &options, &Context::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.report().contains("depth"), "{}", error.report());
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none());
}
