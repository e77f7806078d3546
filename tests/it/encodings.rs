//! Text of commits that name an encoding, beside git: every byte and every pair of bytes.

use std::io::Write;
use std::process::{Command, Stdio};

use gitfleet::git::HistoryOptions;

use crate::support::{Fixture, hermetic};

fn piped(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Makes one commit per message, all with the header `encoding`, and compares them with git.
fn compare(encoding: &str, messages: &[Vec<u8>]) {
    let fixture = Fixture::empty();
    let mut stream = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let head = format!(
            "commit refs/heads/main\ncommitter C <c@d> {} +0000\nencoding {encoding}\ndata {}\n",
            1_700_000_000 + number,
            message.len()
        );
        stream.extend_from_slice(head.as_bytes());
        stream.extend_from_slice(message);
        stream.push(b'\n');
    }
    let dir = fixture.path();
    piped(
        hermetic("git")
            .args(["fast-import", "--quiet"])
            .current_dir(dir),
        &stream,
    );
    let log = ["log", "-z", "--encoding=UTF-8", "--format=%B", "main"];
    let theirs = piped(hermetic("git").args(log).current_dir(dir), b"");
    let theirs: Vec<&[u8]> = theirs
        .strip_suffix(b"\0")
        .unwrap_or(&theirs)
        .split(|b| *b == 0)
        .collect();
    let commits = fixture.open().commits(&HistoryOptions::new()).unwrap();
    let ours: Vec<Vec<u8>> = commits
        .map(|commit| commit.unwrap().message.to_vec())
        .collect();
    assert_eq!(ours.len(), messages.len(), "{encoding}");
    assert_eq!(theirs.len(), messages.len(), "{encoding}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        let (ours, theirs) = (ours.trim_ascii_end(), theirs.trim_ascii_end());
        assert_eq!(
            ours,
            theirs,
            "{encoding}: {}",
            String::from_utf8_lossy(theirs)
        );
    }
}

/// A message that contains a sequence of bytes. It ends with a line feed, because git loses a last
/// letter that iconv could still combine with an accent.
fn message(sequence: &[u8]) -> Vec<u8> {
    [b"x ", sequence, b" y\n"].concat()
}

fn is_text(sequence: &[u8]) -> bool {
    // git cuts a message at a NUL, and lines and spaces around it are its own matter.
    !sequence
        .iter()
        .any(|byte| matches!(byte, 0 | b'\n' | b'\r'))
}

#[test]
fn every_byte_of_every_encoding_is_read_as_git_reads_it() {
    for encoding in gitfleet::git::encodings() {
        let bytes = (0..=u8::MAX)
            .map(|byte| [byte])
            .filter(|byte| is_text(byte));
        let messages: Vec<_> = bytes.map(|byte| message(&byte)).collect();
        compare(encoding, &messages);
    }
}

/// All pairs take minutes; `GITFLEET_ALL_PAIRS=1` compares them, and otherwise one of 41.
#[test]
fn pairs_of_bytes_are_read_as_git_reads_them() {
    let step = if std::env::var_os("GITFLEET_ALL_PAIRS").is_some() {
        1
    } else {
        41
    };
    for encoding in [
        "BIG5",
        "BIG5-HKSCS",
        "CP932",
        "EUC-CN",
        "EUC-JP",
        "EUC-KR",
        "EUC-TW",
        "GB18030",
        "GBK",
        "JOHAB",
        "SHIFT_JIS",
        "UHC",
        "CP1255",
        "CP1258",
    ] {
        let pairs = (0..=u16::MAX).step_by(step).map(u16::to_be_bytes);
        let messages: Vec<_> = pairs
            .filter(|pair| is_text(pair))
            .map(|pair| message(&pair))
            .collect();
        compare(encoding, &messages);
    }
}

