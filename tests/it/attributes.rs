//! Attributes: which files count as binary, beside git.

use std::fs;
use std::path::Path;

use gitfleet::git::{HistoryOptions, LineCounts};

use crate::support::{Fixture, git, git_text, open};

/// Lines of `git log --numstat`, sorted.
fn gits(path: &Path) -> Vec<String> {
    let text = git_text(
        path,
        ["log", "--numstat", "--format=", "-c", "--no-renames"],
    );
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn ours(path: &Path) -> Vec<String> {
    let mut options = HistoryOptions::new();
    options.renames = gitfleet::git::Renames::Off;
    let mut lines = Vec::new();
    for commit in open(path).commits(&options).unwrap() {
        for change in commit.unwrap().changes {
            lines.push(match change.counts {
                LineCounts::Lines {
                    additions,
                    deletions,
                } => {
                    format!("{additions}\t{deletions}\t{}", change.path)
                }
                _ => format!("-\t-\t{}", change.path),
            });
        }
    }
    lines.sort();
    lines
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

const FILES: &[(&str, &str)] = &[
    ("f.txt", "a\nb\n"),
    ("sub/f.txt", "a\nb\n"),
    ("sub/deep/f.txt", "a\nb\n"),
    ("sub/g.txt", "a\nb\n"),
    ("x.dat", "a\nb\n"),
    ("sub/X.DAT", "a\nb\n"),
    ("with space.txt", "a\n"),
    ("nul.bin", "a\0b\n"),
    ("vendor/lib/a.c", "a\nb\nc\n"),
];

#[test]
fn attributes_are_found_where_git_finds_them() {
    for attributes in [
        // info/attributes has the last word.
        &[
            (".gitattributes", "*.txt -diff\n"),
            ("sub/.gitattributes", "*.txt -diff\n"),
            (".git/info/attributes", "*.txt diff\n"),
        ][..],
        &[
            (".gitattributes", "*.txt diff\n"),
            (".git/info/attributes", "/sub/** -diff\nf.txt !diff\n"),
        ],
        // Macros are redefined, nested, and forbidden in subdirectories.
        &[(".gitattributes", "[attr]binary -merge diff\n*.dat binary\n")],
        &[
            (
                ".gitattributes",
                "[attr]one -diff\n[attr]two one foo\n*.dat two\n*.txt -two\n",
            ),
            (
                "sub/.gitattributes",
                "[attr]one diff\n[attr]three -diff\n*.txt three\n",
            ),
        ],
        &[
            (".gitattributes", "[attr]binary diff\n*.dat binary\n"),
            (".git/info/attributes", "[attr]binary -diff\n"),
        ],
        // The nearest file, and in it the last line, wins.
        &[
            (
                ".gitattributes",
                "*.txt -diff\nsub/*.txt diff\nsub/deep/ -diff\n*.bin diff\n",
            ),
            (
                "sub/.gitattributes",
                "g.txt -diff\ng.txt diff\n/f.txt -diff\n",
            ),
            ("sub/deep/.gitattributes", "f.txt binary\n"),
        ],
        // Quotes, negative patterns, invalid names, comments and a byte order mark.
        &[(
            ".gitattributes",
            "\u{feff}*.dat -diff\n\"with space.txt\" -diff\n!*.txt -diff\n# x -diff\nx.dat -diff in,valid\n",
        )],
        &[(
            ".gitattributes",
            "vendor/** -diff\nvendor/lib/*.c diff=cpp\n*.dat diff=none\n",
        )],
        // A byte order mark counts in the first line only, and a NUL ends a line.
        &[(
            ".gitattributes",
            "# first\n\u{feff}*.txt -diff\n*.dat -diff\0 diff\nvendor/**\0 -diff\n",
        )],
        // Macros that name each other, and one that is decided before it is expanded.
        &[(
            ".gitattributes",
            "[attr]one two -diff\n[attr]two one diff\n*.txt one\n*.dat two\nsub/* -one\n",
        )],
    ] {
        let fixture = Fixture::empty();
        write(fixture.path(), FILES);
        write(fixture.path(), attributes);
        fixture.git(["add", "-A"]);
        fixture.git(["commit", "-q", "-m", "all"]);
        assert_eq!(ours(fixture.path()), gits(fixture.path()), "{attributes:?}");
        fixture.git(["config", "core.ignoreCase", "true"]);
        fixture.git(["config", "diff.cpp.binary", "true"]);
        assert_eq!(ours(fixture.path()), gits(fixture.path()), "{attributes:?}");
    }
}

/// git overflows its stack here, so that there is nothing to compare with.
#[test]
fn ten_thousand_macros_are_expanded() {
    let fixture = Fixture::empty();
    write(fixture.path(), FILES);
    let macros = (0..10_000).map(|n| format!("[attr]m{n} m{}\n", n + 1));
    let attributes: String = macros
        .chain(["[attr]m10000 -diff\n*.txt m0\n".into()])
        .collect();
    fixture.git(["add", "-A"]);
    fixture.git(["commit", "-q", "-m", "all"]);
    write(fixture.path(), &[(".git/info/attributes", &attributes)]);
    let ours = ours(fixture.path());
    let is_text = |line: &&String| line.contains("f.txt");
    assert!(
        ours.iter()
            .filter(is_text)
            .all(|line| line.starts_with("-\t-"))
    );
    assert!(ours.contains(&"2\t0\tx.dat".to_owned()));
}

#[test]
fn long_lines_and_links_are_ignored_as_in_git() {
    let fixture = Fixture::empty();
    write(fixture.path(), FILES);
    let exactly = |len: usize, line: &str| format!("{line}{}\n", " ".repeat(len - line.len()));
    let long = format!(
        "*.txt -diff {}\n*.dat -diff\n{}{}",
        "a ".repeat(1200),
        exactly(2047, "sub/g.txt -diff"),
        exactly(2048, "vendor/** -diff"),
    );
    write(
        fixture.path(),
        &[(".gitattributes", &long), ("elsewhere", "*.txt -diff\n")],
    );
    std::os::unix::fs::symlink("../elsewhere", fixture.path().join("sub/.gitattributes")).unwrap();
    fixture.git(["add", "-A"]);
    fixture.git(["commit", "-q", "-m", "all"]);
    assert_eq!(ours(fixture.path()), gits(fixture.path()));
}

#[test]
fn attributes_come_from_the_tree_that_is_configured() {
    let fixture = Fixture::empty();
    write(fixture.path(), FILES);
    write(fixture.path(), &[("sub/.gitattributes", "*.txt -diff\n")]);
    fixture.git(["add", "-A"]);
    fixture.git(["commit", "-q", "-m", "all"]);
    fixture.git(["tag", "old"]);
    write(fixture.path(), &[(".gitattributes", "*.dat -diff\n")]);
    fixture.git(["add", "-A"]);
    fixture.git(["commit", "-q", "-m", "more"]);
    let dir = tempfile::tempdir().unwrap();
    let bare = dir.path().join("bare.git");
    fixture.git(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    for path in [fixture.path(), &bare] {
        for tree in [
            "HEAD",
            "old",
            "refs/tags/old",
            "HEAD~1",
            "HEAD^{tree}",
            "absent",
        ] {
            git(path, ["config", "attr.tree", tree]);
            assert_eq!(ours(path), gits(path), "{tree} {}", path.display());
        }
    }
}

#[test]
fn default_driver_is_for_files_without_another() {
    let attributes = "*.dat diff\n*.bin -diff\nf.txt diff=other\n*.c diff=cpp\ng.txt diff=known\n";
    for attributes in ["", attributes] {
        let fixture = Fixture::empty();
        for text in ["a\nb\n", "a\nc\nd\n"] {
            let files = FILES.iter().map(|(path, _)| (*path, text));
            write(fixture.path(), &files.collect::<Vec<_>>());
            write(fixture.path(), &[(".gitattributes", attributes)]);
            fixture.git(["add", "-A"]);
            fixture.git(["commit", "-q", "-m", "all"]);
        }
        fixture.git(["rm", "-q", "x.dat", "sub/f.txt"]);
        std::os::unix::fs::symlink("elsewhere", fixture.path().join("link")).unwrap();
        fixture.git(["add", "-A"]);
        fixture.git(["commit", "-q", "-m", "fewer"]);
        fixture.git(["config", "diff.known.xfuncname", "x"]);
        for binary in ["true", "false", "auto"] {
            fixture.git(["config", "diff.default.binary", binary]);
            assert_eq!(ours(fixture.path()), gits(fixture.path()), "{binary}");
        }
    }
}

/// Lines of `git log --raw`, without ids.
fn gits_paths(path: &Path) -> Vec<String> {
    let text = git_text(path, ["log", "--name-only", "--format=", "--no-renames"]);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn ours_paths(path: &Path) -> Vec<String> {
    let mut options = HistoryOptions::new();
    options.renames = gitfleet::git::Renames::Off;
    let commits = open(path).commits(&options).unwrap();
    let changes = commits.flat_map(|commit| commit.unwrap().changes);
    let mut lines: Vec<String> = changes.map(|change| change.path.to_string()).collect();
    lines.sort();
    lines
}

#[test]
fn ignored_submodules_have_no_changes() {
    let ids = ["1", "2", "3"].map(|digit| digit.repeat(40));
    let gitmodules = |ignore: &str| {
        format!(
            "[submodule \"the lib\"]\n\tpath = dir/lib\n\turl = ../lib\n\tignore = {ignore}\n\
             [submodule \"other\"]\n\tpath = other\n\turl = ../other\n"
        )
    };
    let fixture = Fixture::empty();
    let point = |path: &str, id: &str| {
        let info = format!("160000,{id},{path}");
        fixture.git(["update-index", "--add", "--cacheinfo", &info]);
    };
    let commit = |message: &str| {
        fixture.git(["commit", "-q", "--allow-empty", "-m", message]);
    };
    write(
        fixture.path(),
        &[("f", "1\n"), (".gitmodules", &gitmodules("none"))],
    );
    fixture.git(["add", "-A"]);
    for id in &ids {
        point("dir/lib", id);
        point("other", id);
        commit("moved");
    }
    fixture.git(["rm", "-q", "--cached", "dir/lib"]);
    commit("removed");
    let blob = git_text(fixture.path(), ["rev-parse", "HEAD:f"]);
    fixture.git([
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},dir/lib"),
    ]);
    commit("a file");
    point("dir/lib", &ids[0]);
    commit("a submodule again");
    let compare = |what: &str| {
        assert_eq!(
            ours_paths(fixture.path()),
            gits_paths(fixture.path()),
            "{what}"
        );
    };
    compare("none");
    for ignore in ["all", "dirty", "untracked", "none"] {
        write(fixture.path(), &[(".gitmodules", &gitmodules(ignore))]);
        compare(ignore);
        fixture.git(["config", "submodule.the lib.ignore", "all"]);
        compare("all in the configuration");
        fixture.git(["config", "submodule.the lib.ignore", "dirty"]);
        compare("dirty in the configuration");
        fixture.git(["config", "--unset", "submodule.the lib.ignore"]);
    }
    let odd = [
        // Two sections of one name, the second without a path.
        format!(
            "{}[submodule \"the lib\"]\n\tignore = all\n",
            gitmodules("none")
        ),
        format!(
            "{}[submodule \"the lib\"]\n\tignore = none\n",
            gitmodules("all")
        ),
        // Two names for one path.
        format!(
            "{}[submodule \"b\"]\n\tpath = dir/lib\n\tignore = all\n",
            gitmodules("none")
        ),
        format!("{}[submodule \"b\"]\n\tpath = dir/lib\n", gitmodules("all")),
        // A name that leads elsewhere, and values that do not exist.
        "[submodule \"../x\"]\n\tpath = dir/lib\n\tignore = all\n".to_owned(),
        gitmodules("everything"),
        format!(
            "{}[submodule \"the lib\"]\n\tignore = ALL\n",
            gitmodules("all")
        ),
    ];
    for text in odd {
        write(fixture.path(), &[(".gitmodules", &text)]);
        compare(&text);
    }
    // Without the file, git reads its copy in the index.
    write(fixture.path(), &[(".gitmodules", &gitmodules("all"))]);
    fixture.git(["add", ".gitmodules"]);
    commit("ignored");
    fs::remove_file(fixture.path().join(".gitmodules")).unwrap();
    compare("in the index");
    fixture.git(["rm", "-q", "--cached", ".gitmodules"]);
    compare("in HEAD");
    let dir = tempfile::tempdir().unwrap();
    let bare = dir.path().join("bare.git");
    fixture.git(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    assert_eq!(ours_paths(&bare), gits_paths(&bare), "a bare repository");
}
