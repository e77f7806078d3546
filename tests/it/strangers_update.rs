//! Updates of clones that a stranger prepared: nothing outside of the named directory is written,
//! and no pipe is waited for.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::strangers::{fifo, origin_and_clone};
use crate::support::{Fixture, git_text, gitfleet, hermetic, run};

fn update(clone: &Path, args: &[&str]) -> (i32, String, String) {
    run(gitfleet().arg("update").arg(clone).args(args))
}

#[test]
fn logs_are_not_appended_to_through_links() {
    for name in [
        "logs/refs/remotes/origin/main",
        "logs/refs/heads/main",
        "logs/HEAD",
    ] {
        let root = tempfile::tempdir().unwrap();
        let (_origin, clone) = origin_and_clone(root.path(), false);
        let victim = root.path().join("victim");
        fs::write(&victim, "precious\n").unwrap();
        let log = clone.join(".git").join(name);
        let _ = fs::remove_file(&log);
        symlink(&victim, &log).unwrap();
        let (code, _, errors) = update(&clone, &[]);
        assert_eq!(code, 1, "{name}: {errors}");
        assert!(errors.contains("is a symbolic link"), "{name}: {errors}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
    }
}

/// Writes an index with one more entry, whose path git refuses to add.
fn index_with(clone: &Path, path: &str, content: &str) {
    let script = format!(
        r#"import hashlib, struct, subprocess
path = {path:?}.encode()
blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], input={content:?}.encode(), capture_output=True, check=True).stdout.strip().decode()
old = open(".git/index", "rb").read()
count = struct.unpack(">I", old[8:12])[0]
at = 12
entries = []
for _ in range(count):
    size = struct.unpack(">H", old[at + 60:at + 62])[0] & 0xfff
    end = at + (62 + size + 8) // 8 * 8
    entries.append((old[at + 62:at + 62 + size], old[at:end]))
    at = end
new = struct.pack(">10I", 0, 0, 0, 0, 0, 0, 0o100644, 0, 0, {size}) + bytes.fromhex(blob) + struct.pack(">H", len(path)) + path
new += bytes(8 - len(new) % 8)
entries.append((path, new))
body = b"DIRC" + struct.pack(">II", 2, count + 1) + b"".join(entry for _, entry in sorted(entries))
open(".git/index", "wb").write(body + hashlib.sha1(body).digest())
"#,
        size = content.len()
    );
    let mut python = hermetic("python3");
    let (code, _, errors) = run(python.args(["-c", &script]).current_dir(clone));
    assert_eq!(code, 0, "{errors}");
}

#[test]
fn paths_of_the_index_that_are_outside_remove_nothing() {
    let content = "precious\n";
    for overwrites in [false, true] {
        for at in ["../victim", "absolute", ".git/description"] {
            let root = tempfile::tempdir().unwrap();
            let (_origin, clone) = origin_and_clone(root.path(), false);
            let victim = match at {
                "absolute" => root.path().join("elsewhere"),
                at => clone.join(at),
            };
            fs::write(&victim, content).unwrap();
            let path = match at {
                "absolute" => victim.to_str().unwrap(),
                at => at,
            };
            index_with(&clone, path, content);
            let args: &[&str] = if overwrites {
                &["--files", "overwrite"]
            } else {
                &[]
            };
            let (code, _, errors) = update(&clone, args);
            assert_eq!(code, 1, "{at}: {errors}");
            assert!(errors.contains("invalid path"), "{at}: {errors}");
            assert_eq!(fs::read_to_string(&victim).unwrap(), content, "{at}");
            let mut blame = gitfleet();
            blame.args(["blame", "--working-tree", "--lines"]);
            let (_, out, _) = run(blame.current_dir(&clone));
            assert!(!out.contains("precious"), "{at}: {out}");
        }
    }
}

