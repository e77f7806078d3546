//! Every line of every file of random histories must be blamed as git blames it.

use gitfleet::git::BlameOptions;
use proptest::prelude::*;
use proptest::sample::Index;

use super::histories::{Step, import, script, step};
use crate::support::blame::{blamed, git_lines, our_lines};
use crate::support::{Fixture, git, git_text};

/// The options of one blame. Commits are picked once the history exists.
#[derive(Clone, Debug)]
struct Question {
    revision: Option<Index>,
    excluded: Option<Index>,
    ignored: Vec<Index>,
    whitespace: bool,
    first_parent: bool,
    since: Option<i64>,
    /// One file instead of all.
    alone: Option<Index>,
    /// True if a commit-graph with changed paths is written.
    graph: bool,
}

fn question() -> impl Strategy<Value = Question> {
    let commit = any::<Index>;
    (
        prop::option::weighted(0.2, commit()),
        prop::option::weighted(0.2, commit()),
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(commit(), 1..6)],
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.15, 999_999_990i64..1_000_000_020),
        prop::option::weighted(0.3, commit()),
        any::<bool>(),
    )
        .prop_map(
            |(revision, excluded, ignored, whitespace, first_parent, since, alone, graph)| {
                Question {
                    revision,
                    excluded,
                    ignored,
                    whitespace,
                    first_parent,
                    since,
                    alone,
                    graph,
                }
            },
        )
}

fn check(steps: &[Step], question: &Question) {
    let fixture = Fixture::empty();
    import(fixture.path(), &script(steps));
    if question.graph {
        let write = ["commit-graph", "write", "--reachable", "--changed-paths"];
        git(fixture.path(), write);
    }
    let commits = git_text(fixture.path(), ["rev-list", "main"]);
    let commits: Vec<&str> = commits.lines().collect();
    let pick = |index: &Index| commits[index.index(commits.len())].to_owned();
    let (mut args, mut options) = (Vec::new(), BlameOptions::default());
    if question.whitespace {
        args.push("-w".to_owned());
        options.ignore_whitespace = true;
    }
    if question.first_parent {
        args.push("--first-parent".to_owned());
        options.first_parent = true;
    }
    if let Some(since) = question.since {
        args.push(format!("--max-age={since}"));
        options.since = Some(since);
    }
    for commit in &question.ignored {
        args.push(format!("--ignore-rev={}", pick(commit)));
        options.ignore_revs.push(pick(commit));
    }
    let tip = question.revision.as_ref().map_or("main".to_owned(), pick);
    let revision = match &question.excluded {
        Some(excluded) => format!("{}..{tip}", pick(excluded)),
        None => tip.clone(),
    };
    if git_text(fixture.path(), ["rev-list", "-n1", &revision]).is_empty() {
        return; // git refuses an empty range
    }
    args.push(revision.clone());
    options.rev = Some(revision);
    if let Some(alone) = &question.alone {
        let files = git(fixture.path(), ["ls-tree", "-r", "-z", &tip]);
        let is_file = |entry: &&[u8]| !entry.is_empty() && !entry.starts_with(b"160000");
        let files: Vec<&[u8]> = files.split(|&byte| byte == 0).filter(is_file).collect();
        if let Some(entry) = files.get(alone.index(files.len().max(1))) {
            let path = entry.splitn(2, |&byte| byte == b'\t').nth(1);
            options.paths = path.map(|path| vec![path.to_vec().into()]);
        }
    }
    for file in blamed(&fixture.open(), &options) {
        let theirs = git_lines(fixture.path(), &args, &file.path);
        let name = String::from_utf8_lossy(&file.path).into_owned();
        assert_eq!(our_lines(&file), theirs, "git blame {args:?} -- {name}");
    }
}

/// 100 repositories per test; the tests run in parallel.
macro_rules! generated {
    ($($name:ident)*) => {
        proptest! {
            #![proptest_config(ProptestConfig {
                cases: 100,
                failure_persistence: None,
                max_shrink_iters: 300,
                ..ProptestConfig::default()
            })]
            $(
                #[test]
                fn $name(steps in prop::collection::vec(step(), 1..14), question in question()) {
                    check(&steps, &question);
                }
            )*
        }
    };
}

generated!(blame_is_gits_a blame_is_gits_b blame_is_gits_c blame_is_gits_d);
