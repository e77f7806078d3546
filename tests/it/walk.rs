//! The commits of a walk and their order, compared with `git log`.

use std::fmt::Write as _;
use std::path::Path;

use gitfleet::GitString;
use gitfleet::git::{DiffMerges, HistoryOptions, MergeCommits, Order, PatternSyntax, Repo};

use crate::support::{Fixture, git, git_text, open};

fn ours(repo: &Repo, options: &HistoryOptions) -> Vec<String> {
    let commits = repo.commits(options).unwrap();
    commits
        .map(|commit| commit.unwrap().id.to_string())
        .collect()
}

fn theirs(path: &Path, args: &[&str]) -> Vec<String> {
    let args = [&["log", "-s", "--format=%H"], args].concat();
    let output = git_text(path, args);
    let mut ids: Vec<String> = output.lines().map(str::to_owned).collect();
    ids.dedup(); // a merge is shown once for each parent it is compared with
    ids
}

fn with(change: impl FnOnce(&mut HistoryOptions)) -> HistoryOptions {
    let mut options = HistoryOptions::default();
    change(&mut options);
    options
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn paths(paths: &[&str]) -> Vec<GitString> {
    paths.iter().map(|path| GitString::from(*path)).collect()
}

/// Two branches with misleading dates that are merged twice, and a second root.
fn crossed() -> Fixture {
    let fixture = Fixture::empty();
    let mut script = String::new();
    // Branch, mark, parents, seconds, author, file that is written, message.
    let commits: &[(&str, &str, &str, i64, &str, &str, &str)] = &[
        ("main", "1", "", 100, "Ann <ann@x.org>", "a/one.c", "start"),
        (
            "main",
            "2",
            "1",
            200,
            "Ben <ben@y.org>",
            "b/two.c",
            "fix(core): two",
        ),
        (
            "side",
            "3",
            "1",
            150,
            "Ann <ann@x.org>",
            "a/one.c",
            "feat: three\n\nFixes: #1",
        ),
        (
            "side",
            "4",
            "3",
            150,
            "Cy+d <cy@x.org>",
            "b/two.c",
            "fix+more",
        ),
        ("main", "5", "2 4", 160, "Ben <ben@y.org>", "", "merge side"),
        (
            "main",
            "6",
            "5",
            90,
            "Ann <ann@x.org>",
            "a/one.c",
            "clock went back",
        ),
        (
            "other",
            "7",
            "",
            300,
            "Ben <ben@y.org>",
            "z.txt",
            "another root",
        ),
        (
            "main",
            "8",
            "6 7",
            310,
            "Ben <ben@y.org>",
            "",
            "merge other",
        ),
        (
            "side",
            "9",
            "4 6",
            305,
            "Ann <ann@x.org>",
            "a/deep/er.c",
            "criss",
        ),
        ("main", "10", "8 9", 320, "Ann <ann@x.org>", "", "cross"),
        (
            "main",
            "11",
            "10",
            330,
            "old name <ann@x.org>",
            "b/two.c",
            "under another name",
        ),
    ];
    for (branch, mark, parents, seconds, author, file, message) in commits {
        let parents: Vec<&str> = parents.split_whitespace().collect();
        if parents.is_empty() {
            writeln!(script, "reset refs/heads/{branch}").unwrap();
        }
        let seconds = 1_500_000_000 + seconds;
        write!(
            script,
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {author} {seconds} +0000\n\
             committer {author} {seconds} +0000\ndata {}\n{message}\n",
            message.len(),
        )
        .unwrap();
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            writeln!(script, "{word} :{parent}").unwrap();
        }
        if !file.is_empty() {
            write!(script, "M 644 inline {file}\ndata {}\n{mark}\n", mark.len()).unwrap();
        }
        script.push('\n');
    }
    script.push_str("tag v1\nfrom :5\ntagger T <t> 1 +0000\ndata 0\n\n");
    crate::generated::import(fixture.path(), script.as_bytes());
    std::fs::write(
        fixture.path().join(".mailmap"),
        "Ann Real <ann@real.org> <ann@x.org>\n",
    )
    .unwrap();
    fixture
}

