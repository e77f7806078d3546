//! The command as users run it: output, exit codes, and the errors for invalid input.

use std::path::Path;

use crate::support::{Fixture, gitfleet, run};

#[test]
fn help_and_version_succeed() {
    let (code, out, _) = run(gitfleet().arg("--help"));
    assert!(code == 0 && out.contains("Usage: gitfleet"), "{out}");
    for command in ["mine", "commits", "changes", "blame", "clone"] {
        let (code, out, _) = run(gitfleet().args([command, "--help"]));
        assert!(
            code == 0 && out.contains(&format!("Usage: gitfleet {command}")),
            "{out}"
        );
    }
    assert_eq!(run(gitfleet().arg("--version")).0, 0);
    assert_eq!(run(&mut gitfleet()).0, 2);
    assert_eq!(
        run(gitfleet().args(["commits", ".", "--no-such-option"])).0,
        2
    );
}

#[test]
fn help_equals_the_help_in_the_documentation() {
    let mut text = String::new();
    for command in [
        None,
        Some("mine"),
        Some("commits"),
        Some("changes"),
        Some("blame"),
        Some("clone"),
        Some("update"),
        Some("repos"),
    ] {
        let (_, out, _) = run(gitfleet().args(command).arg("--help").env("COLUMNS", "100"));
        let name = command.map_or_else(String::new, |command| format!(" {command}"));
        text.push_str(&format!("$ gitfleet{name} --help\n{out}\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.txt");
    if std::env::var_os("GITFLEET_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == text,
        "docs/cli.txt is out of date; GITFLEET_UPDATE_DOCS=1 make test-rust rewrites it"
    );
}

#[test]
fn table_shows_control_characters_as_escapes() {
    let fixture = Fixture::empty();
    let message = "red \u{1b}[31m turned \u{202e}txt.exe";
    fixture.git(["commit", "-q", "--allow-empty", "-m", message]);
    let path = fixture.path().to_str().unwrap();
    let (_, table, _) = run(gitfleet().args(["commits", path, "--format", "table"]));
    assert!(
        table.contains(r"red \u{1b}[31m turned \u{202e}txt.exe"),
        "{table}"
    );
}

#[test]
fn rows_are_written_in_every_format_and_to_files() {
    let fixture = Fixture::make("history", &[]);
    let path = fixture.path().to_str().unwrap();
    let (code, csv, _) = run(gitfleet().args([
        "commits",
        path,
        "-n",
        "2",
        "--columns",
        "summary,additions,deletions",
    ]));
    assert_eq!(code, 0);
    assert_eq!(
        csv,
        "\"summary\",\"additions\",\"deletions\"\nchanges under attributes,0,0\n\"attributes: text as binary, binary as text\",5,2\n"
    );
    let (_, table, _) = run(gitfleet().args(["commits", path, "-n", "1", "--format", "table"]));
    assert!(
        table.starts_with("commit_id") && table.contains("changes under attributes"),
        "{table}"
    );
    let (_, json, _) = run(gitfleet().args(["changes", path, "-n", "1", "--format", "jsonl"]));
    let row: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&row["path"], &row["is_binary"]),
        (&"text.dat".into(), &true.into())
    );
    let dir = tempfile::tempdir().unwrap();
    for (name, start) in [
        ("x.parquet", b"PAR1".as_slice()),
        ("x.arrow", b"\xff\xff\xff\xff"),
        ("x.csv", b"\"repo\","),
        ("x.jsonl", b"{\"repo\""),
    ] {
        let file = dir.path().join(name);
        let (code, out, err) = run(gitfleet().args(["blame", path, "-o"]).arg(&file));
        assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""), "{name}");
        assert!(std::fs::read(&file).unwrap().starts_with(start), "{name}");
    }
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        4,
        "no temporary file is left"
    );
}

#[test]
fn blame_takes_paths_and_shows_lines() {
    let fixture = Fixture::make("blame", &[]);
    let path = fixture.path().to_str().unwrap();
    let (code, out, _) = run(gitfleet().args([
        "blame",
        path,
        "unfinished",
        "--lines",
        "--columns",
        "start_line,content",
    ]));
    assert_eq!(
        (code, out.as_str()),
        (0, "\"start_line\",\"content\"\n1,\"x\r\"\n2,y\n")
    );
    let (code, out, err) =
        run(gitfleet().args(["blame", path, "unfinished", "absent", "--columns", "path"]));
    assert_eq!((code, out.lines().count()), (1, 3));
    assert_eq!(err, "error: no such path in HEAD: absent\n");
}

