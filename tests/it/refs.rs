//! Refs in every storage format, beside git: while they are packed, and if some are broken.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use gitfleet::git::{Head, HistoryOptions, Repo};

use crate::support::{Fixture, git, git_text, hermetic, open};

pub(crate) const FORMATS: [(&str, &str); 4] = [
    ("files", "sha1"),
    ("files", "sha256"),
    ("reftable", "sha1"),
    ("reftable", "sha256"),
];

/// A repository with branches, tags, annotated tags of tags, symbolic refs and a reflog.
pub(crate) fn made(refs: &str, hash: &str) -> Fixture {
    let fixture = Fixture::directory();
    let (refs, hash) = (
        format!("--ref-format={refs}"),
        format!("--object-format={hash}"),
    );
    fixture.git(["init", "-q", "-b", "main", &refs, &hash, "."]);
    // Commits have different dates, because git breaks ties of a search by the order of its queue.
    let mut seconds = 1_700_000_000;
    let mut commit = |args: &[&str]| {
        seconds += 60;
        let date = format!("{seconds} +0000");
        let mut command = hermetic("git");
        command.args(args).current_dir(fixture.path());
        let command = command
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        assert!(command.status().unwrap().success());
    };
    for subject in ["fix one", "two: a fix inside", "cab", "last"] {
        commit(&[
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            subject,
            "-m",
            "more\nfix text",
        ]);
    }
    fixture.git(["checkout", "-q", "-b", "side", "HEAD~1"]);
    commit(&["commit", "-q", "--allow-empty", "-m", "on the side"]);
    fixture.git(["checkout", "-q", "main"]);
    commit(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    fixture.git(["tag", "light", "HEAD~2"]);
    fixture.git(["tag", "-a", "-m", "a tag", "v1", "HEAD~1"]);
    fixture.git(["tag", "-a", "-m", "a tag of a tag", "v1-signed", "v1"]);
    fixture.git(["tag", "tree", "HEAD^{tree}"]);
    fixture.git(["symbolic-ref", "refs/heads/alias", "refs/heads/side"]);
    fixture.git(["symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere"]);
    fixture.git([
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
    ]);
    fixture.git(["update-ref", "refs/remotes/origin/main", "side"]);
    // Branches that look like abbreviated ids, and one whose upstream is a branch of its own.
    fixture.git(["branch", "abcdef12", "HEAD~3"]);
    fixture.git(["branch", "ABCDEF12", "HEAD~1"]);
    fixture.git(["branch", "deadbeef-side", "HEAD~2"]);
    fixture.git(["branch", "fix-1-gabcdef12", "HEAD~2"]);
    fixture.git(["branch", "-q", "local", "HEAD~3"]);
    fixture.git(["config", "branch.local.remote", "."]);
    fixture.git(["config", "branch.local.merge", "refs/heads/side"]);
    fixture.git(["config", "branch.main.remote", "origin"]);
    fixture.git(["config", "branch.main.merge", "refs/heads/main"]);
    fixture.git([
        "config",
        "remote.origin.fetch",
        "+refs/heads/*:refs/remotes/origin/*",
    ]);
    fixture.git(["config", "remote.origin.url", "elsewhere"]);
    fixture
}

fn ours(repo: &Repo) -> String {
    let lines = repo.refs().unwrap().into_iter().map(|found| {
        let is_peeled = found.peeled_id == found.target_id;
        let peeled = if is_peeled {
            String::new()
        } else {
            found.peeled_id.to_string()
        };
        format!("{} {} {peeled}", found.name, found.target_id)
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn gits(path: &Path) -> String {
    let format = "--format=%(refname) %(objectname) %(*objectname)";
    git_text(path, ["for-each-ref", format])
}

#[test]
fn refs_equal_gits_in_every_format() {
    for (refs, hash) in FORMATS {
        let fixture = made(refs, hash);
        let repo = fixture.open();
        assert_eq!(ours(&repo), gits(fixture.path()), "{refs} {hash}");
        fixture.git(["pack-refs", "--all"]);
        assert_eq!(ours(&repo), gits(fixture.path()), "{refs} {hash} packed");
        // Some of the packed refs change, and some go.
        fixture.git(["update-ref", "refs/heads/side", "HEAD~1"]);
        fixture.git(["tag", "-d", "light"]);
        fixture.git(["update-ref", "refs/heads/deep/er/name", "HEAD~3"]);
        assert_eq!(ours(&repo), gits(fixture.path()), "{refs} {hash} mixed");
        assert!(repo.broken_refs().unwrap().is_empty());
        let Head::Branch { name, commit_id } = repo.head().unwrap() else {
            panic!("HEAD is on a branch");
        };
        let head = git_text(fixture.path(), ["rev-parse", "HEAD"]);
        assert_eq!(
            (&*name, commit_id.to_string()),
            (&b"refs/heads/main"[..], head)
        );

        let linked = fixture.path().join("linked");
        fixture.git(["worktree", "add", "-q", "--detach", "linked", "side"]);
        git(&linked, ["update-ref", "refs/worktree/own", "HEAD~1"]);
        git(&linked, ["update-ref", "refs/bisect/bad", "HEAD"]);
        let repo = open(&linked);
        assert_eq!(ours(&repo), gits(&linked), "{refs} {hash} linked");
        assert!(matches!(repo.head().unwrap(), Head::Detached { .. }));
        assert_eq!(ours(&fixture.open()), gits(fixture.path()));
    }
}

#[test]
fn many_refs_in_reftables_are_read() {
    for hash in ["sha1", "sha256"] {
        let fixture = made("reftable", hash);
        let updates = |from: usize| -> String {
            let line = |n| format!("create refs/heads/topic-{n}/x{}\n", "name-".repeat(n % 9));
            let named = (from..from + 2000).map(line);
            let head = git_text(fixture.path(), ["rev-parse", "HEAD"]);
            named
                .map(|line| format!("{} {head}\n", line.trim_end()))
                .collect()
        };
        for (size, from) in [("256", 1), ("4096", 5001), ("65536", 10_001)] {
            fixture.git(["config", "reftable.blockSize", size]);
            let mut child = hermetic("git")
                .args(["update-ref", "--stdin"])
                .current_dir(fixture.path())
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            std::io::Write::write_all(&mut input, updates(from).as_bytes()).unwrap();
            drop(input);
            assert!(child.wait().unwrap().success());
            assert_eq!(ours(&fixture.open()), gits(fixture.path()), "{hash} {size}");
            fixture.git(["pack-refs", "--all"]);
            assert_eq!(
                ours(&fixture.open()),
                gits(fixture.path()),
                "{hash} {size} packed"
            );
        }
    }
}

#[test]
fn history_of_a_repository_with_reftables_equals_gits() {
    for bare in [false, true] {
        let fixture = made("reftable", "sha1");
        let bare_path = fixture.path().join("bare.git");
        let path = if bare {
            let to = bare_path.to_str().unwrap();
            fixture.git(["clone", "-q", "--bare", "--ref-format=reftable", ".", to]);
            bare_path.as_path()
        } else {
            fixture.path()
        };
        let mut options = gitfleet::git::HistoryOptions::new();
        options.all_refs = true;
        let ids: Vec<String> = open(path)
            .commits(&options)
            .unwrap()
            .map(|commit| commit.unwrap().id.to_string())
            .collect();
        let theirs = git_text(path, ["log", "--all", "--format=%H"]);
        assert_eq!(ids.join("\n"), theirs);
    }
}

#[test]
fn broken_refs_are_named_and_the_others_are_listed() {
    let fixture = made("files", "sha1");
    let heads = fixture.path().join(".git/refs/heads");
    fs::write(heads.join("desktop.ini"), "[.ShellClassInfo]\r\n").unwrap();
    fs::write(heads.join(".DS_Store"), "\0\0Bud1").unwrap();
    fs::copy(heads.join("side"), heads.join("side (conflicted copy)")).unwrap();
    fs::write(heads.join("empty"), "").unwrap();
    fs::write(heads.join("nuls"), [0; 41]).unwrap();
    fs::write(heads.join("zero"), format!("{}\n", "0".repeat(40))).unwrap();
    fs::write(heads.join("main.lock"), "").unwrap();
    fs::write(heads.join("gone"), format!("{}\n", "1234567890".repeat(4))).unwrap();
    let trailing = fs::read_to_string(heads.join("side")).unwrap();
    fs::write(
        heads.join("note"),
        format!("{} and a note", trailing.trim()),
    )
    .unwrap();
    std::os::unix::fs::symlink("refs/heads/side", heads.join("link")).unwrap();
    std::os::unix::fs::symlink("side", heads.join("copy")).unwrap();
    fs::write(heads.join("long"), "1".repeat(70_000)).unwrap();
    // Symbolic refs to `HEAD`, and longer and longer chains of them, until git follows no further.
    fs::write(heads.join("to-head"), "ref: HEAD\n").unwrap();
    fs::write(heads.join("chain1"), "ref: refs/heads/side\n").unwrap();
    for link in 2..8 {
        let text = format!("ref: refs/heads/chain{}\n", link - 1);
        fs::write(heads.join(format!("chain{link}")), text).unwrap();
    }
    let repo = fixture.open();
    let theirs = git_text(
        fixture.path(),
        ["for-each-ref", "--format=%(refname) %(objectname)"],
    );
    let ours = repo.refs().unwrap().into_iter();
    let ours = ours.map(|found| format!("{} {}", found.name, found.target_id));
    assert_eq!(ours.collect::<Vec<_>>().join("\n"), theirs);
    let mut broken: Vec<String> = repo
        .broken_refs()
        .unwrap()
        .iter()
        .map(|broken| broken.name.to_string())
        .collect();
    broken.sort();
    assert_eq!(
        broken,
        [
            "refs/heads/desktop.ini",
            "refs/heads/empty",
            "refs/heads/long",
            "refs/heads/nuls",
            "refs/heads/side (conflicted copy)",
            "refs/heads/zero",
        ]
    );
    // git reads history from all refs beside these.
    let mut options = gitfleet::git::HistoryOptions::new();
    options.all_refs = true;
    assert!(repo.commits(&options).unwrap().all(|commit| commit.is_ok()));
}

#[test]
fn refs_are_complete_while_git_packs_them() {
    for refs in ["files", "reftable"] {
        let fixture = made(refs, "sha1");
        let at = |revision: &str| -> String {
            let id = git_text(fixture.path(), ["rev-parse", revision]);
            (0..100)
                .map(|n| format!("update refs/heads/b{n} {id}\n"))
                .collect()
        };
        let (first, second) = (at("HEAD"), at("HEAD~1"));
        let update = |input: &str| {
            let mut child = hermetic("git")
                .args(["update-ref", "--stdin"])
                .current_dir(fixture.path())
                .stdin(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            std::io::Write::write_all(&mut stdin, input.as_bytes()).unwrap();
            drop(stdin);
            assert!(child.wait().unwrap().success());
        };
        update(&first);
        let repo = fixture.open();
        let expected = repo.refs().unwrap().len();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..8 {
                    update(&second);
                    fixture.git(["pack-refs", "--all", "--prune"]);
                    update(&first);
                }
                stop.store(true, Ordering::Relaxed);
            });
            let mut reads = 0;
            while !stop.load(Ordering::Relaxed) || reads == 0 {
                assert_eq!(repo.refs().unwrap().len(), expected, "{refs}");
                assert!(repo.broken_refs().unwrap().is_empty());
                repo.rev_parse("b7").unwrap();
                repo.head().unwrap();
                reads += 1;
            }
        });
    }
}

#[test]
fn odd_spellings_of_head_are_read() {
    let fixture = made("files", "sha1");
    let head = fixture.path().join(".git/HEAD");
    let expected = fixture.open().head().unwrap();
    for text in [
        "ref: refs/heads/main  \n",
        "ref:refs/heads/main",
        "ref: \t refs/heads/main\r\n",
    ] {
        fs::write(&head, text).unwrap();
        assert_eq!(
            git_text(fixture.path(), ["symbolic-ref", "HEAD"]),
            "refs/heads/main"
        );
        assert_eq!(fixture.open().head().unwrap(), expected, "{text:?}");
    }
}

#[test]
fn head_of_a_branch_that_leads_nowhere_is_unborn() {
    for refs in ["files", "reftable"] {
        let fixture = made(refs, "sha1");
        fixture.git(["symbolic-ref", "HEAD", "refs/heads/dangling"]);
        let head = fixture.open().head().unwrap();
        let Head::Unborn { name } = &head else {
            panic!("{head:?}");
        };
        assert_eq!(name.to_string(), "refs/heads/dangling", "{refs}");
    }
}

#[test]
fn fetch_head_is_a_file_in_every_format() {
    for refs in ["files", "reftable"] {
        let fixture = made(refs, "sha1");
        // git writes one line for each branch.
        let script = "for n in $(seq 600); do echo create refs/heads/$0$n side; done \
            | git update-ref --stdin";
        let mut shell = hermetic("sh");
        shell.args(["-c", script, &"long-name".repeat(10)]);
        assert!(
            shell
                .current_dir(fixture.path())
                .status()
                .unwrap()
                .success()
        );
        fixture.git(["fetch", "-q", ".", "side", "refs/heads/*:refs/copies/*"]);
        let len = fs::metadata(fixture.path().join(".git/FETCH_HEAD"))
            .unwrap()
            .len();
        assert!(len > 64 << 10);
        let theirs = git_text(fixture.path(), ["rev-parse", "FETCH_HEAD"]);
        let ours = fixture.open().rev_parse("FETCH_HEAD").unwrap().to_string();
        assert_eq!(ours, theirs, "{refs}");
    }
}

#[test]
fn pipes_in_the_place_of_refs_are_errors() {
    for (refs, path) in [
        ("files", "packed-refs"),
        ("files", "logs/HEAD"),
        ("reftable", "reftable/tables.list"),
    ] {
        let fixture = made(refs, "sha1");
        let path = fixture.path().join(".git").join(path);
        let _ = fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let repo = Repo::open(fixture.path(), &gitfleet::git::OpenOptions::new());
        let error = repo
            .and_then(|repo| repo.rev_parse("HEAD@{1}"))
            .unwrap_err();
        let error = format!("{error} {:?}", std::error::Error::source(&error));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            error.contains(name) && error.contains("regular file"),
            "{error}"
        );
    }
}