/// Options of a walk, and the same options for git.
fn questions() -> Vec<(HistoryOptions, Vec<&'static str>)> {
    let revs = |revs: &'static [&'static str]| with(|o| o.rev = texts(revs));
    let topo = |mut options: HistoryOptions| {
        options.order = Order::Topo;
        options
    };
    let limited_to = |mut options: HistoryOptions, specs: &[&str]| {
        options.paths = paths(specs);
        options
    };
    let main = || revs(&["main"]);
    vec![
        (main(), vec!["main"]),
        (topo(main()), vec!["--topo-order", "main"]),
        (revs(&["v1..main"]), vec!["v1..main"]),
        (topo(revs(&["v1..main"])), vec!["--topo-order", "v1..main"]),
        (revs(&["main", "^side"]), vec!["main", "^side"]),
        (revs(&["^side", "main"]), vec!["^side", "main"]),
        (revs(&["other...side"]), vec!["other...side"]),
        (revs(&["main~2...side~1"]), vec!["main~2...side~1"]),
        (revs(&["main^@"]), vec!["main^@"]),
        (revs(&["v1^!"]), vec!["v1^!"]),
        (revs(&["^main"]), vec!["^main"]),
        (revs(&["^v1^@", "v1"]), vec!["^v1^@", "v1"]),
        (revs(&["^v1^!", "main"]), vec!["^v1^!", "main"]),
        (
            revs(&["^main~2", "^v1", "main"]),
            vec!["^main~2", "^v1", "main"],
        ),
        (
            revs(&["^v1", "^main~2", "main"]),
            vec!["^v1", "^main~2", "main"],
        ),
        (revs(&["main..side"]), vec!["main..side"]),
        (revs(&["other", "side", "v1"]), vec!["other", "side", "v1"]),
        (with(|o| o.all_refs = true), vec!["--all"]),
        (
            topo(with(|o| o.all_refs = true)),
            vec!["--all", "--topo-order"],
        ),
        (with(|o| o.first_parent = true), vec!["--first-parent"]),
        (
            with(|o| o.merge_commits = MergeCommits::Exclude),
            vec!["--no-merges"],
        ),
        (
            with(|o| o.merge_commits = MergeCommits::Only),
            vec!["--merges"],
        ),
        (
            with(|o| (o.skip, o.max_count) = (2, Some(3))),
            vec!["--skip=2", "-n3"],
        ),
        (
            with(|o| (o.skip, o.merge_commits) = (1, MergeCommits::Only)),
            vec!["--skip=1", "--merges"],
        ),
        (
            with(|o| o.since = Some(1_500_000_155)),
            vec!["--since=@1500000155"],
        ),
        (
            with(|o| o.until = Some(1_500_000_155)),
            vec!["--until=@1500000155"],
        ),
        (
            topo(with(|o| o.since = Some(1_500_000_155))),
            vec!["--topo-order", "--since=@1500000155"],
        ),
        (with(|o| o.authors = texts(&["Ann"])), vec!["--author=Ann"]),
        (
            with(|o| o.authors = texts(&["real.org"])),
            vec!["--author=real.org"],
        ),
        (
            with(|o| (o.authors, o.mailmap) = (texts(&["x.org"]), false)),
            vec!["--author=x.org", "--no-mailmap"],
        ),
        (
            with(|o| (o.authors, o.ignore_case) = (texts(&["^BEN", "cy"]), true)),
            vec!["-i", "--author=^BEN", "--author=cy"],
        ),
        (
            with(|o| o.authors = texts(&["Cy+d"])),
            vec!["--author=Cy+d"],
        ),
        (
            with(|o| (o.authors, o.grep) = (texts(&["Ann"]), texts(&["fix"]))),
            vec!["--author=Ann", "--grep=fix"],
        ),
        (with(|o| o.grep = texts(&["^Fixes"])), vec!["--grep=^Fixes"]),
        (
            with(|o| o.grep = texts(&[r"fix\(es\)\?(core)"])),
            vec![r"--grep=fix\(es\)\?(core)"],
        ),
        (
            with(|o| {
                (o.grep, o.pattern_syntax) = (texts(&["^(feat|fix).*:"]), PatternSyntax::Extended)
            }),
            vec!["-E", "--grep=^(feat|fix).*:"],
        ),
        (
            with(|o| (o.grep, o.pattern_syntax) = (texts(&["fix("]), PatternSyntax::Fixed)),
            vec!["-F", "--grep=fix("],
        ),
        (
            with(|o| o.committers = texts(&["Ben"])),
            vec!["--committer=Ben"],
        ),
        (limited_to(main(), &["a"]), vec!["main", "--", "a"]),
        (
            limited_to(main(), &["a/deep"]),
            vec!["main", "--", "a/deep"],
        ),
        (
            limited_to(main(), &["a/one.c", "z.txt"]),
            vec!["main", "--", "a/one.c", "z.txt"],
        ),
        (
            limited_to(main(), &["*.c", ":!b"]),
            vec!["main", "--", "*.c", ":!b"],
        ),
        (limited_to(main(), &["."]), vec!["main", "--", "."]),
        (limited_to(main(), &["a/.."]), vec!["main", "--", "a/.."]),
        (
            limited_to(main(), &[":(glob)."]),
            vec!["main", "--", ":(glob)."],
        ),
        (
            limited_to(
                with(|o| {
                    (o.diff_merges, o.rev) = (Some(DiffMerges::Separate), texts(&["side..main"]))
                }),
                &["b"],
            ),
            vec!["--diff-merges=separate", "side..main", "--", "b"],
        ),
        (
            limited_to(
                with(|o| {
                    (o.diff_merges, o.order, o.since) =
                        (Some(DiffMerges::Separate), Order::Topo, Some(1_500_000_155))
                }),
                &["a"],
            ),
            vec![
                "--diff-merges=separate",
                "--topo-order",
                "--since=@1500000155",
                "--",
                "a",
            ],
        ),
        (
            limited_to(main(), &["absent"]),
            vec!["main", "--", "absent"],
        ),
        (
            topo(limited_to(main(), &["b"])),
            vec!["--topo-order", "main", "--", "b"],
        ),
        (
            limited_to(revs(&["v1..main"]), &["a"]),
            vec!["v1..main", "--", "a"],
        ),
        (
            limited_to(with(|o| o.first_parent = true), &["b"]),
            vec!["--first-parent", "--", "b"],
        ),
    ]
}

