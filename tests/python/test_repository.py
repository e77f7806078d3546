import datetime

import pytest

import gitfleet
from gitfleet.exceptions import InvalidInputError, PathNotFoundError, RevisionNotFoundError

UTC = datetime.timezone.utc


def porcelain(git, path, file):
    """(commit, original line) of each line, from git blame."""
    lines = git(path, "blame", "--incremental", "HEAD", "--", file).splitlines()
    found = {}
    for words in (line.split(" ") for line in lines):
        if len(words) == 4 and len(words[0]) in (40, 64) and words[1].isdigit():
            commit, source, final, count = words[0], *map(int, words[1:])
            for step in range(count):
                found[final + step] = (commit, source + step)
    return [found[line] for line in sorted(found)]


@pytest.mark.parametrize("file", ["file", "renamed", "dir/twin", "long", "unfinished", "link"])
def test_blame_names_the_commits_git_names(fixtures, git, file):
    path = fixtures["blame"]
    if not (path / file).exists():
        pytest.skip(f"{file} has moved on")
    rows = gitfleet.Repository(path).blame([file]).to_pylist()
    ours = [
        (row["commit_id"], row["orig_start_line"] + step)
        for row in rows
        for step in range(row["line_count"])
    ]
    assert ours == porcelain(git, path, file)


def test_blame_lines_have_their_content(fixtures):
    path = fixtures["blame"]
    rows = gitfleet.Repository(path).blame("long", lines=True).to_pylist()
    assert [row["content"] for row in rows] == (path / "long").read_text().splitlines()
    assert [row["start_line"] for row in rows] == list(range(1, len(rows) + 1))


def test_blame_failure_is_raised_or_collected(fixtures):
    repo = gitfleet.Repository(fixtures["blame"])
    with pytest.raises(PathNotFoundError, match="absent"):
        repo.blame(["absent", "long"]).to_pylist()
    failures = []
    rows = repo.blame(["absent", "long"], failures=failures).to_pylist()
    assert rows
    assert [(path, type(error)) for path, error in failures] == [("absent", PathNotFoundError)]


def test_refs_and_revisions_equal_gits(history, git):
    repo = gitfleet.Repository(history / "dir")
    listed = git(history, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert [f"{ref.name} {ref.target_id}" for ref in repo.refs()] == listed
    assert repo.rev_parse("v1~2") == git(history, "rev-parse", "v1~2")
    assert (repo.is_bare, repo.is_shallow, repo.name) == (False, False, "history")
    assert repr(repo) == f"Repository('{history}')"
    with pytest.raises(RevisionNotFoundError, match="nonsense"):
        repo.commits(rev="nonsense")


@pytest.mark.parametrize(
    "since",
    [
        "2004-11-09T11:43:20Z",
        "@1100000600",
        1_100_000_600,
        datetime.datetime.fromtimestamp(1_100_000_600, UTC),
    ],
)
def test_dates_are_accepted_in_every_form(history, git, since):
    ours = gitfleet.Repository(history).commits(since=since).to_pylist()
    theirs = git(history, "log", "--since=@1100000600", "--format=%H").splitlines()
    assert [row["commit_id"] for row in ours] == theirs


def test_invalid_arguments_are_named(history):
    repo = gitfleet.Repository(history)
    with pytest.raises(InvalidInputError, match="gibberish"):
        repo.commits(since="gibberish")
    with pytest.raises(InvalidInputError, match="octopus"):
        repo.commits(diff_merges="octopus")
    for no_date in ([], True, datetime.date(2024, 5, 1), b"2024-05-01"):
        with pytest.raises(InvalidInputError, match="must be text, a datetime, or seconds"):
            repo.commits(since=no_date)
