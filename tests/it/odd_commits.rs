//! Commits that git does not normally create. GitFleet must show them as git does.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use gitfleet::git::HistoryOptions;

use crate::support::{Fixture, git, hermetic};

/// Headers after the tree and the parent, and the message.
const COMMITS: &[(&str, &[u8])] = &[
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 2 -0130\n",
        b"plain\n",
    ),
    (
        "author A <a@b> -12 +0000\ncommitter C <c@d> -5 +0000\n",
        b"before 1970\n",
    ),
    ("author A <a@b> 12\ncommitter C <c@d> 13\n", b"no offset\n"),
    (
        "author A a@b 12 +0000\ncommitter C <c@d 13 +0000\n",
        b"no brackets\n",
    ),
    (
        "author  <> 5 +0000\ncommitter <c@d> 5 +0000\n",
        b"no names\n",
    ),
    (
        "author A <a <b@c>> 7 +0000\ncommitter C <<c@d>> 8 +0000\n",
        b"brackets in brackets\n",
    ),
    (
        "author A <a@b> x +0000\ncommitter C <c@d> 99999999999999999999 +0000\n",
        b"no dates\n",
    ),
    (
        "author A <a@b> 4102444800 +9999\ncommitter C <c@d> 253402300800 -9999\n",
        b"far away\n",
    ),
    (
        "author \x20 Spaced  < a@b > 1 +0000\ncommitter \u{a0}C\u{a0} <c@d> 1 +0000\n",
        b"spaces\n",
    ),
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n",
        b"\n\n  \n subject \x0c\n second\t\n\nbody\n\n",
    ),
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n",
        b"ends at\0a NUL\n",
    ),
    ("author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n", b""),
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n",
        b"\xc2\xa0\n\nonly a wide space\n",
    ),
    (
        "author \u{e9} <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\n",
        b"\xe9 not UTF-8\n",
    ),
    (
        "committer C <c@d> 3 +0000\nauthor A <a@b> 1 +0000\n",
        b"the other way round\n",
    ),
    (
        "author A <a@b> 1 +0000\nauthor B <b@b> 2 +0000\ncommitter C <c@d> 1 +0000\n",
        b"two authors\n",
    ),
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\ngpgsig -----BEGIN\n x\n encoding latin1\n -----END\n",
        b"signed \xe9\n",
    ),
    (
        "author A <a@b> 1 +0000\ncommitter C <c@d> 1 +0000\nencoding nonsense\n",
        b"\xe9 in no encoding\n",
    ),
];

/// Bytes of the author's name and of the message, and the commit's encoding.
const ENCODED: &[(&[u8], &str)] = &[
    (b"\xe9\x80", "ISO-8859-1"),
    (b"\xe9\x80", "windows-1252"),
    (b"\xcf\xf0\xe8\xe2\xe5\xf2", "CP1251"),
    (b"\xf0\xd2\xc9", "KOI8-R"),
    (b"\x93\xfa\x96\x7b", "SHIFT_JIS"),
    (b"\xa4\xcb\xa4\xdb", "EUC-JP"),
    (b"\xc4\xe3\xba\xc3", "GB18030"),
    (b"\xe9", "UTF-8"),
];

fn write(path: &Path, bytes: &[u8]) -> String {
    let mut git = hermetic("git")
        .arg("-C")
        .arg(path)
        .args([
            "hash-object",
            "-t",
            "commit",
            "-w",
            "--literally",
            "--stdin",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = git.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn odd_commits_equal_what_git_shows() {
    let fixture = Fixture::empty();
    let path = fixture.path();
    let tree = String::from_utf8(git(path, ["mktree"])).unwrap();
    let mut objects: Vec<Vec<u8>> = COMMITS
        .iter()
        .map(|(headers, message)| [headers.as_bytes(), b"\n", message].concat())
        .collect();
    objects.extend(ENCODED.iter().map(|(bytes, encoding)| {
        let encoding = format!("\nencoding {encoding}\n\n");
        [
            b"author ",
            *bytes,
            b" <a@b> 1 +0000\ncommitter C <c@d> 1 +0000",
            encoding.as_bytes(),
            bytes,
            b"\n",
        ]
        .concat()
    }));
    let ids: Vec<String> = objects
        .iter()
        .map(|rest| {
            write(
                path,
                &[format!("tree {}\n", tree.trim()).as_bytes(), rest].concat(),
            )
        })
        .collect();
    let repo = fixture.open();
    for (id, object) in ids.iter().zip(&objects) {
        let options = HistoryOptions::new().rev(vec![id.clone()]);
        let mut found = repo.commits(&options).unwrap();
        let commit = found.next().unwrap().unwrap();
        let shown = |format: &str| {
            let format = format!("--format=tformat:{format}%x01");
            let mut shown = git(path, ["log", "-1", &format, id]);
            assert_eq!(shown.split_off(shown.len() - 2), b"\x01\n");
            shown
        };
        let text = String::from_utf8_lossy(object);
        assert_eq!(commit.author.name, shown("%an"), "{text}");
        assert_eq!(commit.author.email, shown("%ae"), "{text}");
        assert_eq!(commit.committer.name, shown("%cn"), "{text}");
        assert_eq!(commit.committer.email, shown("%ce"), "{text}");
        assert_eq!(commit.summary, shown("%s"), "{text}");
        assert_eq!(commit.message, shown("%B"), "{text}");
        for (time, format) in [(commit.author.time, "%at"), (commit.committer.time, "%ct")] {
            // For a time that it cannot parse, git prints the text unchanged, but calculates with
            // 0.
            let shown = String::from_utf8(shown(format)).unwrap();
            assert_eq!(time.seconds, shown.parse().unwrap_or(0), "{text}");
        }
    }
}
