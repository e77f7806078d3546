//! Content that a partial clone lacks, fetched before a job reads it.

use gitfleet::Context;
use gitfleet::git::{BlameOptions, HistoryOptions, Repo};
use gitfleet::remote::{CloneOptions, Filter, PrefetchFor, Worktree, prefetch};

use super::clone;
use super::clone::served;
use crate::support::open;

fn counts(repo: &Repo) -> Vec<(String, Option<u64>)> {
    let commits = repo.commits(&HistoryOptions::new()).unwrap();
    let commits = commits.map(|commit| commit.unwrap());
    commits
        .map(|commit| (commit.id.to_string(), commit.additions()))
        .collect()
}

#[test]
fn prefetch_completes_what_a_job_reads() {
    for filter in [Filter::Blobs, Filter::Trees] {
        let (root, server) = served("blame");
        let ours = root.path().join("ours");
        let options = CloneOptions::new().worktree(Worktree::Bare).filter(filter);
        clone(&server.url("repo"), &ours, &options).unwrap();
        let (ours, whole) = (open(&ours), open(&root.path().join("repo")));
        let before = server.connections();
        for job in [
            PrefetchFor::Commits(HistoryOptions::new()),
            PrefetchFor::Blame(BlameOptions::new()),
        ] {
            prefetch(&ours, &job, &options, &Context::new()).unwrap();
        }
        assert!(server.connections() > before);
        assert_eq!(counts(&ours), counts(&whole));
        let blamed = |repo: &Repo| {
            let files = repo.blame(&BlameOptions::new()).unwrap();
            let files = files.map(|file| file.unwrap());
            files
                .map(|file| (file.path.to_string(), file.rows.unwrap().len()))
                .collect::<Vec<_>>()
        };
        assert_eq!(blamed(&ours), blamed(&whole));
        let again = PrefetchFor::Commits(HistoryOptions::new());
        assert_eq!(
            prefetch(&ours, &again, &options, &Context::new()).unwrap(),
            0
        );
    }
}

#[test]
fn prefetch_of_a_whole_clone_asks_for_nothing() {
    let (root, server) = served("history");
    let ours = root.path().join("ours");
    let options = CloneOptions::new().worktree(Worktree::Bare);
    clone(&server.url("repo"), &ours, &options).unwrap();
    let before = server.connections();
    let job = PrefetchFor::Commits(HistoryOptions::new());
    let count = prefetch(&open(&ours), &job, &options, &Context::new()).unwrap();
    assert_eq!((count, server.connections()), (0, before));
}
