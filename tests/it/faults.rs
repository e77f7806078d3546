//! Kills, full disks and directories that cannot be read.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Fixture, gitfleet, run, tree};

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}

/// A repository whose mining takes a while.
fn large() -> Fixture {
    let fixture = Fixture::make("history", &[]);
    let script = "i=0; while [ $i -lt 400 ]; do seq $i $((i + 3000)) > f$((i % 20)); git add -A; git commit -q -m $i; i=$((i + 1)); done";
    let done = crate::support::hermetic("sh")
        .arg("-c")
        .arg(script)
        .current_dir(fixture.path())
        .status()
        .unwrap();
    assert!(done.success());
    fixture
}

/// Directories of finished repositories: all that have their final names.
fn finished(data: &Path) -> Vec<std::path::PathBuf> {
    let repos = data.join("repos");
    if !repos.is_dir() {
        return Vec::new();
    }
    tree(&repos)
        .into_iter()
        .filter(|path| path.components().count() == 3)
        .map(|path| repos.join(path))
        .collect()
}

#[test]
fn mine_completes_after_a_kill_at_any_moment() {
    let (large, small) = (large(), Fixture::make("blame", &[]));
    let dir = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let full = dir.path().join("full");
    let args = |data: &Path| {
        let mut command = gitfleet();
        command
            .args(["mine", "-q"])
            .arg(small.path())
            .arg(large.path())
            .arg("-o")
            .arg(data);
        command
    };
    assert_eq!(run(&mut args(&full)).0, 0);
    let whole_run = started.elapsed();
    let expected = finished(&full).len();
    for part in 1..=8 {
        let data = dir.path().join(format!("data{part}"));
        let mut child = args(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole_run * part / 9);
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        for directory in finished(&data) {
            for file in ["commits.parquet", "changes.parquet", "blame.parquet"] {
                let bytes = fs::read(directory.join(file)).unwrap();
                assert!(
                    bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"),
                    "{} after {part}/9",
                    directory.display()
                );
            }
            let outcome = fs::read(directory.join("outcome.json")).unwrap();
            assert!(serde_json::from_slice::<serde_json::Value>(&outcome).is_ok());
        }
        let (code, _, err) = run(&mut args(&data));
        assert_eq!((code, err.as_str()), (0, ""), "after {part}/9");
        assert_eq!(finished(&data).len(), expected);
        let staging: Vec<_> = fs::read_dir(data.join(".staging"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(staging, ["gate.lock"], "leftovers after {part}/9");
    }
}

#[test]
fn ctrl_c_exits_with_130_and_leaves_no_partial_result() {
    let large = large();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let child = gitfleet()
        .args(["mine", "-q"])
        .arg(large.path())
        .arg("-o")
        .arg(&data)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !data.join(".staging").is_dir() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(finished(&data), Vec::<std::path::PathBuf>::new());
    let staging: Vec<_> = fs::read_dir(data.join(".staging"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        staging.is_empty() || staging == ["gate.lock"],
        "{staging:?}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_reported_in_one_line() {
    let fixture = large();
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: mounting a small tmpfs needs root");
        return;
    }
    let data = disk.join("data");
    let (code, _, err) = run(gitfleet()
        .args(["mine", "-q"])
        .arg(fixture.path())
        .arg("-o")
        .arg(&data));
    let left = finished(&data);
    let whole = left
        .iter()
        .filter(|path| path.join("commits.parquet").exists())
        .count();
    let (file_code, _, file_err) = run(gitfleet()
        .args(["blame", "--lines"])
        .arg(fixture.path())
        .arg("-o")
        .arg(disk.join("x.csv")));
    let has_file = disk.join("x.csv").exists();
    assert!(
        Command::new("umount")
            .arg(&disk)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        (code, file_code, whole, has_file),
        (1, 1, 0, false),
        "{err}{file_err}"
    );
    for text in [&err, &file_err] {
        let errors: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert!(
            errors.len() == 1
                && errors[0].contains("No space left")
                && errors[0].contains(disk.to_str().unwrap()),
            "{text}"
        );
    }
}

#[cfg(unix)]
#[test]
fn unreadable_directory_is_named() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let dir = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = gitfleet();
    if is_root() {
        // Root may read everything, so another user runs the command, from a copy that every user
        // may execute.
        let copy = dir.path().join("gitfleet");
        fs::copy(env!("CARGO_BIN_EXE_gitfleet"), &copy).unwrap();
        command = Command::new(copy);
        command.uid(65534).gid(65534);
    }
    let (code, _, err) = run(command.arg("commits").arg(&closed).current_dir("/"));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(
        code == 1
            && err.lines().count() == 1
            && err.contains(closed.to_str().unwrap())
            && err.contains("denied"),
        "{code} {err}"
    );
}

#[test]
fn mine_by_several_processes_at_once_loses_nothing() {
    let fixture = Fixture::make("sha256", &[]);
    let dir = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let data = dir.path().join(format!("data{round}"));
        let start = || {
            gitfleet()
                .args(["mine", "-q"])
                .arg(fixture.path())
                .arg("-o")
                .arg(&data)
                .spawn()
                .unwrap()
        };
        let mut running = [start(), start(), start()];
        for child in &mut running {
            assert_eq!(child.wait().unwrap().code(), Some(0), "round {round}");
        }
        assert!(
            finished(&data)
                .iter()
                .all(|directory| directory.join("blame.parquet").is_file())
        );
        assert_eq!(finished(&data).len(), 1);
    }
}
