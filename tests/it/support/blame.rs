//! The blame of git and of GitFleet, line by line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use gitfleet::git::{BlameOptions, FileBlame, Repo};

use super::git;

/// Per line: commit, path and line number in that commit, true if it is a boundary, author.
pub(crate) type Line = (String, Vec<u8>, u32, bool, String);

pub(crate) fn blamed(repo: &Repo, options: &BlameOptions) -> Vec<FileBlame> {
    repo.blame(options)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

pub(crate) fn our_lines(file: &FileBlame) -> Vec<Line> {
    let rows = file
        .rows
        .as_ref()
        .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&file.path)));
    let mut lines = Vec::new();
    let mut next_line = 1;
    for row in rows {
        assert!(row.start_line >= next_line, "rows come in order");
        next_line = row.start_line + row.line_count;
        for skip in 0..row.line_count {
            let author = String::from_utf8_lossy(&row.author.name).into_owned();
            lines.push((
                row.commit_id.to_string(),
                row.orig_path.to_vec(),
                row.orig_start_line + skip,
                row.is_boundary,
                author,
            ));
        }
    }
    lines
}

/// The lines of `git blame` with these arguments.
pub(crate) fn git_lines(repo: &Path, args: &[impl AsRef<OsStr>], path: &[u8]) -> Vec<Line> {
    let mut all: Vec<&OsStr> = vec!["blame".as_ref(), "--line-porcelain".as_ref()];
    all.extend(args.iter().map(AsRef::as_ref));
    all.extend([OsStr::new("--"), OsStr::from_bytes(path)]);
    let output = git(repo, all);
    let mut lines = Vec::new();
    let mut current: Option<Line> = None;
    for line in output.split(|&byte| byte == b'\n') {
        if line.starts_with(b"\t") {
            lines.extend(current.take());
        } else if let Some(open) = &mut current {
            if let Some(name) = line.strip_prefix(b"filename ") {
                open.1 = unquoted(name);
            } else if line == b"boundary" {
                open.3 = true;
            } else if let Some(name) = line.strip_prefix(b"author ") {
                open.4 = String::from_utf8_lossy(name).into_owned();
            }
        } else if let Ok(text) = std::str::from_utf8(line) {
            let mut words = text.split(' ');
            if let (Some(id), Some(source)) = (
                words.next(),
                words.next().and_then(|word| word.parse().ok()),
            ) {
                current = Some((id.to_owned(), Vec::new(), source, false, String::new()));
            }
        }
    }
    lines
}

/// Decodes a path that git quoted in its output.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(inner) = name
        .strip_prefix(b"\"")
        .and_then(|name| name.strip_suffix(b"\""))
    else {
        return name.to_vec();
    };
    let mut bytes = inner.iter().copied();
    let mut path = Vec::new();
    while let Some(byte) = bytes.next() {
        path.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(digit @ b'0'..=b'3') => {
                    let mut digit_of = || bytes.next().unwrap() - b'0';
                    (digit - b'0') * 64 + digit_of() * 8 + digit_of()
                }
                other => other.unwrap(),
            },
            byte => byte,
        });
    }
    path
}
