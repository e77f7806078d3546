//! Opening repositories, and the errors for paths that are not repositories.

use std::fs;

use gitfleet::ErrorKind;
use gitfleet::git::{Discover, Head, OpenOptions, Repo};

use crate::support::{Fixture, git_text, gitfleet, open, run};

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

/// The commits of `git log` in a directory, and those of the command for a path given there.
fn both_logs(stand: &std::path::Path, path: &str) -> [String; 2] {
    let mut command = gitfleet();
    command.current_dir(stand);
    command.args(["commits", path, "--format", "jsonl"]);
    let (code, out, errors) = run(&mut command);
    assert_eq!(code, 0, "{path}: {errors}");
    let id = |line: &str| {
        let (_, rest) = line.split_once("\"commit_id\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let ours: Vec<String> = out.lines().map(id).collect();
    let theirs = git_text(stand, ["-C", path, "log", "--format=%H"]);
    [theirs, ours.join("\n")]
}

#[test]
fn relative_paths_name_bare_repositories_too() {
    let fixture = Fixture::make("history", &[]);
    let root = tempfile::tempdir().unwrap();
    let source = fixture.path().to_str().unwrap();
    let at = |name: &str| root.path().join(name);
    git_text(root.path(), ["clone", "-q", "--bare", source, "bare"]);
    git_text(root.path(), ["clone", "-q", source, "tree"]);
    fs::create_dir_all(at("beside/deep")).unwrap();
    let mut cases = vec![
        ("beside", "../bare"),
        ("beside", "../bare/"),
        ("beside/deep", "../../beside/../bare"),
        ("beside", "./../tree"),
        ("beside", "../tree/.git"),
        ("bare/refs", ".."),
        ("bare", "."),
        ("bare/refs", "."),
        ("tree/dir", ".."),
        ("tree/dir", "../.git"),
        ("tree", "dir/.."),
        ("tree/.git/refs", "../.."),
    ];
    if cfg!(unix) {
        // `..` after a link is the directory above the link's target.
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("bare/refs"), at("beside/link")).unwrap();
        cases.push(("beside", "link"));
        cases.push(("beside", "link/.."));
    }
    for (stand, path) in cases {
        let [theirs, ours] = both_logs(&at(stand), path);
        assert_eq!(ours, theirs, "{path} in {stand}");
    }
}

#[cfg(unix)]
#[test]
fn a_head_that_links_to_a_packed_branch_is_read() {
    let fixture = Fixture::make("history", &[]);
    let git_dir = fixture.path().join(".git");
    fixture.git(["pack-refs", "--all"]);
    fs::remove_file(git_dir.join("HEAD")).unwrap();
    std::os::unix::fs::symlink("refs/heads/main", git_dir.join("HEAD")).unwrap();
    let bare = tempfile::tempdir().unwrap();
    let copy = ["-a", git_dir.to_str().unwrap(), "bare.git"];
    let copied = std::process::Command::new("cp")
        .args(copy)
        .current_dir(bare.path())
        .status();
    assert!(copied.unwrap().success());
    git_text(
        &bare.path().join("bare.git"),
        ["config", "core.bare", "true"],
    );
    for (stand, path) in [
        (fixture.path(), "."),
        (fixture.path(), ".git"),
        (fixture.path(), "dir"),
        (bare.path(), "bare.git"),
    ] {
        let [theirs, ours] = both_logs(stand, path);
        assert_eq!(ours, theirs, "{path}");
    }
    let repo = fixture.open();
    assert_eq!(repo.path(), fixture.path());
    assert!(
        matches!(repo.head().unwrap(), Head::Branch { name, .. } if name == b"refs/heads/main")
    );
    let (code, _, errors) = run(gitfleet().arg("update").arg(fixture.path()));
    assert!(code == 1 && errors.contains("git symbolic-ref"), "{errors}");
}

#[cfg(unix)]
#[test]
fn alternates_that_name_each_other_are_read() {
    let fixture = Fixture::make("history", &[]);
    let root = tempfile::tempdir().unwrap();
    let source = fixture.path().to_str().unwrap();
    git_text(root.path(), ["clone", "-q", "--bare", source, "base"]);
    for (name, base) in [("one", "base"), ("two", "one"), ("three", "two")] {
        git_text(root.path(), ["clone", "-q", "--shared", base, name]);
    }
    let objects = |name: &str| match name {
        "base" => root.path().join("base/objects"),
        name => root.path().join(name).join(".git/objects"),
    };
    // `base` names its last borrower; `two` names itself too, by a relative path.
    let to_three = objects("three").to_str().unwrap().to_owned();
    fs::write(objects("base").join("info/alternates"), to_three + "\n").unwrap();
    let list = objects("two").join("info/alternates");
    let mut text = fs::read_to_string(&list).unwrap();
    text.push_str("../objects\n");
    fs::write(&list, text).unwrap();
    for name in ["base", "one", "two", "three"] {
        let [theirs, ours] = both_logs(root.path(), name);
        assert_eq!(ours, theirs, "{name}");
        let repo = open(&root.path().join(name));
        assert_eq!(repo.name(), name);
        let blamed = repo.blame(&gitfleet::git::BlameOptions::default());
        assert!(blamed.unwrap().all(|file| file.is_ok()), "{name}");
    }
    let (code, _, errors) = run(gitfleet().arg("update").arg(root.path().join("two")));
    assert!(code == 1 && errors.contains("git repack"), "{errors}");
}
