//! Repositories made by git from random operations: every change of every commit must equal git's.

mod blame;
mod histories;

use std::path::Path;

use gitfleet::git::{Change, ChangeKind, DiffMerges, HistoryOptions, LineCounts, Order, Renames};
use proptest::prelude::*;

use crate::support::{Fixture, git};

pub(crate) use histories::import;
use histories::{Step, script, step};

fn options() -> impl Strategy<Value = HistoryOptions> {
    let renames =
        prop_oneof![3 => Just(Renames::On), 1 => Just(Renames::Off), 2 => Just(Renames::Copies)];
    let merges = prop::sample::select(vec![
        DiffMerges::None,
        DiffMerges::FirstParent,
        DiffMerges::Separate,
    ]);
    let path = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["d", "e/f", "*.txt", ":!d", "Makefile"]),
    );
    (renames, merges, any::<bool>(), any::<bool>(), path).prop_map(
        |(renames, merges, topo, first_parent, path)| {
            HistoryOptions::new()
                .renames(renames)
                .diff_merges(Some(merges))
                .order(if topo { Order::Topo } else { Order::Date })
                .first_parent(first_parent)
                .paths(path.into_iter().collect::<Vec<&str>>())
        },
    )
}

/// A change as git prints it with `--raw --numstat`.
#[derive(Debug, Eq, PartialEq)]
struct Line {
    raw: String,
    paths: Vec<Vec<u8>>,
    counts: String,
}

fn git_lines(path: &Path, options: &HistoryOptions) -> Vec<(String, Vec<Line>)> {
    let mut args: Vec<String> = [
        "log",
        "--raw",
        "--numstat",
        "-z",
        "--no-abbrev",
        "--format=%x01%H",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut add = |arg: &str| args.push(arg.to_owned());
    add(match options.renames {
        Renames::On => "-M",
        Renames::Copies => "-C",
        _ => "--no-renames",
    });
    add(match options.diff_merges {
        Some(DiffMerges::FirstParent) => "--diff-merges=first-parent",
        Some(DiffMerges::Separate) => "--diff-merges=separate",
        _ => "--diff-merges=off",
    });
    if options.order == Order::Topo {
        add("--topo-order");
    }
    if options.first_parent {
        add("--first-parent");
    }
    add("main");
    add("--");
    for path in &options.paths {
        add(std::str::from_utf8(path).unwrap());
    }
    let output = git(path, &args);
    let mut commits: Vec<(String, Vec<Line>)> = Vec::new();
    let mut raws = std::collections::VecDeque::new();
    let mut fields = output.split(|&byte| byte == 0);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while let Some(field) = fields.next() {
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        if let Some(id) = field.strip_prefix(b"\x01") {
            if commits.last().is_none_or(|(last, _)| last.as_bytes() != id) {
                commits.push((text(id), Vec::new()));
            }
        } else if field.starts_with(b":") {
            let raw = text(field);
            let count = if raw.contains(" R") || raw.contains(" C") {
                2
            } else {
                1
            };
            let paths = (0..count)
                .map(|_| fields.next().unwrap().to_vec())
                .collect();
            raws.push_back((raw, paths));
        } else if !field.is_empty() {
            let counts: Vec<&[u8]> = field.splitn(3, |&byte| byte == b'\t').collect();
            let (raw, paths): (String, Vec<Vec<u8>>) = raws.pop_front().unwrap();
            if paths.len() > 1 {
                fields.by_ref().take(2).for_each(drop); // the same paths again
            }
            let counts = format!("{} {}", text(counts[0]), text(counts[1]));
            commits
                .last_mut()
                .unwrap()
                .1
                .push(Line { raw, paths, counts });
        }
    }
    assert!(raws.is_empty());
    commits
}

fn our_line(change: &Change) -> Line {
    let zero = "0".repeat(40);
    let id = |id: Option<gitfleet::git::ObjectId>| id.map_or(zero.clone(), |id| id.to_string());
    let letter = match change.kind {
        ChangeKind::Added => "A",
        ChangeKind::Deleted => "D",
        ChangeKind::Modified => "M",
        ChangeKind::Renamed => "R",
        ChangeKind::Copied => "C",
        ChangeKind::TypeChanged => "T",
        _ => unreachable!(),
    };
    let score = change
        .similarity
        .map_or(String::new(), |percent| format!("{percent:03}"));
    let raw = format!(
        ":{} {} {} {} {letter}{score}",
        change.old_mode.unwrap_or("000000"),
        change.new_mode.unwrap_or("000000"),
        id(change.old_blob_id),
        id(change.new_blob_id),
    );
    let counts = match change.counts {
        LineCounts::Lines {
            additions,
            deletions,
        } => format!("{additions} {deletions}"),
        LineCounts::Binary => "- -".to_owned(),
        _ => "missing".to_owned(),
    };
    let paths = change
        .old_path
        .iter()
        .chain([&change.path])
        .map(|path| path.to_vec())
        .collect();
    Line { raw, paths, counts }
}

fn check(steps: &[Step], options: &HistoryOptions) {
    let fixture = Fixture::empty();
    import(fixture.path(), &script(steps));
    let theirs = git_lines(fixture.path(), options);
    let mut options = options.clone();
    options.rev = vec!["main".to_owned()];
    let commits = fixture.open().commits(&options).unwrap();
    let ours: Vec<(String, Vec<Line>)> = commits
        .map(|commit| commit.unwrap())
        .map(|commit| {
            (
                commit.id.to_string(),
                commit.changes.iter().map(our_line).collect(),
            )
        })
        .collect();
    pretty_eq(&ours, &theirs);
}

/// Fails at the first commit that differs.
fn pretty_eq(ours: &[(String, Vec<Line>)], theirs: &[(String, Vec<Line>)]) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len(), "number of commits");
}

/// 130 repositories per test; the tests run in parallel.
macro_rules! generated {
    ($($name:ident)*) => {
        proptest! {
            #![proptest_config(ProptestConfig {
                cases: 130,
                failure_persistence: None,
                max_shrink_iters: 300,
                ..ProptestConfig::default()
            })]
            $(
                #[test]
                fn $name(steps in prop::collection::vec(step(), 1..14), options in options()) {
                    check(&steps, &options);
                }
            )*
        }
    };
}

generated!(changes_are_gits_a changes_are_gits_b changes_are_gits_c changes_are_gits_d);
