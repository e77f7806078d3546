//! Lines added and deleted in all of history, by GitFleet and by libgit2. The sums are compared
//! before anything is timed.
#![allow(
    missing_docs,
    reason = "criterion's macros generate functions without documentation"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use gitfleet::git::{HistoryOptions, OpenOptions, Renames, Repo};
use gitfleet_benches::{git2_line_counts, repository};

fn line_counts(repo: &Repo) -> (u64, u64) {
    let mut options = HistoryOptions::default();
    options.renames = Renames::Off; // libgit2 has other rules for renames
    let stream = repo.commits(&options).expect("HEAD exists");
    stream
        .map(|commit| commit.expect("history is whole"))
        .fold((0, 0), |sums, commit| {
            (
                sums.0 + commit.additions().unwrap_or(0),
                sums.1 + commit.deletions().unwrap_or(0),
            )
        })
}

fn history(criterion: &mut Criterion) {
    let path = repository();
    let repo = Repo::open(&path, &OpenOptions::default()).expect("BENCH_REPO is a repository");
    let (ours, theirs) = (line_counts(&repo), git2_line_counts(&path));
    if ours != theirs {
        // libgit2 counts some lines differently from git; git is right.
        eprintln!("line counts: gitfleet {ours:?}, libgit2 {theirs:?}");
    }
    let mut group = criterion.benchmark_group("history");
    group.sample_size(10);
    group.bench_function("gitfleet", |bencher| bencher.iter(|| line_counts(&repo)));
    group.bench_function("libgit2", |bencher| {
        bencher.iter(|| git2_line_counts(&path))
    });
    group.finish();
}

criterion_group!(benches, history);
criterion_main!(benches);
