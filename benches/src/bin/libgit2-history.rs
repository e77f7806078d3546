//! Prints `commit_id,additions,deletions` of each commit that HEAD reaches, as libgit2 counts them.
//! `benches/compare.py` times it.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: libgit2-history REPO")?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "commit_id,additions,deletions")?;
    gitfleet_benches::git2_each_commit(path.as_ref(), |id, additions, deletions| {
        writeln!(out, "{id},{additions},{deletions}").expect("standard output is open");
    });
    Ok(())
}
