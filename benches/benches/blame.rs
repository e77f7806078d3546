//! Blame of one file by GitFleet and by libgit2, and of every file by GitFleet. The numbers of
//! lines are compared before anything is timed.
#![allow(
    missing_docs,
    reason = "criterion's macros generate functions without documentation"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use gitfleet::git::{BlameOptions, OpenOptions, Repo};
use gitfleet_benches::{git2_blamed_lines, repository};

const FILE: &str = "README.md";

fn blamed_lines(repo: &Repo, paths: Option<Vec<Vec<u8>>>) -> usize {
    let options =
        BlameOptions::new().paths(paths.map(|paths| paths.into_iter().map(Into::into).collect()));
    let files = repo.blame(&options).expect("HEAD exists");
    let rows = files.flat_map(|file| file.expect("history is whole").rows.unwrap_or_default());
    rows.map(|row| row.line_count as usize).sum()
}

fn blame(criterion: &mut Criterion) {
    let path = repository();
    let repo = Repo::open(&path, &OpenOptions::default()).expect("BENCH_REPO is a repository");
    let one = || Some(vec![FILE.as_bytes().to_vec()]);
    assert_eq!(
        blamed_lines(&repo, one()),
        git2_blamed_lines(&path, FILE),
        "lines of {FILE}"
    );
    let mut group = criterion.benchmark_group("blame");
    group.sample_size(10);
    group.bench_function("gitfleet, every file", |bencher| {
        bencher.iter(|| blamed_lines(&repo, None))
    });
    group.bench_function("gitfleet, one file", |bencher| {
        bencher.iter(|| blamed_lines(&repo, one()))
    });
    group.bench_function("libgit2, one file", |bencher| {
        bencher.iter(|| git2_blamed_lines(&path, FILE))
    });
    group.finish();
}

criterion_group!(benches, blame);
criterion_main!(benches);
