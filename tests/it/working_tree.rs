//! Blame of the working tree's files, which are converted as git converts them.

use std::fs;

use gitfleet::git::BlameOptions;

use crate::support::blame::{blamed, git_lines, our_lines};
use crate::support::{Fixture, hermetic};

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Contents of the file `f`, of which `a\nb\nc\n` is checked in.
fn contents() -> Vec<Vec<u8>> {
    let text = "a\nb\nnew \u{e9}\n";
    let mut contents: Vec<Vec<u8>> = [
        &b"a\nb\nc\nd\n"[..],
        b"a\r\nb\r\nc\r\n",
        b"a\r\nb\nc\n",
        b"a\r\nb\rc\n",
        b"a\r\nb\0c\r\n",
        b"",
        b"a\r\r\nb\n",
        b"$Id: 1234 $\na\r\nb\n",
        b"a\n\x01\x02\x03\r\nb\n",
        b"a\r\nb\r\n\x1a",
        b"\x80\xff\na\n",
        b"\xe9\nb\n",
        b"\x82\xa0\nb\n",
        b"a\0b",
        b"\xff\xfea\0\n\0c\0\n\0",
        b"\xfe\xff\0a\0\n",
        b"\xff\xfe\0\xd8",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    for bytes in [u16::to_be_bytes, u16::to_le_bytes] {
        contents.push(utf16(text, bytes));
        contents.push(utf16(&format!("\u{feff}{text}"), bytes));
    }
    for bytes in [u32::to_be_bytes, u32::to_le_bytes] {
        let wide = |text: &str| {
            text.chars()
                .flat_map(|letter| bytes(u32::from(letter)))
                .collect()
        };
        contents.push(wide(text));
        contents.push(wide(&format!("\u{feff}{text}")));
    }
    contents
}

const ATTRIBUTES: &[&str] = &[
    "",
    "f text",
    "f -text",
    "f text=auto",
    "f crlf",
    "f -crlf",
    "f crlf=input",
    "f eol=lf",
    "f eol=crlf",
    "f text=auto eol=crlf",
    "f -text eol=lf",
    "f ident",
    "f text ident",
    "f binary",
    "f text=input",
    "f text working-tree-encoding=UTF-16",
    "f text working-tree-encoding=utf16",
    "f text working-tree-encoding=UTF-16LE",
    "f text working-tree-encoding=UTF-16BE",
    "f text working-tree-encoding=UTF-16LE-BOM",
    "f working-tree-encoding=UTF-32",
    "f working-tree-encoding=UTF-32LE",
    "f working-tree-encoding=SHIFT_JIS",
    "f working-tree-encoding=latin-1",
    "f working-tree-encoding=UTF-8",
    "f working-tree-encoding=nonsense",
];

#[test]
fn files_are_converted_as_git_converts_them() {
    let fixture = Fixture::empty();
    let file = fixture.path().join("f");
    for checked_in in ["a\nb\nc\n", "a\r\nb\r\nc\r\n"] {
        fs::write(&file, checked_in).unwrap();
        fixture.git(["config", "core.autocrlf", "false"]);
        fs::remove_file(fixture.path().join(".gitattributes")).ok();
        fixture.git(["add", "-A"]);
        fixture.git(["commit", "-q", "-m", "checked in"]);
        for (autocrlf, eol, safe) in [
            ("false", "native", "false"),
            ("input", "LF", "true"),
            ("TRUE", "Crlf", "warn"),
            ("Input", "odd", "true"),
        ] {
            fixture.git(["config", "core.autocrlf", autocrlf]);
            fixture.git(["config", "core.eol", eol]);
            fixture.git(["config", "core.safecrlf", safe]);
            for attributes in ATTRIBUTES {
                // Encodings do not depend on the configuration.
                if attributes.contains("encoding") && (autocrlf != "false" || checked_in.len() > 6)
                {
                    continue;
                }
                fs::write(
                    fixture.path().join(".gitattributes"),
                    format!("{attributes}\n"),
                )
                .unwrap();
                for content in contents() {
                    fs::write(&file, &content).unwrap();
                    let mut options = BlameOptions::new().working_tree(true);
                    options.paths = Some(vec!["f".into()]);
                    let ours = blamed(&fixture.open(), &options);
                    let theirs = git_lines(fixture.path(), &[] as &[&str], b"f");
                    assert_eq!(
                        our_lines(&ours[0]),
                        theirs,
                        "{checked_in:?} autocrlf {autocrlf} eol {eol} {attributes}: {:?}",
                        content.escape_ascii().to_string()
                    );
                }
            }
        }
    }
}

#[test]
fn odd_file_is_the_outcome_of_that_file() {
    let fixture = Fixture::empty();
    let at = |name: &str| fixture.path().join(name);
    let names = ["good", "fifo", "directory", "socket", "gone", "device"];
    for name in names {
        fs::write(at(name), "a\nb\n").unwrap();
    }
    fixture.git(["add", "-A"]);
    fixture.git(["commit", "-q", "-m", "all"]);
    for name in &names[1..] {
        fs::remove_file(at(name)).unwrap();
    }
    assert!(
        hermetic("mkfifo")
            .arg(at("fifo"))
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir(at("directory")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", at("device")).unwrap();
    let options = BlameOptions::new().working_tree(true);
    let files = blamed(&fixture.open(), &options);
    assert_eq!(files.len(), names.len());
    for file in files {
        // The link to a device is a link, whose target is its content.
        let is_read = ["good", "device"].contains(&file.path.to_string().as_str());
        assert_eq!(file.rows.is_ok(), is_read, "{}: {:?}", file.path, file.rows);
    }
}