#[test]
fn a_working_tree_elsewhere_is_not_written_to() {
    let root = tempfile::tempdir().unwrap();
    let (origin, clone) = origin_and_clone(root.path(), false);
    let source = origin.path().to_str().unwrap();
    git_text(root.path(), ["clone", "-q", source, "victim"]);
    let victim = root.path().join("victim");
    fs::write(victim.join("later"), "local work\n").unwrap();
    git_text(
        &clone,
        ["config", "core.worktree", victim.to_str().unwrap()],
    );
    let (code, _, errors) = update(&clone, &["--files", "overwrite"]);
    assert_eq!(code, 1, "{errors}");
    assert!(
        errors.contains("whose working tree is elsewhere"),
        "{errors}"
    );
    assert_eq!(
        fs::read_to_string(victim.join("later")).unwrap(),
        "local work\n"
    );
    // The git directory of a submodule names its working tree.
    let (origin, clone) = origin_and_clone(&root.path().join("victim"), false);
    let (git_dir, parent) = (root.path().join("git"), clone.parent().unwrap());
    fs::rename(clone.join(".git"), &git_dir).unwrap();
    fs::write(
        clone.join(".git"),
        format!("gitdir: {}\n", git_dir.display()),
    )
    .unwrap();
    git_text(&clone, ["config", "core.worktree", clone.to_str().unwrap()]);
    let (code, _, errors) = update(&clone, &[]);
    assert_eq!(code, 0, "{errors}");
    let head = git_text(&clone, ["rev-parse", "HEAD"]);
    assert_eq!(head, git_text(origin.path(), ["rev-parse", "HEAD"]));
    assert_eq!(
        git_text(&clone, ["status", "--short"]),
        "",
        "{}",
        parent.display()
    );
}

#[test]
fn pipes_are_refused_wherever_an_update_reads() {
    for name in [
        "info/attributes",
        "refs/remotes/origin/main",
        "refs/tags/pipe",
        "logs/refs/remotes/origin/main",
        "worktrees/linked/HEAD",
        "attributes of the configuration",
    ] {
        let root = tempfile::tempdir().unwrap();
        let (_origin, clone) = origin_and_clone(root.path(), false);
        let mut pipe = clone.join(".git").join(name);
        if name.starts_with("worktrees") {
            git_text(&clone, ["worktree", "add", "-q", "--detach", "../linked"]);
        } else if name.contains(' ') {
            pipe = root.path().join("pipe");
            git_text(
                &clone,
                ["config", "core.attributesFile", pipe.to_str().unwrap()],
            );
        }
        let _ = fs::remove_file(&pipe);
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        fifo(&pipe);
        let mut update = Command::new("timeout");
        update
            .arg("20")
            .arg(gitfleet().get_program())
            .arg("update")
            .arg(&clone);
        let (code, _, errors) = run(&mut update);
        assert_eq!(code, 1, "{name}: {errors}");
        assert!(errors.contains("is not a regular file"), "{name}: {errors}");
    }
}

#[test]
fn directories_of_the_same_name_as_ours_are_not_removed() {
    let root = tempfile::tempdir().unwrap();
    let (_origin, clone) = origin_and_clone(root.path(), false);
    let theirs = clone.join(".gitfleet-files-theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("file"), "theirs\n").unwrap();
    let pack = clone.join(".git/objects/pack/.tmp-123-pack-theirs.pack");
    fs::write(&pack, "").unwrap();
    let left = ".gitfleet-files-0123456789abcdef";
    fs::create_dir(clone.join(left)).unwrap();
    let lock = clone.join(".git/gitfleet.lock");
    fs::write(lock, format!("an update is running\n{left}")).unwrap();
    let (code, _, errors) = update(&clone, &[]);
    assert_eq!(code, 0, "{errors}");
    assert!(theirs.join("file").exists() && pack.exists());
    assert!(!clone.join(left).exists());
}

#[test]
fn clones_are_not_made_through_links() {
    let root = tempfile::tempdir().unwrap();
    let origin = Fixture::make("history", &[]);
    let (clones, elsewhere) = (root.path().join("clones"), root.path().join("elsewhere"));
    fs::create_dir(&clones).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, clones.join("local")).unwrap();
    let mut clone = gitfleet();
    clone.arg("clone").arg(origin.path()).arg("-o").arg(&clones);
    let (code, _, errors) = run(&mut clone);
    assert_eq!(code, 1, "{errors}");
    assert!(errors.contains("is a symbolic link"), "{errors}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}
