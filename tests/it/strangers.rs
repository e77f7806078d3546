//! Repositories and datasets that a stranger prepared: with links, pipes and devices in the place of
//! files, with programs in their configuration, and with other owners.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Fixture, first_pack, git_text, gitfleet, hermetic, run, tree};

/// A repository, and a clone of it that has a commit less.
pub(crate) fn origin_and_clone(root: &Path, bare: bool) -> (Fixture, PathBuf) {
    let origin = Fixture::make("history", &[]);
    let clone = root.join("clone");
    let source = origin.path().to_str().unwrap();
    let mut args = vec!["clone", "-q", source, clone.to_str().unwrap()];
    if bare {
        args.insert(2, "--bare");
    }
    git_text(root, args);
    if bare {
        let heads = "+refs/heads/*:refs/heads/*";
        git_text(&clone, ["config", "remote.origin.fetch", heads]);
    }
    fs::write(origin.path().join("later"), "later\n").unwrap();
    origin.git(["add", "-A"]);
    origin.git(["commit", "-q", "-m", "new"]);
    (origin, clone)
}

pub(crate) fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Replaces a file by one that is made by `make`.
fn replace(path: &Path, make: impl FnOnce(&Path)) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    make(path);
}

#[test]
fn update_writes_nothing_through_links() {
    let names = [
        "gitfleet.lock",
        "objects",
        "objects/pack",
        "objects/ab",
        "refs/heads",
        "refs/remotes/origin",
        "refs/tags",
        "logs",
        "config",
    ];
    for (bare, name) in [false, true]
        .iter()
        .flat_map(|bare| names.map(|name| (*bare, name)))
    {
        let root = tempfile::tempdir().unwrap();
        let (_origin, clone) = origin_and_clone(root.path(), bare);
        let git_dir = if bare {
            clone.clone()
        } else {
            clone.join(".git")
        };
        let (place, outside) = (git_dir.join(name), root.path().join("outside"));
        if place.exists() {
            fs::rename(&place, &outside).unwrap();
        } else if place.extension().is_some() {
            fs::write(&outside, "alias x=y\n").unwrap();
        } else {
            fs::create_dir(&outside).unwrap();
        }
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        symlink(&outside, &place).unwrap();
        let before = if outside.is_dir() {
            tree(&outside)
        } else {
            vec![fs::read_to_string(&outside).unwrap().into()]
        };
        let (code, _, errors) = run(gitfleet().arg("update").arg(&clone));
        let after = if outside.is_dir() {
            tree(&outside)
        } else {
            vec![fs::read_to_string(&outside).unwrap().into()]
        };
        assert_eq!(after, before, "{name}, bare: {bare}");
        // The configuration is only written to when the default branch changes.
        if name != "config" {
            assert_eq!(code, 1, "{name}: {errors}");
            assert!(errors.contains("symbolic link"), "{name}: {errors}");
        }
    }
}

#[test]
fn dataset_is_written_and_emptied_within_its_directory() {
    let root = tempfile::tempdir().unwrap();
    let fixture = Fixture::make("history", &[]);
    let mine = |data: &Path| {
        run(gitfleet()
            .arg("mine")
            .arg(fixture.path())
            .arg("-o")
            .arg(data))
    };
    let outside = root.path().join("outside");
    fs::create_dir_all(outside.join("precious")).unwrap();
    fs::write(outside.join("precious/data"), "x").unwrap();
    fs::write(outside.join("precious.lock"), "").unwrap();
    let before = tree(&outside);
    for name in [".staging", "repos", "repos/local", ".staging/gate.lock"] {
        let data = root.path().join(name.replace('/', "-"));
        assert_eq!(mine(&data).0, 0);
        let place = data.join(name);
        if place.is_dir() {
            fs::remove_dir_all(&place).unwrap();
            symlink(&outside, &place).unwrap();
        } else {
            fs::remove_file(&place).unwrap();
            symlink(outside.join("made"), &place).unwrap();
        }
        let (code, _, errors) = mine(&data);
        assert_eq!(tree(&outside), before, "{name}");
        assert!(
            code == 1 && errors.contains("is a symbolic link"),
            "{name}: {errors}"
        );
    }
    // A link in the place of a file of the dataset itself is replaced or refused.
    let data = root.path().join("again");
    assert_eq!(mine(&data).0, 0);
    let target = outside.join("precious/data");
    for name in ["tables.json", ".staging/dataset.json"] {
        replace(&data.join(name), |path| symlink(&target, path).unwrap());
    }
    assert_eq!(mine(&data).0, 0);
    assert_eq!(fs::read_to_string(&target).unwrap(), "x");
}