#[test]
fn walk_lists_the_commits_git_lists() {
    let fixture = crossed();
    let repo = fixture.open();
    for (options, args) in questions() {
        assert_eq!(
            ours(&repo, &options),
            theirs(fixture.path(), &args),
            "{args:?}"
        );
    }
}

#[test]
fn commit_graph_does_not_change_a_walk() {
    let fixture = crossed();
    fixture.git(["commit-graph", "write", "--reachable", "--changed-paths"]);
    let repo = fixture.open();
    for (options, args) in questions() {
        assert_eq!(
            ours(&repo, &options),
            theirs(fixture.path(), &args),
            "{args:?}"
        );
    }
    // The commit-graph is used: dates and parents come from it even if the commit itself is not
    // read.
    let id = git_text(fixture.path(), ["rev-parse", "v1^{commit}~1"]);
    fixture.git(["repack", "-adq"]);
    let unpacked = Fixture::empty();
    let objects = unpacked.path().join(".git/objects");
    let pack = crate::support::first_pack(fixture.path());
    let unpack = format!("git unpack-objects -q < '{}'", pack.display());
    let run = |script: &str| {
        let mut shell = crate::support::hermetic("sh");
        let status = shell
            .args(["-c", script])
            .current_dir(unpacked.path())
            .status();
        assert!(status.unwrap().success());
    };
    run(&unpack);
    let main = git_text(fixture.path(), ["rev-parse", "main"]);
    git(unpacked.path(), ["update-ref", "refs/heads/main", &main]);
    git(unpacked.path(), ["commit-graph", "write", "--reachable"]);
    std::fs::remove_file(objects.join(&id[..2]).join(&id[2..])).unwrap();
    let skip_it = with(|o| o.since = Some(1_500_000_250));
    let newest = ours(&open(unpacked.path()), &skip_it);
    assert!(!newest.is_empty() && !newest.contains(&id));
}

