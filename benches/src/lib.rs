//! What both sides of a benchmark need: a repository, and libgit2's answers.
//!
//! `BENCH_REPO` names the repository; without it this one is used.

use std::path::PathBuf;

/// The repository to measure on.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("BENCH_REPO").map_or(here, PathBuf::from)
}

/// Lines added and deleted in all of history, as libgit2 counts them: no renames, merges as nothing.
///
/// # Panics
///
/// If libgit2 cannot read the repository.
pub fn git2_line_counts(path: &std::path::Path) -> (u64, u64) {
    let repo = git2::Repository::open(path).expect("BENCH_REPO is a repository");
    let mut walk = repo.revwalk().expect("history can be walked");
    walk.push_head().expect("HEAD exists");
    let mut sums = (0, 0);
    for id in walk {
        let commit = repo
            .find_commit(id.expect("history is whole"))
            .expect("commit exists");
        if commit.parent_count() > 1 {
            continue;
        }
        let old = commit
            .parent(0)
            .ok()
            .map(|parent| parent.tree().expect("tree exists"));
        let new = commit.tree().expect("tree exists");
        let diff = repo
            .diff_tree_to_tree(old.as_ref(), Some(&new), None)
            .expect("trees differ");
        let stats = diff.stats().expect("blobs exist");
        sums.0 += stats.insertions() as u64;
        sums.1 += stats.deletions() as u64;
    }
    sums
}

/// Lines of `file` that libgit2 attributes to some commit.
///
/// # Panics
///
/// If libgit2 cannot read the repository or the file.
pub fn git2_blamed_lines(path: &std::path::Path, file: &str) -> usize {
    let repo = git2::Repository::open(path).expect("BENCH_REPO is a repository");
    let blame = repo
        .blame_file(file.as_ref(), None)
        .expect("the file exists");
    blame.iter().map(|hunk| hunk.lines_in_hunk()).sum()
}