#[test]
fn clone_copies_nothing_that_links_point_to() {
    let private = Fixture::make("history", &[]);
    private.git(["repack", "-adq"]);
    let tip = git_text(private.path(), ["rev-parse", "HEAD"]);
    let objects = private.path().join(".git/objects");
    let pack = first_pack(private.path());
    let whole: Box<dyn Fn(&Path)> = Box::new(|evil| {
        fs::remove_dir_all(evil).unwrap();
        symlink(&objects, evil).unwrap();
    });
    let directory: Box<dyn Fn(&Path)> = Box::new(|evil| {
        fs::remove_dir_all(evil.join("pack")).unwrap();
        symlink(objects.join("pack"), evil.join("pack")).unwrap();
    });
    let files: Box<dyn Fn(&Path)> = Box::new(|evil| {
        for extension in ["idx", "pack"] {
            let from = pack.with_extension(extension);
            symlink(&from, evil.join("pack").join(from.file_name().unwrap())).unwrap();
        }
    });
    for link in [whole, directory, files] {
        let evil = Fixture::empty();
        evil.git(["commit", "-q", "--allow-empty", "-m", "bait"]);
        link(&evil.path().join(".git/objects"));
        fs::write(evil.path().join(".git/refs/heads/main"), format!("{tip}\n")).unwrap();
        let into = tempfile::tempdir().unwrap();
        let mut clone = gitfleet();
        clone.args(["clone", "--bare"]).arg(evil.path());
        let (code, _, errors) = run(clone.arg("-o").arg(into.path()));
        assert!(code == 1 && errors.contains("symbolic link"), "{errors}");
        assert!(
            tree(into.path())
                .iter()
                .all(|path| path.extension().is_none())
        );
    }
}

#[test]
fn pipes_and_devices_fail_one_repository_at_once() {
    let good = Fixture::make("blame", &[]);
    for name in [
        "HEAD",
        "config",
        "index",
        "packed-refs",
        "shallow",
        "info/attributes",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/info/commit-graphs/commit-graph-chain",
        "objects/ab/cdefabcdefabcdefabcdefabcdefabcdefabcd",
        "objects/pack/pack-x.idx",
        "objects/pack/pack-x.pack",
        "objects/pack/multi-pack-index",
        "refs/heads/other",
    ] {
        for kind in ["pipe", "device"] {
            let bad = Fixture::make("history", &[]);
            replace(&bad.path().join(".git").join(name), |path| match kind {
                "pipe" => fifo(path),
                _ => symlink("/dev/zero", path).unwrap(),
            });
            let data = tempfile::tempdir().unwrap();
            let mut mine = Command::new("timeout");
            mine.arg("20").arg(env!("CARGO_BIN_EXE_gitfleet"));
            mine.arg("mine")
                .arg(bad.path())
                .arg(good.path())
                .arg("-o")
                .arg(data.path());
            let (code, _, errors) = run(mine.arg("--json"));
            assert!(matches!(code, 0 | 1), "{name}, {kind}: {code} {errors}");
            let done = tree(data.path())
                .iter()
                .filter(|path| path.ends_with("blame.parquet"))
                .count();
            assert_eq!(
                done,
                if code == 0 { 2 } else { 1 },
                "{name}, {kind}: {errors}"
            );
        }
    }
}