#[test]
fn names_of_encodings_are_those_of_git() {
    for (encoding, text) in [
        ("latin-1", &b"\xe9"[..]),
        ("latin1", b"\xe9"),
        ("8859_1", b"\xe9"),
        ("ISO_8859-1", b"\x80\xe9"),
        ("CP932", b"\x93\xfa"),
        ("windows-31j", b"\x93\xfa"),
        ("CP936", b"\xc4\xe3"),
        ("CP949", b"\xb0\xa1"),
        ("UHC", b"\x81\x41"),
        ("CP950", b"\xa7\x41"),
        ("EUC-CN", b"\xc4\xe3"),
        ("eucJP", b"\xa4\xcb"),
        ("koi8r", b"\xf0"),
        ("KOI8-R", b"\xf0"),
        ("CP437", b"\x82"),
        ("CP850", b"\x82"),
        ("IBM850", b"\x82"),
        ("EUC-TW", b"\xc4\xe3"),
        ("EUC-TW", b"\x8e\xa2\xa1\xa1"),
        ("JOHAB", b"\x88\x61"),
        ("EUC-JP", b"\x8f\xb0\xa1"),
        ("GB18030", b"\x81\x30\x81\x30"),
        ("GB18030", b"\x84\x31\xa4\x37"),
        ("ISO-2022-JP", b"\x1b$BF|\x1b(B"),
        ("ISO-2022-JP", b"\x1b$@F|\x1b(J\\~\x1b(B"),
        ("ISO-2022-JP", b"\x1b$BF|\n\x1b$BF|\x1b(B"),
        ("ISO-2022-JP", b"\x1b$BF"),
        ("ISO-2022-JP", b"\x1b(X"),
        ("iso-2022-jp", b"\xe9"),
        ("UTF-8", b"\xe9"),
        ("utf8", b"\xe9"),
        ("no such", b"\xe9"),
        ("ASCII", b"\xe9"),
        ("", b"\xe9"),
        ("Shift_JIS", b"\\ ~ \x82\xa0"),
    ] {
        compare(encoding, &[message(text)]);
    }
}

#[test]
fn commit_is_converted_as_a_whole_or_not_at_all() {
    let fixture = Fixture::empty();
    let mut stream = Vec::new();
    for (number, (encoding, author, text)) in [
        (
            "Shift_JIS",
            &b"N\x93\xfa"[..],
            &b"ok \x93\xfa\n\nbad \x80\xff"[..],
        ),
        ("EUC-JP", b"N\xa4\xcb", b"bad \xff\n\nx"),
        ("CP1252", b"N\xe9", b"undefined \x81 here\n\nx"),
        ("CP1252", b"N\xe9", b"fine \xe9\n\nfine \xe9"),
        ("GBK", b"N\xc4\xe3", b"utf8 \xe5\xbc\xa0\n\nbody \xff"),
        ("CP1252", b"N\x81", b"fine \xe9\n\nfine \xe9"),
    ]
    .into_iter()
    .enumerate()
    {
        let who = |role: &str| [role.as_bytes(), b" ", author, b" <a@b> 17000000"].concat();
        for role in ["author", "committer"] {
            if role == "author" {
                stream.extend_from_slice(b"commit refs/heads/main\n");
            }
            stream.extend_from_slice(&who(role));
            stream.extend_from_slice(format!("{:02} +0000\n", 10 + number).as_bytes());
        }
        let head = format!("encoding {encoding}\ndata {}\n", text.len());
        stream.extend_from_slice(head.as_bytes());
        stream.extend_from_slice(text);
        stream.push(b'\n');
    }
    let dir = fixture.path();
    piped(
        hermetic("git")
            .args(["fast-import", "--quiet"])
            .current_dir(dir),
        &stream,
    );
    let log = [
        "log",
        "-z",
        "--encoding=UTF-8",
        "--format=%an%n%cn%n%B",
        "main",
    ];
    let theirs = piped(hermetic("git").args(log).current_dir(dir), b"");
    let ours: Vec<u8> = fixture
        .open()
        .commits(&HistoryOptions::new())
        .unwrap()
        .flat_map(|commit| {
            let commit = commit.unwrap();
            let parts = [
                &*commit.author.raw_name,
                &*commit.committer.raw_name,
                &*commit.message,
            ];
            [parts.join(&b"\n"[..]), b"\0".to_vec()].concat()
        })
        .collect();
    assert_eq!(
        String::from_utf8_lossy(&ours),
        String::from_utf8_lossy(&theirs)
    );
    assert_eq!(ours, theirs);
}
