//! What both sides of a benchmark need: a repository, and libgit2's answers.
//!
//! `BENCH_REPO` names the repository; without it this one is used.

use std::path::{Path, PathBuf};

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
pub fn git2_line_counts(path: &Path) -> (u64, u64) {
    let mut sums = (0, 0);
    git2_each_commit(path, |_, additions, deletions| {
        sums.0 += additions;
        sums.1 += deletions;
    });
    sums
}

/// The same commit by commit: id, lines added, lines deleted.
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

/// Lines of `file` that libgit2 attributes to some commit.
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

/// First line from 1, number of lines, commit: runs of lines of one file.
pub type Hunks = Vec<(usize, usize, String)>;

/// What went wrong on the other side.
pub type RivalError = Box<dyn std::error::Error>;

/// A file at `HEAD` as libgit2 blames it.
///
/// # Errors
///
/// Whatever libgit2 reports.
pub fn git2_blame(repo: &Path, file: &str) -> Result<Hunks, RivalError> {
    let repo = git2::Repository::open(repo)?;
    let blame = repo.blame_file(Path::new(file), None)?;
    let hunks = blame.iter().map(|hunk| {
        let commit = hunk.final_commit_id().to_string();
        (hunk.final_start_line(), hunk.lines_in_hunk(), commit)
    });
    Ok(hunks.collect())
}

/// A file at `HEAD` as gix blames it.
///
/// # Errors
///
/// Whatever gix reports.
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