#[test]
fn huge_files_are_refused_by_name() {
    for name in ["HEAD", "config", "objects/info/alternates", "packed-refs"] {
        let bad = Fixture::make("history", &[]);
        let path = bad.path().join(".git").join(name);
        replace(&path, |path| {
            fs::File::create(path).unwrap().set_len(8 << 30).unwrap(); // a hole
        });
        let (code, _, errors) = run(gitfleet().arg("commits").arg(bad.path()));
        assert!(
            code != 0 && errors.contains("is larger than"),
            "{name}: {errors}"
        );
        assert!(errors.contains(name), "{errors}");
    }
}

#[test]
fn leftovers_that_are_pipes_are_left_alone() {
    let fixture = Fixture::make("history", &[]);
    let root = tempfile::tempdir().unwrap();
    let mut mine = gitfleet();
    mine.arg("mine")
        .arg(fixture.path())
        .arg("-o")
        .arg(root.path().join("data"));
    assert_eq!(run(&mut mine).0, 0);
    fifo(&root.path().join("data/.staging/x.lock"));
    assert_eq!(run(&mut mine).0, 0);
    let clones = root.path().join("clones");
    fs::create_dir(&clones).unwrap();
    fifo(&clones.join(".gitfleet-clone-x.lock"));
    let mut clone = gitfleet();
    clone
        .args(["clone", "--bare"])
        .arg(fixture.path())
        .arg("-o")
        .arg(&clones);
    assert_eq!(run(&mut clone).0, 0);
}

#[test]
fn programs_of_a_clone_are_not_run() {
    let root = tempfile::tempdir().unwrap();
    let ran = root.path().join("ran");
    for setting in [
        "filter.x.smudge",
        "filter.x.clean",
        "filter.x.process",
        "core.fsmonitor",
        "core.sshCommand",
        "core.gitProxy",
        "core.editor",
        "diff.x.textconv",
        "diff.x.command",
        "diff.external",
        "merge.x.driver",
        "gpg.program",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "remote.origin.uploadpack",
    ] {
        let place = tempfile::tempdir().unwrap();
        let (origin, clone) = origin_and_clone(place.path(), false);
        fs::write(
            origin.path().join(".gitattributes"),
            "* filter=x diff=x merge=x\n",
        )
        .unwrap();
        fs::write(origin.path().join("new"), "as it is\n").unwrap();
        origin.git(["add", "-A"]);
        origin.git(["commit", "-q", "-m", "attributes"]);
        let program = format!("touch {}; cat", ran.display());
        git_text(&clone, ["config", setting, &program]);
        git_text(&clone, ["config", "filter.x.required", "true"]);
        for hook in [
            "post-checkout",
            "reference-transaction",
            "post-merge",
            "pre-auto-gc",
        ] {
            let path = clone.join(".git/hooks").join(hook);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("#!/bin/sh\n{program}\n")).unwrap();
            assert!(
                Command::new("chmod")
                    .arg("+x")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let (code, _, errors) = run(gitfleet().arg("update").arg(&clone));
        assert_eq!(code, 0, "{setting}: {errors}");
        assert_eq!(fs::read_to_string(clone.join("new")).unwrap(), "as it is\n");
        fs::write(clone.join("new"), "changed\n").unwrap();
        for args in [
            &["blame", "--working-tree"][..],
            &["commits"],
            &["changes"],
            &["update"],
        ] {
            run(gitfleet().args(args).arg(&clone));
        }
        assert!(!ran.exists(), "{setting} was run");
    }
}

#[test]
fn every_directory_of_a_repository_has_to_be_ones_own() {
    let chown = |path: &Path| {
        let done = Command::new("chown")
            .args(["-R", "12345"])
            .arg(path)
            .output();
        done.is_ok_and(|output| output.status.success())
    };
    let probe = tempfile::tempdir().unwrap();
    if !chown(probe.path()) {
        eprintln!("skipped: chown needs root");
        return;
    }
    let refused = |path: &Path, args: &[&str]| {
        let (code, _, errors) = run(gitfleet().args(args).arg(path));
        assert!(
            code != 0 && errors.contains("another user"),
            "{args:?}: {code} {errors}"
        );
        let (_, _, errors) = run(gitfleet().args(args).arg(path).arg("--trust"));
        assert!(
            !errors.contains("another user"),
            "{args:?} --trust: {errors}"
        );
    };
    // The file `.git` of a stranger names a repository of ours.
    let root = tempfile::tempdir().unwrap();
    let (_origin, ours) = origin_and_clone(root.path(), false);
    let theirs = root.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    let text = format!("gitdir: {}/.git\n", ours.display());
    fs::write(theirs.join(".git"), text).unwrap();
    assert!(chown(&theirs));
    for args in [&["update"][..], &["commits"], &["blame"]] {
        refused(&theirs, args);
    }
    // Only the working tree, or only the git directory, is a stranger's.
    for foreign in ["", ".git"] {
        let fixture = Fixture::make("history", &[]);
        let path = fixture.path().join(foreign);
        let chowned = Command::new("chown").arg("12345").arg(&path).status();
        assert!(chowned.unwrap().success());
        refused(fixture.path(), &["commits"]);
    }
    // The shared directory of a linked working tree.
    let fixture = Fixture::make("history", &[]);
    let linked = root.path().join("linked");
    fixture.git(["worktree", "add", "-q", linked.to_str().unwrap(), "HEAD~1"]);
    assert!(chown(&fixture.path().join(".git")));
    refused(&linked, &["commits"]);
    // An alternate.
    let lender = Fixture::make("history", &[]);
    let borrower = root.path().join("borrower");
    let source = lender.path().to_str().unwrap();
    git_text(root.path(), ["clone", "-q", "--shared", source, "borrower"]);
    assert!(chown(lender.path()));
    refused(&borrower, &["commits"]);
    let says = hermetic("git")
        .arg("-C")
        .arg(&theirs)
        .arg("log")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&says.stderr).contains("dubious ownership"));
}

