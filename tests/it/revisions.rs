//! Revisions and ranges, beside git.

use std::fs;

use gitfleet::git::HistoryOptions;

use crate::refs::{FORMATS, made};
use crate::support::{git_text, hermetic};

#[test]
fn revisions_equal_gits_in_every_format() {
    for (refs, hash) in FORMATS {
        let fixture = made(refs, hash);
        let repo = fixture.open();
        let full = git_text(fixture.path(), ["rev-parse", "side"]);
        let mut revisions: Vec<String> = [
            "HEAD",
            "@",
            "main",
            "heads/main",
            "refs/heads/main",
            "side",
            "alias",
            "light",
            "v1",
            "v1-signed",
            "tags/v1",
            "HEAD~2",
            "HEAD^2",
            "HEAD^2~1",
            "HEAD^^",
            "v1^{}",
            "v1^{commit}",
            "v1-signed^0",
            "origin",
            "origin/main",
            "@{u}",
            "main@{upstream}",
            ":/^fix",
            ":/fix",
            ":/^on the",
            "HEAD^{/^c}",
            "HEAD^{/fix}",
            "HEAD^{/^two.*inside}",
            "HEAD^{/t.*more}",
            "HEAD^{/!-merge}",
            "HEAD^{/}",
            "v1-0-g",
            "absent",
            "tree",
            "HEAD:",
            "HEAD~99",
            "HEAD^9",
            ":/no such text",
            "HEAD^{tree}",
            "dangling",
            "@{99}",
            "main@{nonsense",
            "main~x",
            "@^",
            "@~1^2",
            "@@{u}",
            "main@{U}",
            "local@{u}",
            "local@{push}",
            "HEAD~99999999999",
            "~1",
            "^2",
            "HEAD^{tree",
            "HEAD^{blob}",
            "v1^{tag}",
            "v1^{object}",
            "HEAD^{nonsense}",
            "HEAD^{/fix:}",
            "HEAD^{/!merge}",
            "HEAD^{/!!}",
            "abcdef12",
            "fix-1-gabcdef12",
            "ABCDEF12",
            "deadbeef-side",
            "heads//main",
            "/main",
            "main/",
            "HEAD:absent",
            "absent:file",
            ":file",
            "main@{",
            "main@{}",
            "@{}",
            "@{-0}",
            "main@{-1}",
        ]
        .map(str::to_owned)
        .to_vec();
        if refs == "files" {
            let logs = [
                "HEAD@{1}",
                "main@{1}",
                "@{0}",
                "@{-1}",
                "HEAD@{3}",
                "side@{0}",
                "v1@{0}",
                "@@{1}",
                "@{-1}@{0}",
                "@{-1}^",
                "@{-2}",
                "@{-9}",
                "alias@{0}",
                "main@{99}",
                "@{1}~1^{}",
                "main@{2 years ago}",
                "@{yesterday 12:00}",
                "main@{1700000070}",
                "origin@{0}",
            ];
            revisions.extend(logs.map(str::to_owned));
            revisions.push("main@{2000-01-01 00:00:00 +0000}".to_owned());
        }
        revisions.extend([full[..7].to_owned(), full[..12].to_owned(), full.clone()]);
        revisions.push(format!("v1-1-g{}", &full[..9]));
        for revision in revisions {
            // git 2.46 to 2.48 search the oldest ref first; everything is reachable from HEAD here.
            let asked = match revision.strip_prefix(":/") {
                Some(text) => format!("HEAD^{{/{text}}}"),
                None => revision.clone(),
            };
            let theirs = hermetic("git")
                .args(["rev-parse", "-q", "--verify"])
                .arg(format!("{asked}^{{commit}}"))
                .current_dir(fixture.path())
                .output()
                .unwrap();
            let theirs = String::from_utf8_lossy(&theirs.stdout).trim().to_owned();
            let found = repo.rev_parse(&revision).map(|id| id.to_string());
            assert_eq!(
                found.as_deref().unwrap_or_default(),
                theirs,
                "{refs} {hash} {revision} {found:?}"
            );
        }
    }
}

#[test]
fn ranges_equal_gits() {
    let fixture = made("files", "sha1");
    for range in [
        "HEAD~1..HEAD",
        "HEAD~2..",
        "..side",
        "side...main",
        "HEAD^-",
        "HEAD^-1",
        "HEAD^-2",
        "HEAD~1^-",
        "HEAD~1^-1",
        "main~2^-",
        "HEAD^2^-",
        "v1^-",
        "@{u}^-",
        "HEAD^@",
        "HEAD~1^@",
        "HEAD^!",
        "HEAD~1^!",
        "HEAD^{/fix}..HEAD",
        "HEAD^{/a..b}..HEAD",
        "HEAD^-3",
        "HEAD^-0",
        "HEAD^-x",
        "^HEAD~1",
        "^HEAD~1..HEAD",
        "^HEAD^!",
        "..",
        "absent..main",
        "HEAD~3^-",
        "HEAD~3^@",
        "HEAD~3^!",
    ] {
        let theirs = hermetic("git")
            .args(["rev-list", range, "--"])
            .current_dir(fixture.path())
            .output()
            .unwrap();
        let theirs = theirs.status.success().then(|| {
            let text = String::from_utf8(theirs.stdout).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        });
        let mut options = HistoryOptions::new();
        options.rev = vec![range.to_owned()];
        let ours = fixture.open().commits(&options).and_then(|commits| {
            commits
                .map(|commit| Ok(commit?.id.to_string()))
                .collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(ours.as_ref().ok(), theirs.as_ref(), "{range} {ours:?}");
    }
}

#[test]
fn revisions_without_end_are_refused() {
    let fixture = made("files", "sha1");
    let log = fixture.path().join(".git/logs/HEAD");
    let id = git_text(fixture.path(), ["rev-parse", "HEAD"]);
    let line = format!("{id} {id} A <a@b> 1 +0000\tcheckout: moving from @{{-1}} to x\n");
    fs::write(log, line).unwrap();
    let repo = fixture.open();
    let long = format!("HEAD{}", "^0".repeat(100_000));
    for revision in ["@{-1}", "@{-1}@{u}", "@{-1}^", &long] {
        assert!(repo.rev_parse(revision).is_err());
    }
    assert!(repo.rev_parse(":/[a..b]").is_ok());
    let long = format!("HEAD{}", "^0".repeat(400));
    assert_eq!(repo.rev_parse(&long).unwrap().to_string(), id);
}
