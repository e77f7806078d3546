//! Shared code of the benchmarks: the repository, and the answers of libgit2 and gix.
//!
//! `BENCH_REPO` names the repository; the default is this one.

use std::path::{Path, PathBuf};

/// The repository to measure on.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("BENCH_REPO").map_or(here, PathBuf::from)
}

/// The lines added and deleted in all of history, as libgit2 counts them: without renames, and with
/// no lines for merges.
///
/// # Panics
///
/// If libgit2 cannot read the repository.
pub fn git2_line_counts(path: &Path) -> (u64, u64) {
    let mut sums = (0, 0);
    git2_each_commit(path, |_, additions, deletions| {
        sums.0 += additions;
        sums.1 += deletions;
    });
    sums
}

/// Calls `visit` with each commit's id, lines added and lines deleted, counted as in
/// [`git2_line_counts`].
///
/// # Panics
///
/// If libgit2 cannot read the repository.
pub fn git2_each_commit(path: &Path, mut visit: impl FnMut(git2::Oid, u64, u64)) {
    let repo = git2::Repository::open(path).expect("BENCH_REPO is a repository");
    let mut walk = repo.revwalk().expect("history can be walked");
    walk.push_head().expect("HEAD exists");
    for id in walk {
        let id = id.expect("history is whole");
        let commit = repo.find_commit(id).expect("commit exists");
        if commit.parent_count() > 1 {
            visit(id, 0, 0);
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
        visit(id, stats.insertions() as u64, stats.deletions() as u64);
    }
}

/// The number of lines of `file` that libgit2 attributes to a commit.
///
/// # Panics
///
/// If libgit2 cannot read the repository or the file.
pub fn git2_blamed_lines(path: &Path, file: &str) -> usize {
    let repo = git2::Repository::open(path).expect("BENCH_REPO is a repository");
    let blame = repo
        .blame_file(file.as_ref(), None)
        .expect("the file exists");
    blame.iter().map(|hunk| hunk.lines_in_hunk()).sum()
}

/// Runs of lines of one file: first line (from 1), number of lines, commit id.
pub type Hunks = Vec<(usize, usize, String)>;

/// An error of libgit2 or gix.
pub type RivalError = Box<dyn std::error::Error>;

/// Blames a file at `HEAD` with libgit2.
///
/// # Errors
///
/// Any error of libgit2.
pub fn git2_blame(repo: &Path, file: &str) -> Result<Hunks, RivalError> {
    let repo = git2::Repository::open(repo)?;
    let blame = repo.blame_file(Path::new(file), None)?;
    let hunks = blame.iter().map(|hunk| {
        let commit = hunk.final_commit_id().to_string();
        (hunk.final_start_line(), hunk.lines_in_hunk(), commit)
    });
    Ok(hunks.collect())
}

/// Blames a file at `HEAD` with gix.
///
/// # Errors
///
/// Any error of gix.
pub fn gix_blame(repo: &Path, file: &str) -> Result<Hunks, RivalError> {
    let repo = gix::open(repo)?;
    let head = repo.head_id()?.detach();
    let outcome = repo.blame_file(
        file.into(),
        head,
        gix::repository::blame_file::Options::default(),
    )?;
    let hunks = outcome.entries.iter().map(|entry| {
        let start = entry.start_in_blamed_file as usize + 1;
        (start, entry.len.get() as usize, entry.commit_id.to_string())
    });
    Ok(hunks.collect())
}