#[test]
fn updates_write_no_path_that_some_system_takes_for_git_s_directory() {
    let names = [
        ".GIT",
        ".git.",
        ".git ",
        ".git:x",
        ".git::$INDEX_ALLOCATION",
        "git~1",
        "GIT~1",
        ".g\u{200c}it",
        ".git\\x",
        ".Git .\\x",
        "git~1\\x",
    ];
    for name in names {
        let root = tempfile::tempdir().unwrap();
        let (origin, clone) = origin_and_clone(root.path(), false);
        fs::write(root.path().join("evil"), "evil\n").unwrap();
        let blob = git_text(
            origin.path(),
            ["hash-object", "-w", "../evil"]
                .map(|part| part.replace("..", root.path().to_str().unwrap())),
        );
        let tree = |mode: &str, id: &str, name: &str| {
            let mut make = hermetic("sh");
            make.args(["-c", "printf '%s\\0' \"$1\" | git mktree -z", "sh"]);
            let kind = if mode == "040000" { "tree" } else { "blob" };
            make.arg(format!("{mode} {kind} {id}\t{name}"));
            run(make.current_dir(origin.path())).1.trim().to_owned()
        };
        let top = tree("040000", &tree("100644", &blob, "evil"), name);
        let commit = git_text(
            origin.path(),
            ["commit-tree", "-m", "x", "-p", "HEAD", &top],
        );
        git_text(origin.path(), ["update-ref", "HEAD", &commit]);
        let (code, _, errors) = run(gitfleet().arg("update").arg(&clone));
        assert!(
            code == 1 && errors.contains("is invalid"),
            "{name}: {errors}"
        );
        let written = crate::support::tree(&clone);
        assert!(
            !written.iter().any(|path| path.ends_with("evil")),
            "{name}: {written:?}"
        );
    }
}
