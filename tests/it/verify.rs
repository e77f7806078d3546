//! `verify` beside `git fsck`: whole repositories of every kind, damaged ones, and datasets.

use std::fs;
use std::path::{Path, PathBuf};

use gitfleet::git::{OpenOptions, Repo};

use crate::support::{Fixture, first_pack, git_text, gitfleet, hermetic, run};

pub(crate) fn problems(path: &Path) -> Vec<String> {
    let repo = Repo::open(path, &OpenOptions::new()).unwrap();
    repo.verify().unwrap().problems
}

fn fsck_fails(path: &Path) -> bool {
    let mut git = hermetic("git");
    git.arg("-C").arg(path);
    git.args(["fsck", "--no-dangling", "--no-reflogs"]);
    run(&mut git).0 != 0
}

/// A clone with one pack and a commit-graph, and one object of each kind in a file of its own.
pub(crate) fn clone(root: &Path) -> (Fixture, PathBuf) {
    let origin = Fixture::make("history", &[]);
    let path = root.join("clone");
    let source = format!("file://{}", origin.path().display());
    git_text(root, ["clone", "-q", &source, "clone"]);
    git_text(&path, ["repack", "-adq"]);
    fs::write(path.join("new"), "new\n").unwrap();
    git_text(&path, ["add", "-A"]);
    git_text(&path, ["commit", "-qm", "new"]);
    git_text(&path, ["commit-graph", "write", "--reachable"]);
    (origin, path)
}

pub(crate) fn object(clone: &Path, revision: &str) -> PathBuf {
    let id = git_text(clone, ["rev-parse", revision]);
    clone.join(".git/objects").join(&id[..2]).join(&id[2..])
}

/// Runs a script in a directory; returns its output.
pub(crate) fn shell(at: &Path, script: &str) -> String {
    let mut shell = hermetic("sh");
    shell.args(["-c", script]).current_dir(at);
    let (code, out, errors) = run(&mut shell);
    assert_eq!(code, 0, "{script}: {errors}");
    out.trim().to_owned()
}

/// Changes a byte in the middle of a file.
pub(crate) fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let _ = fs::remove_file(path); // git's are read-only
    fs::write(path, bytes).unwrap();
}

pub(crate) fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let _ = fs::remove_file(path);
    fs::write(path, &bytes[..bytes.len() - 7]).unwrap();
}

#[test]
fn whole_repositories_of_every_kind_have_no_problems() {
    for name in ["history", "blame"] {
        let fixture = Fixture::make(name, &[]);
        assert_eq!(problems(fixture.path()), [""; 0], "{name}");
    }
    let root = tempfile::tempdir().unwrap();
    let (origin, clone) = clone(root.path());
    assert_eq!(problems(&clone), [""; 0]);
    git_text(origin.path(), ["config", "uploadpack.allowFilter", "true"]);
    let source = format!("file://{}", origin.path().display());
    for (name, args) in [
        ("bare", &["--bare"][..]),
        ("mirror", &["--mirror"]),
        ("shallow", &["--depth", "1"]),
        ("without blobs", &["--bare", "--filter=blob:none"]),
        ("without trees", &["--bare", "--filter=tree:0"]),
        ("commits", &["--bare", "--filter=object:type=commit"]),
        ("combined", &["--bare", "--filter=combine:tree:0+blob:none"]),
        ("borrowing", &["--shared"]),
        ("reftable", &["--ref-format=reftable"]),
        ("empty", &[]),
        ("sha256", &["--object-format=sha256"]),
    ] {
        let path = root.path().join(name);
        let source = if name == "borrowing" {
            origin.path().to_str().unwrap()
        } else {
            &source
        };
        if ["empty", "sha256"].contains(&name) {
            git_text(root.path(), [&["init", "-q", name], args].concat());
        }
        if name == "sha256" {
            git_text(&path, ["commit", "-q", "--allow-empty", "-m", "first"]);
            git_text(&path, ["repack", "-adq"]);
        } else if name != "empty" {
            let args = [&["clone", "-q"], args, &[source, name]].concat();
            git_text(root.path(), args);
        }
        assert!(!fsck_fails(&path), "{name}");
        assert_eq!(problems(&path), [""; 0], "{name}");
    }
    git_text(&clone, ["config", "index.skipHash", "true"]);
    git_text(&clone, ["reset", "-q", "--hard"]);
    git_text(&clone, ["worktree", "add", "-q", "../linked"]);
    assert_eq!(problems(&clone), [""; 0], "an index without a checksum");
    assert_eq!(problems(&root.path().join("linked")), [""; 0], "linked");
}