#[test]
fn replaced_commits_are_read_as_their_replacements() {
    let fixture = crossed();
    fixture.git(["replace", "--graft", "main~1", "v1"]);
    let repo = fixture.open();
    for args in [&["main"][..], &["--topo-order", "main"]] {
        let mut options = with(|o| o.rev = texts(&["main"]));
        if args.len() > 1 {
            options.order = Order::Topo;
        }
        assert_eq!(ours(&repo, &options), theirs(fixture.path(), args));
    }
}

#[test]
fn shallow_boundary_has_no_parents() {
    let full = crossed();
    let shallow = Fixture::make("shallow", &[full.path().as_os_str()]);
    let listed = std::fs::read_to_string(shallow.path().join(".git/shallow")).unwrap();
    let boundary = listed.lines().next().unwrap().to_owned();
    let repo = shallow.open();
    for suffix in ["^!", "^@"] {
        let revision = format!("{boundary}{suffix}");
        let options = with(|o| o.rev = vec![revision.clone()]);
        let theirs: Vec<String> = if suffix == "^@" {
            Vec::new() // git log without a revision would list HEAD
        } else {
            theirs(shallow.path(), &[&revision])
        };
        assert_eq!(ours(&repo, &options), theirs, "{revision}");
    }
}

#[test]
fn walk_names_invalid_arguments() {
    let fixture = crossed();
    let repo = fixture.open();
    let outside = std::env::temp_dir();
    for (options, named) in [
        (with(|o| o.rev = texts(&["v1..absent"])), "absent"),
        (with(|o| o.rev = texts(&["main^{tree}"])), "main^{tree}"),
        (with(|o| o.grep = texts(&[r"\(open"])), r"\(open"),
        (with(|o| o.paths = paths(&[""])), "empty"),
        (with(|o| o.paths = paths(&[":(nonsense)a"])), "nonsense"),
        (with(|o| o.paths = paths(&[":(attr:x)a"])), ":(attr:x)a"),
        (
            with(|o| o.paths = vec![outside.as_os_str().as_encoded_bytes().into()]),
            "not inside",
        ),
        (with(|o| o.paths = paths(&["../up"])), "../up"),
    ] {
        let Err(error) = repo.commits(&options) else {
            panic!("{options:?} was taken");
        };
        let report = error.report();
        assert!(report.contains(named), "{named}: {report}");
        assert!(!report.contains("input="), "{report}");
    }
}

#[test]
fn revision_errors_name_no_parser() {
    let fixture = crossed();
    let repo = fixture.open();
    for (revision, reason) in [
        ("absent", "no branch, tag or commit has this name"),
        ("main..absent", "no branch, tag or commit has this name"),
        ("", "it is empty"),
        ("main~999", "ancestor number 999 is out of range"),
        ("main^9", "parent number 9 is out of range"),
        (":/nothing like this", "no commit has a message"),
        ("main:absent", "names a file or directory"),
        ("main@{", "not written as a revision"),
    ] {
        let options = with(|o| o.rev = texts(&[revision]));
        let Err(error) = repo.commits(&options) else {
            panic!("{revision} was taken");
        };
        let report = error.report();
        assert_eq!(error.kind(), gitfleet::ErrorKind::RevisionNotFound);
        assert!(report.contains(reason), "{report}");
        for jargon in ["input=", "elegate", "couldn't parse", "NotFound"] {
            assert!(!report.contains(jargon), "{report}");
        }
    }
}