#[test]
fn invalid_input_is_named_in_one_line() {
    let fixture = Fixture::make("history", &[]);
    let empty = Fixture::empty();
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().to_str().unwrap();
    let absent = dir.path().join("absent");
    let (repo, absent) = (fixture.path().to_str().unwrap(), absent.to_str().unwrap());
    let unborn = Fixture::make("sha256", &[]);
    unborn.git(["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
    let unborn = unborn.path().to_str().unwrap();
    std::fs::write(dir.path().join("file"), "x").unwrap();
    let file = dir.path().join("file");
    let file = file.to_str().unwrap();
    let no_dir = format!("{plain}/missing/out.csv");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["commits", absent], 1, absent),
        (&["commits", plain], 1, "not a git repository"),
        (&["commits", file], 1, "is a file"),
        (&["commits", repo, "--rev", "nonsense"], 1, "nonsense"),
        (&["blame", repo, "--rev", "nonsense"], 1, "nonsense"),
        (&["commits", unborn], 1, "refs/heads/nowhere"),
        (&["blame", unborn], 1, "refs/heads/nowhere"),
        (&["mine", unborn, "-o", absent], 1, "refs/heads/nowhere"),
        (&["commits", repo, "--since", "gibberish"], 2, "gibberish"),
        (&["commits", repo, "--columns", "nope"], 2, "nope"),
        (&["commits", repo, "-o", &no_dir], 1, "missing"),
        (&["commits", repo, "-o", plain], 1, plain),
        (&["blame", repo, "../outside"], 2, "../outside"),
        (&["mine", repo, "-o", plain], 1, plain),
        (&["mine", "ftp://h/x", "-o", absent], 1, "ftp"),
        (
            &["clone", "-oProxyCommand=x", "--", "-oProxyCommand=x"],
            2,
            "option",
        ),
    ];
    for (args, code, says) in cases {
        let (got, _, err) = run(gitfleet().args(*args));
        assert_eq!(got, *code, "{args:?}: {err}");
        let errors: Vec<_> = err
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert!(
            errors.len() == 1 && errors[0].contains(says),
            "{args:?}: {err}"
        );
    }
    let (code, out, err) = run(gitfleet().args(["commits", empty.path().to_str().unwrap()]));
    assert_eq!(
        (code, out.lines().count(), err.as_str()),
        (0, 1, ""),
        "an empty repository has a header and no error"
    );
    let data = dir.path().join("data");
    let (code, _, err) = run(gitfleet()
        .args(["mine", empty.path().to_str().unwrap(), "-o"])
        .arg(&data));
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn closed_pipe_is_not_an_error() {
    let fixture = Fixture::make("history", &[]);
    let mut child = gitfleet()
        .args(["commits", fixture.path().to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), b"".as_slice())
    );
}

#[test]
fn targets_are_read_from_files_and_standard_input() {
    use std::io::Write;
    let (first, second) = (Fixture::make("sha256", &[]), Fixture::make("blame", &[]));
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("list");
    std::fs::write(
        &list,
        format!("# a comment\n\n{}\n", first.path().display()),
    )
    .unwrap();
    let data = dir.path().join("data");
    let mut child = gitfleet()
        .args(["mine", "-", "--json", "--tables", "commits", "--from"])
        .arg(&list)
        .arg("-o")
        .arg(&data)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", second.path().display()).unwrap();
    let output = child.wait_with_output().unwrap();
    let rows: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter()
            .all(|row| row["status"] == "done" && row["rows"]["commits"].as_u64() > Some(0))
    );
}

#[cfg(unix)]
#[test]
fn output_writes_to_devices_and_follows_links() {
    let fixture = Fixture::make("sha256", &[]);
    let repo = fixture.path().to_str().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (file, link) = (dir.path().join("file.csv"), dir.path().join("link.csv"));
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(
        run(gitfleet().args(["commits", repo, "-o"]).arg(&link)).0,
        0
    );
    assert!(
        link.is_symlink()
            && std::fs::read_to_string(&file)
                .unwrap()
                .starts_with("\"repo\",")
    );
    let pipe = dir.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(
        run(gitfleet().args(["commits", repo, "-o"]).arg(&pipe)).0,
        0
    );
    assert!(reader.join().unwrap().starts_with("\"repo\","));
}

#[test]
fn jobs_of_zero_are_refused() {
    for args in [
        &["clone", "--jobs", "0", "x", "-o", "absent"][..],
        &["mine", "--jobs-per-host", "0", "x", "-o", "absent"],
        &["update", "--jobs", "zero", "x"],
    ] {
        let (code, _, said) = run(gitfleet().args(args));
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("1 or more"), "{said}");
    }
}
