//! Prints `path,line,commit_id` of each line of some files at HEAD, as libgit2 or gix blames them.
//! `benches/compare_blame.py` times it.

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [engine, repo, files @ ..] = args.as_slice() else {
        return Err("usage: rival-blame libgit2|gix REPO FILE...".into());
    };
    let blame = match engine.as_str() {
        "libgit2" => gitfleet_benches::git2_blame,
        "gix" => gitfleet_benches::gix_blame,
        _ => return Err(format!("unknown engine `{engine}`; use libgit2 or gix").into()),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "path,line,commit_id")?;
    for file in files {
        for (start, count, commit) in blame(repo.as_ref(), file)? {
            for line in start..start + count {
                writeln!(out, "\"{}\",{line},{commit}", file.replace('"', "\"\""))?;
            }
        }
    }
    Ok(())
}
