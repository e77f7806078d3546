//! Opening repositories, and the errors for paths that are not repositories.

use std::fs;

use gitfleet::ErrorKind;
use gitfleet::git::{Discover, Head, OpenOptions, Repo};

use crate::support::{Fixture, git_text, open};

fn kind_of(path: &std::path::Path, options: &OpenOptions) -> ErrorKind {
    Repo::open(path, options)
        .err()
        .map(|error| error.kind())
        .expect("it was opened")
}

#[test]
fn head_and_refs_equal_gits() {
    let fixture = Fixture::make("history", &[]);
    let repo = fixture.open();
    let ours: Vec<String> = repo
        .refs()
        .unwrap()
        .iter()
        .map(|reference| {
            let peeled = if reference.peeled_id == reference.target_id {
                String::new()
            } else {
                reference.peeled_id.to_string()
            };
            format!(
                "{} {} {peeled}",
                String::from_utf8_lossy(&reference.name),
                reference.target_id
            )
        })
        .collect();
    let format = "--format=%(refname) %(objectname) %(*objectname)";
    assert_eq!(
        ours.join("\n").trim_end(),
        git_text(fixture.path(), ["for-each-ref", format])
    );
    let Head::Branch { name, commit_id } = repo.head().unwrap() else {
        panic!("HEAD is on a branch")
    };
    assert_eq!(name, b"refs/heads/main");
    assert_eq!(
        commit_id.to_string(),
        git_text(fixture.path(), ["rev-parse", "HEAD"])
    );
    for revision in ["HEAD~2", "v1", "light", "HEAD~2^2", "side", "HEAD^{commit}"] {
        let theirs = git_text(
            fixture.path(),
            ["rev-parse", &format!("{revision}^{{commit}}")],
        );
        assert_eq!(
            repo.rev_parse(revision).unwrap().to_string(),
            theirs,
            "{revision}"
        );
    }
    fixture.git(["checkout", "-q", "--detach", "HEAD~1"]);
    assert!(matches!(
        open(fixture.path()).head().unwrap(),
        Head::Detached { .. }
    ));
}

#[test]
fn open_discovers_a_repository_unless_exact() {
    let fixture = Fixture::make("history", &[]);
    let inside = fixture.path().join("dir");
    assert_eq!(open(&inside).path(), fixture.path());
    let exact = OpenOptions::new().discover(Discover::Exact);
    assert_eq!(kind_of(&inside, &exact), ErrorKind::RepositoryNotFound);
    assert!(Repo::open(fixture.path(), &exact).is_ok());
    assert!(Repo::open(fixture.path().join(".git"), &exact).is_ok());
}

#[test]
fn open_names_a_path_that_is_not_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    let options = OpenOptions::default();
    fs::write(dir.path().join("file"), "x").unwrap();
    for (path, says) in [
        ("absent", "no such directory"),
        ("file", "is a file"),
        (".", "not a git repository"),
    ] {
        let path = dir.path().join(path);
        let error = Repo::open(&path, &options).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::RepositoryNotFound,
            "{}",
            path.display()
        );
        assert!(
            error.report().contains(says) && error.report().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
}

#[test]
fn open_refuses_unsupported_formats_by_name() {
    let options = OpenOptions::default();
    let unknown = Fixture::empty();
    let configure = |version: u32| {
        let text = format!(
            "[core]\n\trepositoryFormatVersion = {version}\n\tbare = false\n[extensions]\n\tfromTheFuture = true\n"
        );
        fs::write(unknown.path().join(".git/config"), text).unwrap();
    };
    configure(1);
    let error = Repo::open(unknown.path(), &options).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Unsupported && error.report().contains("fromthefuture"),
        "{error}"
    );
    configure(7);
    assert_eq!(kind_of(unknown.path(), &options), ErrorKind::Unsupported);
}

#[test]
fn unborn_head_differs_from_an_empty_repository() {
    let empty = Fixture::empty();
    assert!(empty.open().is_empty().unwrap());
    let fixture = Fixture::make("history", &[]);
    fixture.git(["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
    let repo = fixture.open();
    assert!(!repo.is_empty().unwrap());
    let error = repo.rev_parse("HEAD").unwrap_err();
    assert!(
        error.kind() == ErrorKind::RevisionNotFound
            && error.report().contains("refs/heads/nowhere"),
        "{error}"
    );
}

#[test]
fn open_reads_nothing_outside_the_repository() {
    // A mailmap or attributes from the user's configuration change nothing.
    let fixture = Fixture::make("sha256", &[]);
    let repo = fixture.open();
    assert_eq!(repo.head().unwrap(), fixture.open().head().unwrap());
    assert_eq!(repo.rev_parse("HEAD").unwrap().as_bytes().len(), 32);
}

/// As in git, root does not trust a repository of another user by default.
#[cfg(target_os = "linux")]
#[test]
fn open_requires_trust_for_another_users_repository() {
    use gitfleet::git::Trust;
    use std::process::Command;
    let fixture = Fixture::make("history", &[]);
    let given = Command::new("chown")
        .args(["-R", "12345"])
        .arg(fixture.path())
        .output();
    if !given.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: chown needs root");
        return;
    }
    let mut options = OpenOptions::default();
    assert_eq!(kind_of(fixture.path(), &options), ErrorKind::InvalidInput);
    options.trust = Trust::Anyone;
    let repo = Repo::open(fixture.path(), &options).unwrap();
    assert!(!repo.refs().unwrap().is_empty());
}
