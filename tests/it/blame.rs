//! Blame, compared with `git blame`.

use std::collections::BTreeMap;

use gitfleet::git::{BlameOptions, MissingBlobs, OpenOptions, Repo};
use gitfleet::{CancelToken, Context, ErrorKind, Workers};

use crate::support::blame::{Line, blamed, git_lines, our_lines};
use crate::support::{Fixture, git_text};

#[test]
fn blame_of_every_line_equals_gits() {
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
            let options = BlameOptions::new().rev(Some(revision.to_owned()));
            let files = blamed(&fixture.open(), &options);
            assert!(!files.is_empty());
            for file in &files {
                // Paths that git quotes in its output are compared in `generated/blame.rs`.
                if file
                    .path
                    .iter()
                    .all(|byte| byte.is_ascii() && *byte != b'"' && *byte != b'\t')
                {
                    let theirs = git_lines(fixture.path(), &[revision], &file.path);
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
fn blame_of_one_file_equals_that_among_all_files() {
    let fixture = Fixture::make("blame", &[]);
    let all: BTreeMap<Vec<u8>, Vec<Line>> = blamed(&fixture.open(), &BlameOptions::default())
        .iter()
        .map(|file| (file.path.to_vec(), our_lines(file)))
        .collect();
    for threads in [1, 8] {
        let open = OpenOptions::new().workers(Some(Workers::new(threads).unwrap()));
        let repo = Repo::open(fixture.path(), &open).unwrap();
        for (path, lines) in &all {
            let options = BlameOptions::new().paths(Some(vec![path.clone().into()]));
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
fn blame_expands_directories_and_reports_missing_paths() {
    let fixture = Fixture::make("blame", &[]);
    let mut options = BlameOptions::default();
    options.paths = Some(vec![
        "dir".into(),
        "absent".into(),
        "long".into(),
        "di".into(),
    ]);
    let files = blamed(&fixture.open(), &options);
    let outcomes: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file.path.as_bytes(),
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
            // The file with the younger lines is finished first.
            (b"long", None),
            (b"dir/twin", None)
        ]
    );
}

#[test]
fn missing_blob_fails_only_the_files_that_need_it() {
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
            let failed = failed.unwrap();
            assert!(
                failed.contains(&blob) && failed.contains("blame of long"),
                "{failed}"
            );
        } else {
            assert_eq!(failed, None, "{}", String::from_utf8_lossy(&file.path));
        }
    }
}

#[test]
fn damaged_blob_fails_its_file_only() {
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

#[test]
fn line_ranges_equal_gits() {
    let fixture = Fixture::make("blame", &[]);
    for ranges in [
        vec!["10,20"],
        vec!["150", "3,+2"],
        vec!["/number 7$/,/number 9$/", "/number 7$/,+1"],
        vec!["/number 19/,^/first/", "^/first/,+1"],
        vec![",5"],
        vec!["20,-4", "100,9999"],
    ] {
        let options = BlameOptions::new()
            .paths(Some(vec![b"long"[..].into()]))
            .line_ranges(
                ranges
                    .iter()
                    .map(|&range| range.to_owned())
                    .collect::<Vec<_>>(),
            );
        let args: Vec<String> = ranges.iter().map(|range| format!("-L{range}")).collect();
        let failed = std::panic::catch_unwind(|| git_lines(fixture.path(), &args, b"long"));
        let ours = fixture.open().blame(&options);
        match failed {
            Ok(theirs) => {
                let files: Vec<_> = ours.unwrap().collect::<Result<_, _>>().unwrap();
                assert_eq!(our_lines(&files[0]), theirs, "{ranges:?}");
            }
            Err(_) => assert_eq!(ours.unwrap_err().kind(), ErrorKind::InvalidInput),
        }
    }
}

#[test]
fn blame_refuses_invalid_options_by_name() {
    let fixture = Fixture::make("blame", &[]);
    let refused = |change: &dyn Fn(&mut BlameOptions)| {
        let mut options = BlameOptions::default();
        change(&mut options);
        let error = fixture.open().blame(&options).unwrap_err();
        (error.kind(), error.report())
    };
    let (kind, text) = refused(&|options| options.line_ranges = vec!["1,2".to_owned()]);
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("needs one file"), "{text}");
    let (kind, text) = refused(&|options| options.missing = MissingBlobs::AllowAny);
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("use `error` or `fetch`"), "{text}");
    let (kind, text) = refused(&|options| {
        options.working_tree = true;
        options.rev = Some("HEAD~1".to_owned());
    });
    assert_eq!(kind, ErrorKind::InvalidInput, "{text}");
    let (kind, text) = refused(&|options| options.rev = Some("HEAD...HEAD~2".to_owned()));
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("blame starts from one"), "{text}");
    let (kind, text) = refused(&|options| options.ignore_revs = vec!["nonsense".to_owned()]);
    assert_eq!(kind, ErrorKind::RevisionNotFound);
    assert!(text.contains("nonsense"), "{text}");
    let list = fixture.path().join("ignored");
    std::fs::write(&list, "# fine\n\n1234\n").unwrap();
    let (kind, text) = refused(&|options| options.ignore_revs_files = vec![list.clone()]);
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("line 3"), "{text}");
    let (kind, _) = refused(&|options| options.ignore_revs_files = vec!["absent".into()]);
    assert_eq!(kind, ErrorKind::Storage);
}

