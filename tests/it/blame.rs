//! Blame against `git blame`.

use std::collections::BTreeMap;

use gitfleet::git::{BlameOptions, FileBlame, OpenOptions, Repo};
use gitfleet::progress::Silent;
use gitfleet::{CancelToken, ErrorKind, Workers};

use crate::support::{Fixture, git, git_text};

/// Per line: commit, path there, line there, whether it is a boundary, author.
type Line = (String, Vec<u8>, u32, bool, String);

fn blamed(repo: &Repo, options: &BlameOptions) -> Vec<FileBlame> {
    repo.blame(options, &Silent, &CancelToken::new())
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn our_lines(file: &FileBlame) -> Vec<Line> {
    let rows = file
        .rows
        .as_ref()
        .unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&file.path)));
    let mut lines = Vec::new();
    for row in rows {
        assert_eq!(
            row.start_line as usize,
            lines.len() + 1,
            "rows cover each line once, in order"
        );
        for skip in 0..row.line_count {
            let author = String::from_utf8_lossy(&row.author.name).into_owned();
            lines.push((
                row.commit_id.to_string(),
                row.orig_path.clone(),
                row.orig_start_line + skip,
                row.is_boundary,
                author,
            ));
        }
    }
    lines
}

fn git_lines(fixture: &Fixture, revision: &str, path: &[u8]) -> Vec<Line> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::OsStr::from_bytes(path);
    let args: Vec<&std::ffi::OsStr> = vec![
        "blame".as_ref(),
        "--line-porcelain".as_ref(),
        revision.as_ref(),
        "--".as_ref(),
        path,
    ];
    let output = git(fixture.path(), args);
    let mut lines = Vec::new();
    let mut current: Option<Line> = None;
    for line in output.split(|&byte| byte == b'\n') {
        if line.starts_with(b"\t") {
            lines.extend(current.take());
        } else if let Some(open) = &mut current {
            if let Some(name) = line.strip_prefix(b"filename ") {
                open.1 = name.to_vec();
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

#[test]
fn every_line_of_every_file_is_gits() {
    let full = Fixture::make("blame", &[]);
    let shallow = Fixture::make("shallow", &[full.path().as_os_str()]);
    for (name, fixture) in [
        ("blame", full),
        ("history", Fixture::make("history", &[])),
        ("sha256", Fixture::make("sha256", &[])),
        ("shallow", shallow),
    ] {
        let tip = git_text(fixture.path(), ["rev-parse", "HEAD"]);
        let back = format!("{tip}~2");
        for revision in [tip.as_str(), back.as_str()] {
            let mut options = BlameOptions::default();
            options.revision = Some(revision.to_owned());
            let files = blamed(&fixture.open(), &options);
            assert!(!files.is_empty());
            for file in &files {
                // A path that git would quote in its output is compared in the other fixtures.
                if file
                    .path
                    .iter()
                    .all(|byte| byte.is_ascii() && *byte != b'"' && *byte != b'\t')
                {
                    let theirs = git_lines(&fixture, revision, &file.path);
                    assert_eq!(
                        our_lines(file),
                        theirs,
                        "{name} {revision} {}",
                        String::from_utf8_lossy(&file.path)
                    );
                }
            }
        }
    }
}

#[test]
fn a_file_alone_and_any_number_of_threads_give_the_same() {
    let fixture = Fixture::make("blame", &[]);
    let all: BTreeMap<Vec<u8>, Vec<Line>> = blamed(&fixture.open(), &BlameOptions::default())
        .iter()
        .map(|file| (file.path.clone(), our_lines(file)))
        .collect();
    for threads in [1, 8] {
        let mut open = OpenOptions::default();
        open.workers = Some(Workers::new(threads).unwrap());
        let repo = Repo::open(fixture.path(), &open).unwrap();
        for (path, lines) in &all {
            let mut options = BlameOptions::default();
            options.paths = Some(vec![path.clone()]);
            let alone = blamed(&repo, &options);
            assert_eq!(
                (alone.len(), &our_lines(&alone[0])),
                (1, lines),
                "{}",
                String::from_utf8_lossy(path)
            );
        }
    }
}

#[test]
fn a_directory_means_its_files_and_a_missing_path_is_its_own_outcome() {
    let fixture = Fixture::make("blame", &[]);
    let mut options = BlameOptions::default();
    options.paths = Some(vec![
        b"dir".to_vec(),
        b"absent".to_vec(),
        b"long".to_vec(),
        b"di".to_vec(),
    ]);
    let files = blamed(&fixture.open(), &options);
    let outcomes: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file.path.as_slice(),
                file.rows.as_ref().err().map(gitfleet::Error::kind),
            )
        })
        .collect();
    let missing = Some(ErrorKind::PathNotFound);
    assert_eq!(
        outcomes,
        [
            (b"absent".as_slice(), missing),
            (b"di", missing),
            (b"dir/twin", None),
            (b"long", None)
        ]
    );
}

#[test]
fn a_missing_blob_fails_the_files_that_need_it_and_no_other() {
    let fixture = Fixture::make("blame", &[]);
    let blob = git_text(fixture.path(), ["rev-parse", "HEAD~1:long"]);
    std::fs::remove_file(
        fixture
            .path()
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .unwrap();
    for file in blamed(&fixture.open(), &BlameOptions::default()) {
        let failed = file.rows.as_ref().err().map(|error| error.report());
        if file.path == b"long" {
            assert!(failed.is_some_and(|error| error.contains(&blob)));
        } else {
            assert_eq!(failed, None, "{}", String::from_utf8_lossy(&file.path));
        }
    }
}

#[test]
fn a_damaged_blob_fails_its_file_only() {
    let fixture = Fixture::make("blame", &[]);
    let blob = git_text(fixture.path(), ["rev-parse", "HEAD:long"]);
    let object = fixture
        .path()
        .join(".git/objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, "garbage").unwrap();
    for file in blamed(&fixture.open(), &BlameOptions::default()) {
        assert_eq!(
            file.rows.is_err(),
            file.path == b"long",
            "{}",
            String::from_utf8_lossy(&file.path)
        );
    }
}