#[test]
fn damages_that_fsck_finds_are_problems() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage, &str); 27] = [
        (
            "a byte of a pack",
            |at| flip(&first_pack(at)),
            "wrong checksum",
        ),
        (
            "the end of a pack",
            |at| cut(&first_pack(at)),
            "wrong checksum",
        ),
        (
            "a byte of a pack's index",
            |at| flip(&first_pack(at).with_extension("idx")),
            "wrong checksum",
        ),
        (
            "a pack",
            |at| fs::remove_file(first_pack(at)).unwrap(),
            "has no pack",
        ),
        (
            "a pack and its index",
            |at| {
                fs::remove_file(first_pack(at).with_extension("idx")).unwrap();
                fs::remove_file(first_pack(at)).unwrap();
            },
            "is missing",
        ),
        (
            "a blob",
            |at| fs::remove_file(object(at, "HEAD:new")).unwrap(),
            "is missing",
        ),
        (
            "a tree",
            |at| fs::remove_file(object(at, "HEAD^{tree}")).unwrap(),
            "is missing",
        ),
        (
            "a commit",
            |at| fs::remove_file(object(at, "HEAD")).unwrap(),
            "missing",
        ),
        (
            "a byte of a blob",
            |at| flip(&object(at, "HEAD:new")),
            "is damaged",
        ),
        (
            "the content of a blob",
            |at| {
                let (blob, tree) = (object(at, "HEAD:new"), object(at, "HEAD^{tree}"));
                fs::remove_file(&blob).unwrap();
                fs::copy(tree, blob).unwrap();
            },
            "has other content",
        ),
        (
            "a staged blob",
            |at| {
                fs::write(at.join("staged"), "staged\n").unwrap();
                git_text(at, ["add", "staged"]);
                fs::remove_file(object(at, ":staged")).unwrap();
            },
            "is missing",
        ),
        (
            "a byte of the commit-graph",
            |at| flip(&at.join(".git/objects/info/commit-graph")),
            "wrong checksum",
        ),
        (
            "a byte of the index",
            |at| flip(&at.join(".git/index")),
            "wrong checksum",
        ),
        (
            "a ref to a missing object",
            |at| {
                fs::write(
                    at.join(".git/refs/heads/lost"),
                    "1234567890123456789012345678901234567890\n",
                )
                .unwrap();
            },
            "refs/heads/lost points to 1234567890123456789012345678901234567890",
        ),
        (
            "an empty ref",
            |at| fs::write(at.join(".git/refs/heads/none"), "").unwrap(),
            "refs/heads/none is broken",
        ),
        (
            "a symbolic ref to itself",
            |at| {
                let name = "refs/heads/circle";
                git_text(at, ["symbolic-ref", name, name]);
            },
            "refs/heads/circle is a symbolic ref that leads to no object",
        ),
        (
            "a symbolic ref to a ref that is gone",
            |at| {
                let name = "refs/remotes/origin/HEAD";
                git_text(at, ["symbolic-ref", name, "refs/remotes/origin/gone"]);
            },
            "refs/remotes/origin/HEAD is a symbolic ref that leads to no object",
        ),
        (
            "a tag that cannot be parsed",
            |at| {
                let junk = shell(
                    at,
                    "echo junk | git hash-object --literally -w --stdin -t tag",
                );
                fs::write(at.join(".git/refs/tags/junk"), junk + "\n").unwrap();
            },
            "cannot be decoded",
        ),
        (
            "the end of a blob's file",
            |at| {
                let path = object(at, "HEAD:new");
                let bytes = fs::read(&path).unwrap();
                fs::remove_file(&path).unwrap();
                fs::write(path, &bytes[..bytes.len() - 3]).unwrap();
            },
            "is damaged",
        ),
        (
            "something after a blob",
            |at| {
                let path = object(at, "HEAD:new");
                let bytes = [&fs::read(&path).unwrap()[..], b"junk"].concat();
                fs::remove_file(&path).unwrap();
                fs::write(path, bytes).unwrap();
            },
            "is damaged",
        ),
        (
            "the shared part of the index",
            |at| {
                git_text(at, ["update-index", "--split-index"]);
                shell(at, "rm .git/sharedindex.*");
            },
            "index",
        ),
        (
            "the tree of a linked working tree",
            |at| {
                git_text(at, ["worktree", "add", "-q", "--detach", "../linked"]);
                let linked = at.parent().unwrap().join("linked");
                fs::write(linked.join("its-own"), "its own\n").unwrap();
                git_text(&linked, ["add", "-A"]);
                git_text(&linked, ["commit", "-qm", "other"]);
                let tree = git_text(&linked, ["rev-parse", "HEAD^{tree}"]);
                fs::remove_file(object(at, &tree)).unwrap();
            },
            "is missing",
        ),
        (
            "the index of a linked working tree",
            |at| {
                git_text(at, ["worktree", "add", "-q", "--detach", "../linked"]);
                flip(&at.join(".git/worktrees/linked/index"));
            },
            "checksum",
        ),
        (
            "a tree in the place of a blob",
            |at| {
                let script = "t=$(git rev-parse HEAD^{tree}); t=$(printf '100644 blob %s\\tx\\n' $t | git mktree --missing 2>&1) || t=$(python3 -c \"import sys; sys.stdout.buffer.write(b'100644 x\\0'+bytes.fromhex('$(git rev-parse HEAD^{tree})'))\" | git hash-object --literally -w --stdin -t tree); git update-ref refs/heads/odd $(git commit-tree -m odd $t)";
                shell(at, script);
            },
            "expected a blob",
        ),
        (
            "a tag of another type",
            |at| {
                let script = "b=$(git rev-parse HEAD:new); printf 'object %s\\ntype commit\\ntag t\\ntagger A <a@b> 0 +0000\\n\\nx\\n' $b | git hash-object --literally -w --stdin -t tag > .git/refs/tags/odd";
                shell(at, script);
            },
            "expected a commit",
        ),
        (
            "a branch of a blob",
            |at| {
                let blob = git_text(at, ["rev-parse", "HEAD:new"]);
                fs::write(at.join(".git/refs/heads/blob"), blob + "\n").unwrap();
            },
            "which is a blob",
        ),
        (
            "a commit that is replaced",
            |at| {
                git_text(at, ["commit", "-q", "--allow-empty", "-m", "last"]);
                git_text(at, ["replace", "HEAD~1", "HEAD~2"]);
                let lost = shell(at, "GIT_NO_REPLACE_OBJECTS=1 git rev-parse HEAD~1");
                fs::remove_file(object(at, &lost)).unwrap();
            },
            "is missing",
        ),
    ];
    for (name, damage, expected) in damages {
        let root = tempfile::tempdir().unwrap();
        let (_origin, path) = clone(root.path());
        damage(&path);
        assert!(fsck_fails(&path), "{name}");
        let found = match Repo::open(&path, &OpenOptions::new()) {
            Ok(repo) => repo.verify().unwrap().problems,
            Err(error) => panic!("{name}: {}", error.report()),
        };
        let has_it = found.iter().any(|problem| problem.contains(expected));
        assert!(has_it, "{name}: {found:?}");
    }
}