#[test]
fn ignored_revisions_are_read_from_files() {
    let fixture = Fixture::make("blame", &[]);
    let ids = git_text(fixture.path(), ["rev-list", "HEAD"]);
    let list: String = ids
        .lines()
        .step_by(2)
        .map(|id| format!("{id} # why\n"))
        .collect();
    // A tag stands for its commit. Ids that are missing or not commits are skipped.
    fixture.git(["tag", "-m", "tagged", "tagged", "HEAD~1"]);
    let tag = git_text(fixture.path(), ["rev-parse", "tagged"]);
    let tree = git_text(fixture.path(), ["rev-parse", "HEAD^{tree}"]);
    let list = format!("{list}{tag}\n{tree}\n{}\n", "12".repeat(20));
    std::fs::write(fixture.path().join("ignored"), list).unwrap();
    fixture.git(["config", "blame.ignoreRevsFile", "ignored"]);
    let (mut by_name, mut by_configuration) = (BlameOptions::default(), BlameOptions::default());
    by_name.ignore_revs_files = vec![fixture.path().join("ignored")];
    by_configuration.configured_ignores = true;
    for options in [by_name, by_configuration] {
        for file in blamed(&fixture.open(), &options) {
            let theirs = git_lines(fixture.path(), &["HEAD"], &file.path);
            let name = String::from_utf8_lossy(&file.path);
            assert_eq!(our_lines(&file), theirs, "{name}");
        }
    }
}

#[test]
fn working_tree_is_blamed_as_on_disk() {
    let fixture = Fixture::make("blame", &[]);
    let at = |name: &str| fixture.path().join(name);
    let long = std::fs::read_to_string(at("long")).unwrap();
    std::fs::write(
        at("long"),
        long.replacen("line number 50", "changed here", 1) + "new\n",
    )
    .unwrap();
    fixture.git(["mv", "renamed", "moved"]);
    let moved = std::fs::read_to_string(at("moved")).unwrap();
    std::fs::write(at("moved"), format!("on top\n{moved}")).unwrap();
    std::fs::write(at("added"), "one\ntwo\n").unwrap();
    fixture.git(["add", "added"]);
    std::fs::write(at(".gitattributes"), "added text eol=lf\n").unwrap();
    std::fs::write(at("added"), "one\r\nthree\r\n").unwrap();
    std::fs::remove_file(at("unfinished")).unwrap();
    let options = BlameOptions::new().working_tree(true);
    let mut names = Vec::new();
    for file in blamed(&fixture.open(), &options) {
        let name = String::from_utf8_lossy(&file.path).into_owned();
        if name == "unfinished" {
            assert_eq!(file.rows.unwrap_err().kind(), ErrorKind::Storage);
            continue;
        }
        let theirs = git_lines(fixture.path(), &[] as &[&str], &file.path);
        assert_eq!(our_lines(&file), theirs, "{name}");
        names.push(name);
    }
    names.sort();
    assert_eq!(
        names,
        [
            "added",
            "dir/twin",
            "empty",
            "link",
            "long",
            "moved",
            "only-second"
        ]
    );
}

#[test]
fn unfinished_merge_has_two_parents() {
    let fixture = Fixture::empty();
    let write = |name: &str, text: &str| std::fs::write(fixture.path().join(name), text).unwrap();
    write("file", "a\nb\nc\nd\ne\n");
    fixture.git(["add", "."]);
    fixture.git(["commit", "-qm", "base"]);
    fixture.git(["checkout", "-qb", "side"]);
    write("file", "a\nb\nc\nd\nside\n");
    write("other", "of the side\n");
    fixture.git(["add", "."]);
    fixture.git(["commit", "-qm", "side"]);
    fixture.git(["checkout", "-q", "main"]);
    write("file", "main\nb\nc\nd\ne\n");
    fixture.git(["commit", "-qam", "main"]);
    fixture.git(["merge", "-q", "--no-commit", "--no-ff", "side"]);
    write("file", "main\nb\nresolved\nd\nside\n");
    let options = BlameOptions::new().working_tree(true);
    let files = blamed(&fixture.open(), &options);
    assert_eq!(files.len(), 2);
    for file in &files {
        let theirs = git_lines(fixture.path(), &[] as &[&str], &file.path);
        assert_eq!(our_lines(file), theirs);
    }
}

/// Files have the same order and the same rows for any number of threads.
#[test]
fn blame_order_is_the_same_for_any_number_of_threads() {
    let fixture = Fixture::make("blame", &[]);
    let files = |threads: usize| -> Vec<(Vec<u8>, Vec<Line>)> {
        let open = OpenOptions::new().workers(Some(Workers::new(threads).unwrap()));
        let repo = Repo::open(fixture.path(), &open).unwrap();
        let files = blamed(&repo, &BlameOptions::default());
        files
            .iter()
            .map(|file| (file.path.to_vec(), our_lines(file)))
            .collect()
    };
    let one = files(1);
    for threads in [2, 8] {
        assert_eq!(files(threads), one);
    }
}

#[test]
fn blame_ends_with_an_error_when_cancelled() {
    let fixture = Fixture::make("blame", &[]);
    let cancel = CancelToken::new();
    let mut stream = fixture
        .open()
        .with_context(&Context::new().cancelled_by(&cancel))
        .blame(&BlameOptions::default())
        .unwrap();
    assert!(stream.next().unwrap().is_ok());
    cancel.cancel();
    let rest: Vec<_> = stream.collect();
    let last = rest.last().unwrap();
    assert_eq!(last.as_ref().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn blame_of_a_path_in_an_empty_repository_is_an_error() {
    let fixture = Fixture::empty();
    let options = BlameOptions::new().paths(Some(vec![b"file"[..].into()]));
    let repo = fixture.open();
    let rows = |options| gitfleet::table::blame(&repo, options, |_, _| {});
    let error = rows(&options).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::RevisionNotFound);
    assert_eq!(rows(&BlameOptions::default()).unwrap().count(), 0);
}
