//! Mining in child processes: what one repository does to its process harms no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Fixture, gitfleet, hermetic, run};

fn shell(at: &Path, script: &str) {
    let (code, _, errors) = run(hermetic("sh").args(["-c", script]).current_dir(at));
    assert_eq!(code, 0, "{errors}");
}

/// A repository whose history takes long to mine.
fn slow(at: &Path) -> PathBuf {
    let script = r#"git init -q --bare -b main slow.git
        python3 -c 'import random
for commit in range(1, 60):
    random.seed(commit)
    lines = "".join("%d\n" % random.randrange(40) for _ in range(20000))
    print("commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nm\nM 100644 inline f\ndata %d\n%s" % (commit, len(lines), lines))
' | git -C slow.git fast-import --quiet"#;
    shell(at, script);
    at.join("slow.git")
}

/// A repository with a file of this number of mebibytes, in two versions.
fn large(at: &Path, mebibytes: usize) -> PathBuf {
    let script = format!(
        r#"git init -q --bare -b main large.git
        python3 -c 'import sys
for commit in (1, 2):
    sys.stdout.write("commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nm\nM 100644 inline f\ndata %d\n" % (commit, ({mebibytes} << 20) + 2 * commit))
    for _ in range({mebibytes}): sys.stdout.write("abcdefg\n" * (1 << 17))
    sys.stdout.write("x\n" * commit + "\n")
' | git -C large.git -c fastimport.unpackLimit=0 fast-import --quiet"#
    );
    shell(at, &script);
    at.join("large.git")
}

fn outcomes(output: &str) -> Vec<serde_json::Value> {
    let lines = output.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn kinds(output: &str) -> Vec<String> {
    let kind = |outcome: &serde_json::Value| match outcome["error"]["kind"].as_str() {
        Some(kind) => kind.to_owned(),
        None => outcome["status"].as_str().unwrap_or_default().to_owned(),
    };
    outcomes(output).iter().map(kind).collect()
}

/// The children of a process.
fn children(process: &Child) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.id()));
    let lists = tasks.into_iter().flatten().flatten();
    let lists = lists.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_child_that_is_killed_is_one_failed_outcome() {
    for signal in ["KILL", "ABRT", "TERM"] {
        let root = tempfile::tempdir().unwrap();
        let (slow, healthy) = (slow(root.path()), Fixture::make("history", &[]));
        let mine = |args: &[&str]| {
            let mut mine = gitfleet();
            mine.args(["mine", "--json", "-j", "1", "-o"])
                .arg(root.path().join("data"));
            mine.arg(&slow).arg(healthy.path()).args(args);
            mine
        };
        let started = mine(&[]).stdout(Stdio::piped()).spawn().unwrap();
        let (mut killed, since) = (Vec::<String>::new(), Instant::now());
        while killed.len() < 2 && since.elapsed() < Duration::from_secs(60) {
            for child in children(&started) {
                let staged = fs::read_dir(root.path().join("data/.staging"));
                let works = staged.is_ok_and(|staged| staged.count() > 1);
                if works && !killed.contains(&child) {
                    shell(root.path(), &format!("kill -{signal} {child}"));
                    killed.push(child);
                }
            }
        }
        let output = started.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(kinds(&text), ["crashed", "done"], "{signal}: {text}");
        assert_eq!(output.status.code(), Some(1));
        let staging = root.path().join("data/.staging");
        assert_eq!(
            fs::read_dir(staging).unwrap().count(),
            1,
            "{signal}: leftovers"
        );
        // It is not tried again until it is asked for.
        let (code, text, _) = run(&mut mine(&[]));
        assert_eq!(kinds(&text), ["crashed", "unchanged"], "{text}");
        assert_eq!(code, 1);
        assert!(text.contains("--retry-failed"), "{text}");
    }
}

#[test]
fn a_repository_that_needs_too_much_memory_fails_alone() {
    let root = tempfile::tempdir().unwrap();
    let (large, healthy) = (large(root.path(), 200), Fixture::make("history", &[]));
    let mut mine = gitfleet();
    mine.args([
        "mine",
        "--json",
        "-j",
        "2",
        "--memory-per-repository",
        "150",
        "-o",
    ]);
    mine.arg(root.path().join("data"))
        .arg(&large)
        .arg(healthy.path());
    let (code, text, errors) = run(&mut mine);
    assert_eq!(kinds(&text), ["memory_limit", "done"], "{text} {errors}");
    assert_eq!(code, 1);
    let mut mine = gitfleet();
    mine.args([
        "mine",
        "--json",
        "--max-object",
        "100",
        "--tables",
        "commits,changes",
        "--memory-per-repository",
        "150",
        "-o",
    ]);
    mine.arg(root.path().join("other")).arg(&large);
    let (code, text, errors) = run(&mut mine);
    assert_eq!(kinds(&text), ["done"], "{text} {errors}");
    assert_eq!(code, 0);
    assert!(text.contains("no line counts"), "{text}");
}

#[test]
fn the_deadline_ends_a_repository_and_not_the_others() {
    let root = tempfile::tempdir().unwrap();
    let (slow, healthy) = (slow(root.path()), Fixture::make("history", &[]));
    let mut mine = gitfleet();
    mine.args(["mine", "--json", "-j", "1", "--deadline", "1", "-o"]);
    mine.arg(root.path().join("data"))
        .arg(&slow)
        .arg(healthy.path());
    let (code, text, errors) = run(&mut mine);
    assert_eq!(kinds(&text), ["time_limit", "done"], "{text} {errors}");
    assert_eq!(code, 1);
}

#[test]
fn children_end_with_the_command() {
    let root = tempfile::tempdir().unwrap();
    let slow = slow(root.path());
    let mut mine = gitfleet();
    mine.args(["mine", "-o"])
        .arg(root.path().join("data"))
        .arg(&slow);
    let mut started = mine.stdout(Stdio::null()).spawn().unwrap();
    let since = Instant::now();
    let mut found = Vec::new();
    while found.is_empty() && since.elapsed() < Duration::from_secs(30) {
        found = children(&started);
    }
    assert_eq!(found.len(), 1);
    started.kill().unwrap();
    started.wait().unwrap();
    let is_there = || Path::new("/proc").join(&found[0]).join("exe").exists();
    while is_there() && since.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!is_there());
}