#[test]
fn commits_that_only_the_commit_graph_lists_are_missing() {
    let root = tempfile::tempdir().unwrap();
    let (_origin, path) = clone(root.path());
    git_text(&path, ["commit", "-q", "--allow-empty", "-m", "last"]);
    git_text(&path, ["commit-graph", "write", "--reachable"]);
    let lost = git_text(&path, ["rev-parse", "HEAD~1"]);
    fs::remove_file(object(&path, "HEAD~1")).unwrap();
    assert_eq!(problems(&path), [format!("object {lost} is missing")]);
}

#[test]
fn a_partial_clone_lacks_only_what_its_remote_has_promised() {
    let root = tempfile::tempdir().unwrap();
    let origin = Fixture::make("history", &[]);
    git_text(origin.path(), ["config", "uploadpack.allowFilter", "true"]);
    let source = format!("file://{}", origin.path().display());
    git_text(
        root.path(),
        ["clone", "-q", "--filter=blob:none", &source, "clone"],
    );
    let path = root.path().join("clone");
    git_text(&path, ["config", "maintenance.auto", "false"]);
    git_text(&path, ["fetch", "-q", "--filter=tree:0", "--refetch"]);
    fs::write(path.join("new"), "of this clone alone\n").unwrap();
    git_text(&path, ["add", "-A"]);
    git_text(&path, ["commit", "-qm", "new"]);
    assert_eq!(problems(&path), [""; 0]);
    let lost = git_text(&path, ["rev-parse", "HEAD:new"]);
    fs::remove_file(object(&path, "HEAD:new")).unwrap();
    assert_eq!(problems(&path), [format!("object {lost} is missing")]);
}

#[test]
fn a_tree_of_many_paths_is_looked_at_once() {
    let fixture = Fixture::empty();
    let script = "b=$(echo x | git hash-object -w --stdin); t=$(printf '100644 blob %s\\tf\\n' $b | git mktree); for level in 1 2 3 4 5 6 7 8 9 10 11 12; do t=$(for n in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\\t%s\\n' $t $n; done | git mktree); done; git update-ref HEAD $(git commit-tree -m bomb $t)";
    shell(fixture.path(), script);
    assert_eq!(problems(fixture.path()), [""; 0]); // 10^12 paths
}

#[test]
fn a_tag_that_cannot_be_parsed_stops_no_command() {
    let fixture = Fixture::make("history", &[]);
    let junk = shell(
        fixture.path(),
        "echo junk | git hash-object --literally -w --stdin -t tag",
    );
    fs::write(fixture.path().join(".git/refs/tags/junk"), junk + "\n").unwrap();
    let root = tempfile::tempdir().unwrap();
    for args in [
        &["clone", "-o", "clones"][..],
        &["mine", "-o", "data"],
        &["commits", "--all"],
    ] {
        let mut command = gitfleet();
        command
            .args(args)
            .arg(fixture.path())
            .current_dir(root.path());
        let (code, _, errors) = run(&mut command);
        assert!(
            code < 2 && !errors.contains("panicked"),
            "{args:?}: {code} {errors}"
        );
    }
}