#[test]
fn damaged_loose_copy_of_a_tip_does_not_hide_it() {
    let fixture = made("files", "sha1");
    let path = fixture.path();
    let count = |repo: &Repo| {
        let options = HistoryOptions::new().all_refs(true);
        repo.commits(&options).unwrap().map(Result::unwrap).count()
    };
    let whole = count(&open(path));
    let heads = git_text(path, ["for-each-ref", "--format=%(objectname)"]);
    let head = git_text(path, ["rev-parse", "HEAD"]);
    fixture.git(["repack", "-aq"]); // loose objects stay
    for id in heads.lines() {
        let file = path.join(".git/objects").join(&id[..2]).join(&id[2..]);
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
    }
    let repo = open(path);
    assert_eq!(count(&repo), whole);
    assert_eq!(
        git_text(path, ["rev-list", "--all", "HEAD", "--count"]).trim(),
        whole.to_string()
    );
    for name in ["HEAD", head.trim(), "@{0}"] {
        assert_eq!(repo.rev_parse(name).unwrap().to_string(), head.trim());
    }
    assert!(repo.head().is_ok());
}

#[test]
fn stale_multi_pack_index_is_not_trusted() {
    let fixture = Fixture::make("history", &[]);
    let packs = fixture.path().join(".git/objects/pack");
    fixture.git(["repack", "-qd"]);
    for n in 0..3 {
        fs::write(fixture.path().join("more"), format!("{n}\n")).unwrap();
        fixture.git(["add", "more"]);
        fixture.git(["commit", "-q", "-m", "more"]);
        fixture.git(["repack", "-qd"]);
    }
    fixture.git(["multi-pack-index", "write"]);
    let kept = fs::read(packs.join("multi-pack-index")).unwrap();
    fs::remove_file(packs.join("multi-pack-index")).unwrap();
    fixture.git(["repack", "-qad"]);
    fs::write(packs.join("multi-pack-index"), kept).unwrap();
    let repo = fixture.open();
    let theirs = git_text(fixture.path(), ["log", "--format=%H"]);
    let ids = repo.commits(&gitfleet::git::HistoryOptions::new()).unwrap();
    let ids: Vec<String> = ids.map(|commit| commit.unwrap().id.to_string()).collect();
    assert_eq!(ids.join("\n"), theirs);
    assert_eq!(ours(&repo), gits(fixture.path()));
    assert_eq!(
        repo.rev_parse("HEAD~2").unwrap().to_string(),
        git_text(fixture.path(), ["rev-parse", "HEAD~2"])
    );
}
