//! Commits and changes, compared with `git log`.

use std::collections::HashMap;

use gitfleet::GitString;
use gitfleet::git::{
    Change, ChangeKind, Commit, DiffMerges, HistoryOptions, LineCounts, MissingBlobs, OpenOptions,
    Renames, Repo,
};
use gitfleet::{CancelToken, Context, ErrorKind, Workers};

use crate::support::{Fixture, first_pack, git, git_text};

fn commits(repo: &Repo, options: &HistoryOptions) -> Vec<Commit> {
    repo.commits(options)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// An entry of `--numstat -z`: (added, deleted, old path, path).
type Entry = (String, String, Option<Vec<u8>>, Vec<u8>);

fn git_numstat(
    fixture: &Fixture,
    renames: Renames,
    merges: DiffMerges,
) -> Vec<(String, Vec<Entry>)> {
    let renames = if renames == Renames::On {
        "-M"
    } else {
        "--no-renames"
    };
    let merges = match merges {
        DiffMerges::FirstParent => "--diff-merges=first-parent",
        DiffMerges::Separate => "--diff-merges=separate",
        _ => "--diff-merges=off",
    };
    let output = git(
        fixture.path(),
        [
            "log",
            "--numstat",
            "-z",
            "--format=%x01%H",
            renames,
            merges,
            "HEAD",
        ],
    );
    let mut found: Vec<(String, Vec<Entry>)> = Vec::new();
    let mut fields = output.split(|&byte| byte == 0);
    while let Some(field) = fields.next() {
        let field = field.strip_prefix(b"\n").unwrap_or(field);
        if let Some(id) = field.strip_prefix(b"\x01") {
            let id = String::from_utf8(id.to_vec()).unwrap();
            // With `separate` a merge is printed once per parent.
            if found.last().is_none_or(|(last, _)| *last != id) {
                found.push((id, Vec::new()));
            }
            continue;
        }
        let mut parts = field.splitn(3, |&byte| byte == b'\t');
        let (Some(added), Some(deleted), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let entry = if path.is_empty() {
            let (old, new) = (
                fields.next().unwrap().to_vec(),
                fields.next().unwrap().to_vec(),
            );
            (text(added), text(deleted), Some(old), new)
        } else {
            (text(added), text(deleted), None, path.to_vec())
        };
        found.last_mut().unwrap().1.push(entry);
    }
    found
}

fn our_entry(change: &Change) -> Entry {
    let (added, deleted) = match change.counts {
        LineCounts::Lines {
            additions,
            deletions,
        } => (additions.to_string(), deletions.to_string()),
        LineCounts::Binary => ("-".to_owned(), "-".to_owned()),
        _ => ("missing".to_owned(), "missing".to_owned()),
    };
    (
        added,
        deleted,
        change.old_path.clone().map(GitString::into_bytes),
        change.path.to_vec(),
    )
}

#[test]
fn line_counts_equal_gits_under_every_policy() {
    for name in ["history", "blame", "sha256"] {
        let fixture = Fixture::make(name, &[]);
        let repo = fixture.open();
        for renames in [Renames::On, Renames::Off] {
            for merges in [
                DiffMerges::None,
                DiffMerges::FirstParent,
                DiffMerges::Separate,
            ] {
                let options = HistoryOptions::new()
                    .renames(renames)
                    .diff_merges(Some(merges));
                let ours: Vec<(String, Vec<Entry>)> = commits(&repo, &options)
                    .iter()
                    .map(|commit| {
                        (
                            commit.id.to_string(),
                            commit.changes.iter().map(our_entry).collect(),
                        )
                    })
                    .collect();
                let theirs = git_numstat(&fixture, renames, merges);
                assert_eq!(ours, theirs, "{name}, {renames:?}, {merges:?}");
            }
        }
    }
}

#[test]
fn change_modes_ids_and_kinds_equal_gits() {
    let fixture = Fixture::make("history", &[]);
    let ours: Vec<String> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .flat_map(|commit| &commit.changes)
        .map(|change| {
            let zero = "0".repeat(40);
            let id = |id: &Option<gitfleet::git::ObjectId>| {
                id.map_or_else(|| zero.clone(), |id| id.to_string())
            };
            let letter = match change.kind {
                ChangeKind::Added => "A".to_owned(),
                ChangeKind::Modified => "M".to_owned(),
                ChangeKind::Deleted => "D".to_owned(),
                ChangeKind::TypeChanged => "T".to_owned(),
                ChangeKind::Renamed => format!("R{:03}", change.similarity.unwrap()),
                other => panic!("unknown kind {other:?}"),
            };
            let (old_mode, new_mode) = (
                change.old_mode.unwrap_or("000000"),
                change.new_mode.unwrap_or("000000"),
            );
            format!(
                ":{old_mode} {new_mode} {} {} {letter}",
                id(&change.old_blob_id),
                id(&change.new_blob_id)
            )
        })
        .collect();
    let output = git(
        fixture.path(),
        [
            "log",
            "--raw",
            "--no-abbrev",
            "-M",
            "-z",
            "--format=",
            "HEAD",
        ],
    );
    let theirs: Vec<String> = output
        .split(|&byte| byte == 0)
        .filter(|field| field.starts_with(b":"))
        .map(|field| String::from_utf8(field.to_vec()).unwrap())
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn commit_metadata_equals_gits() {
    let fixture = Fixture::make("history", &[]);
    for (raw, format) in [
        (
            true,
            "%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%s%x00%B%x01",
        ),
        (
            false,
            "%H%x00%T%x00%P%x00%aN%x00%aE%x00%at%x00%cN%x00%cE%x00%ct%x00%s%x00%B%x01",
        ),
    ] {
        let options = HistoryOptions::new().mailmap(!raw);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ours: Vec<String> = commits(&fixture.open(), &options)
            .iter()
            .map(|commit| {
                let parents: Vec<String> =
                    commit.parent_ids.iter().map(ToString::to_string).collect();
                [
                    commit.id.to_string(),
                    commit.tree_id.to_string(),
                    parents.join(" "),
                    text(&commit.author.name),
                    text(&commit.author.email),
                    commit.author.time.seconds.to_string(),
                    text(&commit.committer.name),
                    text(&commit.committer.email),
                    commit.committer.time.seconds.to_string(),
                    text(&commit.summary),
                    text(&commit.message),
                ]
                .join("\0")
            })
            .collect();
        let output = git_text(
            fixture.path(),
            ["log", &format!("--format={format}"), "HEAD"],
        );
        let theirs: Vec<String> = output
            .split('\x01')
            .map(|record| record.trim_start_matches('\n').to_owned())
            .filter(|record| !record.is_empty())
            .collect();
        assert_eq!(ours, theirs, "raw identities: {raw}");
    }
    let offsets: Vec<i32> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .map(|commit| commit.author.time.offset_minutes)
        .collect();
    assert!(offsets.contains(&120), "{offsets:?}");
}

#[test]
fn history_filters_choose_the_commits_git_chooses() {
    let fixture = Fixture::make("history", &[]);
    let repo = fixture.open();
    let since = 1_100_000_600;
    let ids = |options: &HistoryOptions| {
        commits(&repo, options)
            .iter()
            .map(|commit| commit.id.to_string())
            .collect::<Vec<_>>()
    };
    let theirs = |args: &[&str]| -> Vec<String> {
        let args = [&["log", "--format=%H"], args].concat();
        git_text(fixture.path(), args)
            .lines()
            .map(str::to_owned)
            .collect()
    };
    let options = HistoryOptions::new().max_count(Some(3));
    assert_eq!(ids(&options), theirs(&["-3"]));
    let options = HistoryOptions::new().first_parent(true);
    assert_eq!(ids(&options), theirs(&["--first-parent"]));
    let options = HistoryOptions::new().since(Some(since));
    assert_eq!(ids(&options), theirs(&[&format!("--since=@{since}")]));
    let options = HistoryOptions::new()
        .until(Some(since))
        .rev(vec!["side".to_owned()]);
    assert_eq!(
        ids(&options),
        theirs(&[&format!("--until=@{since}"), "side"])
    );
}

#[test]
fn first_parent_compares_merges_with_their_first_parent() {
    let fixture = Fixture::make("history", &[]);
    let options = HistoryOptions::new().first_parent(true);
    let total: u64 = commits(&fixture.open(), &options)
        .iter()
        .map(|commit| commit.additions().unwrap())
        .sum();
    let output = git_text(
        fixture.path(),
        ["log", "--first-parent", "--numstat", "--format="],
    );
    let theirs: u64 = output
        .lines()
        .filter_map(|line| line.split('\t').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(total, theirs);
}

#[test]
fn shallow_clone_ends_at_its_boundary() {
    let full = Fixture::make("history", &[]);
    let shallow = Fixture::make("shallow", &[full.path().as_os_str()]);
    let repo = shallow.open();
    assert!(repo.is_shallow().unwrap());
    let ours: HashMap<String, Option<u64>> = commits(&repo, &HistoryOptions::default())
        .iter()
        .map(|commit| (commit.id.to_string(), commit.additions()))
        .collect();
    let theirs = git_numstat(&shallow, Renames::On, DiffMerges::None);
    assert_eq!(ours.len(), theirs.len());
    for (id, entries) in theirs {
        let added: u64 = entries
            .iter()
            .filter_map(|entry| entry.0.parse::<u64>().ok())
            .sum();
        assert_eq!(ours[&id], Some(added), "{id}");
    }
}

#[test]
fn history_is_the_same_for_any_number_of_threads() {
    let fixture = Fixture::make("history", &[]);
    let with = |threads| {
        let options = OpenOptions::new().workers(Some(Workers::new(threads).unwrap()));
        let repo = Repo::open(fixture.path(), &options).unwrap();
        commits(&repo, &HistoryOptions::default())
            .iter()
            .map(|commit| format!("{commit:?}"))
            .collect::<Vec<_>>()
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(8));
}

#[test]
fn history_ends_with_an_error_when_cancelled() {
    let fixture = Fixture::make("history", &[]);
    let cancel = CancelToken::new();
    let repo = fixture
        .open()
        .with_context(&Context::new().cancelled_by(&cancel));
    let mut stream = repo.commits(&HistoryOptions::default()).unwrap();
    assert!(stream.next().unwrap().is_ok());
    cancel.cancel();
    let rest: Vec<_> = stream.collect();
    assert_eq!(rest.len(), 1, "one error and nothing after it");
    assert_eq!(rest[0].as_ref().unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn missing_blob_gives_no_count_and_missing_tree_an_error() {
    let fixture = Fixture::make("sha256", &[]);
    let blob = git_text(fixture.path(), ["rev-parse", "HEAD~1:numbers"]);
    let object = |id: &str| {
        fixture
            .path()
            .join(".git/objects")
            .join(&id[..2])
            .join(&id[2..])
    };
    std::fs::remove_file(object(&blob)).unwrap();
    let counted: Vec<_> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .map(|commit| commit.additions())
        .collect();
    assert_eq!(counted, [None, None, Some(3)]);
    let strict = HistoryOptions::new().missing(MissingBlobs::Error);
    let stream = fixture.open().commits(&strict);
    let error = stream.unwrap().next().unwrap().unwrap_err();
    assert!(error.report().contains(&blob), "{error}");

    let tree = git_text(fixture.path(), ["rev-parse", "HEAD~1^{tree}"]);
    std::fs::remove_file(object(&tree)).unwrap();
    let stream = fixture.open().commits(&HistoryOptions::default()).unwrap();
    let last = stream.last().unwrap().unwrap_err();
    assert!(
        last.kind() == ErrorKind::Corrupt && last.report().contains(&tree),
        "{last}"
    );
}

#[test]
fn partial_clone_has_no_wrong_count() {
    let full = Fixture::make("history", &[]);
    let move_and_edit = "seq 1 100 > true_source; seq 1 60 > keep; seq 500 540 >> keep; git add -A; git commit -qm start; \
        git mv true_source destination; echo 101 >> destination; git rm -q keep; git commit -qam moved; git config uploadpack.allowFilter true";
    let shell = |fixture: &Fixture, script: &str| {
        let mut shell = crate::support::hermetic("sh");
        let status = shell.args(["-c", script]).current_dir(fixture.path());
        assert!(status.status().unwrap().success(), "{script}");
    };
    shell(&full, move_and_edit);
    let partial = Fixture::empty();
    // The checkout fetches the blobs of HEAD; blobs of earlier commits are missing.
    let clone = format!(
        "git clone -q --filter=blob:none 'file://{}' clone && git -C clone remote remove origin",
        full.path().display()
    );
    shell(&partial, &clone);
    let repo = crate::support::open(&partial.path().join("clone"));
    let whole: HashMap<String, Vec<Change>> = commits(&full.open(), &HistoryOptions::default())
        .into_iter()
        .map(|commit| (commit.id.to_string(), commit.changes))
        .collect();
    let mut missing = 0;
    for commit in commits(&repo, &HistoryOptions::default()) {
        for change in &commit.changes {
            if change.counts == LineCounts::Missing {
                missing += 1;
                continue;
            }
            let is_same =
                |other: &&Change| (&other.path, other.kind) == (&change.path, change.kind);
            let theirs = whole[&commit.id.to_string()].iter().find(is_same);
            assert_eq!(
                theirs.map(|other| other.counts),
                Some(change.counts),
                "{change:?}"
            );
        }
    }
    assert!(missing > 10, "{missing}");
}

#[test]
fn damaged_pack_is_an_error_and_not_missing_content() {
    let fixture = Fixture::make("history", &[]);
    fixture.git(["repack", "-adq"]);
    let packs = fixture.path().join(".git/objects/pack");
    let index = std::fs::read_dir(packs)
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|file| file.extension().is_some_and(|extension| extension == "idx"))
        .unwrap();
    // A commit outside the pack, on top of what is in it.
    fixture.git([
        "-c",
        "user.name=x",
        "-c",
        "user.email=x",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "loose",
    ]);
    let mut permissions = std::fs::metadata(&index).unwrap().permissions();
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "the directory is removed with the test"
    )]
    permissions.set_readonly(false);
    std::fs::set_permissions(&index, permissions).unwrap();
    let bytes = std::fs::read(&index).unwrap();
    std::fs::write(&index, &bytes[..bytes.len() / 2]).unwrap();
    let ended = crate::support::open(fixture.path())
        .commits(&HistoryOptions::default())
        .map(|stream| stream.last().unwrap().map(drop));
    let error = ended.and_then(|last| last).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", error.report());
}

#[test]
fn damaged_object_is_replaced_by_an_intact_copy() {
    let fixture = Fixture::make("history", &[]);
    let whole: Vec<String> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .map(|commit| format!("{commit:?}"))
        .collect();
    fixture.git(["repack", "-aq"]); // loose objects stay
    let pack = first_pack(fixture.path());
    let mut bytes = std::fs::read(&pack).unwrap();
    let end = bytes.len() - 20;
    bytes[12..end].fill(0x55);
    std::fs::remove_file(&pack).unwrap();
    std::fs::write(&pack, bytes).unwrap();
    let ours: Vec<String> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .map(|commit| format!("{commit:?}"))
        .collect();
    assert_eq!(ours, whole);
}

#[test]
fn attributes_are_not_for_symlinks() {
    let fixture = Fixture::empty();
    let script = "echo '*.lnk binary' > .gitattributes; ln -s one a.lnk; git add -A; git commit -qm 1; ln -sf two a.lnk; git commit -qam 2";
    let mut shell = crate::support::hermetic("sh");
    let status = shell
        .args(["-c", script])
        .current_dir(fixture.path())
        .status();
    assert!(status.unwrap().success());
    let ours: Vec<Vec<Entry>> = commits(&fixture.open(), &HistoryOptions::default())
        .iter()
        .map(|commit| commit.changes.iter().map(our_entry).collect())
        .collect();
    let theirs = git_numstat(&fixture, Renames::On, DiffMerges::None);
    assert_eq!(
        ours,
        theirs
            .into_iter()
            .map(|(_, entries)| entries)
            .collect::<Vec<_>>()
    );
}

#[test]
fn trees_may_be_nested_deeper_than_a_stack() {
    let fixture = Fixture::empty();
    let script = "blob=$(echo x | git hash-object -w --stdin); tree=$(printf '100644 blob %s\\tf\\n' $blob | git mktree); i=0; \
        while [ $i -lt 3000 ]; do tree=$(printf '040000 tree %s\\td\\n' $tree | git mktree); i=$((i + 1)); done; \
        git update-ref refs/heads/main $(git commit-tree -m deep $tree)";
    let made = crate::support::hermetic("sh")
        .arg("-c")
        .arg(script)
        .current_dir(fixture.path())
        .status()
        .unwrap();
    assert!(made.success());
    let found = commits(&fixture.open(), &HistoryOptions::default());
    assert_eq!(found[0].changes.len(), 1);
    assert_eq!(found[0].changes[0].path.len(), 2 * 3000 + 1);
}
