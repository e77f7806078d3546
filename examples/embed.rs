//! A Rust program that uses the library: commits, added lines and surviving lines of each author.
//!
//! `cargo run --example embed -- PATH`
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program may print; the library does not"
)]

use std::collections::BTreeMap;

use gitfleet::git::{BlameOptions, HistoryOptions, OpenOptions, Repo};

#[derive(Default)]
struct Share {
    commits: u64,
    added: u64,
    surviving: u64,
}

fn main() -> gitfleet::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let repo = Repo::open(&path, &OpenOptions::default())?;
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();

    for commit in repo.commits(&HistoryOptions::new())? {
        let commit = commit?;
        let share = shares.entry(commit.author.name.to_string()).or_default();
        share.commits += 1;
        // Counts are missing only where a partial clone lacks a blob.
        share.added += commit.additions().unwrap_or(0);
    }
    for file in repo.blame(&BlameOptions::new())? {
        let file = file?;
        match file.rows {
            Ok(rows) => {
                for row in rows {
                    shares
                        .entry(row.author.name.to_string())
                        .or_default()
                        .surviving += u64::from(row.line_count);
                }
            }
            Err(error) => eprintln!("{}: {}", file.path, error.report()),
        }
    }
    println!(
        "{:>8} {:>10} {:>10}  author",
        "commits", "added", "surviving"
    );
    for (author, share) in shares {
        println!(
            "{:>8} {:>10} {:>10}  {author}",
            share.commits, share.added, share.surviving
        );
    }
    Ok(())
}
