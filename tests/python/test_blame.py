"""Blame from Python: every option compared with git, awaited and streamed."""

from __future__ import annotations

import asyncio

import pytest

import gitfleet
from gitfleet.exceptions import InvalidInputError, PathNotFoundError


def git_lines(git, path, *args):
    """(commit, original line) of each line, from git blame."""
    lines = []
    for line in git(path, "blame", "--porcelain", *args).splitlines():
        words = line.split(" ")
        if len(words) in (3, 4) and len(words[0]) == 40 and not line.startswith("\t"):
            lines.append((words[0], int(words[1])))
    return lines


def our_lines(records):
    rows = records.to_pylist()
    return [(row["commit_id"], row["orig_start_line"]) for row in rows]


@pytest.mark.parametrize(
    ("args", "options"),
    [
        ([], {}),
        (["-w"], {"ignore_whitespace": True}),
        (["--first-parent"], {"first_parent": True}),
        (["-L10,12"], {"line_ranges": (10, 12)}),
        (["-L10,12", "-L/number 50/,+2"], {"line_ranges": [(10, 12), "/number 50/,+2"]}),
        (["--ignore-rev=HEAD~1"], {"ignore_revs": "HEAD~1"}),
        (["HEAD~1..HEAD"], {"rev": "HEAD~1..HEAD"}),
        (["--max-age=1200001000"], {"since": 1_200_001_000}),
    ],
)
def test_blame_options_mean_the_same_as_in_git(fixtures, git, args, options):
    path = fixtures["blame"]
    records = gitfleet.Repository(path).blame("long", lines=True, **options)
    assert our_lines(records) == git_lines(git, path, *args, "--", "long")


def test_ignored_revisions_are_read_from_files(fixtures, git, tmp_path):
    path = fixtures["blame"]
    ids = git(path, "rev-list", "HEAD").split()[:2]
    listed = tmp_path / "ignored"
    listed.write_text("".join(f"{one}\n" for one in ids))
    records = gitfleet.Repository(path).blame("long", lines=True, ignore_revs_files=listed)
    theirs = git_lines(git, path, f"--ignore-revs-file={listed}", "--", "long")
    assert our_lines(records) == theirs


def test_working_tree_is_blamed_as_by_git(git, tmp_path):
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "file").write_text("one\ntwo\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "file").write_text("one\nnew\ntwo\n")
    rows = gitfleet.Repository(tmp_path).blame(working_tree=True, lines=True).to_pylist()
    head = git(tmp_path, "rev-parse", "HEAD").strip()
    assert [row["commit_id"] for row in rows] == [head, "0" * 40, head]
    assert rows[1]["author_name"] == "Not Committed Yet"
    assert [row["content"] for row in rows] == ["one", "new", "two"]


def test_blame_refuses_invalid_options(fixtures):
    repo = gitfleet.Repository(fixtures["blame"])
    with pytest.raises(InvalidInputError, match="needs one file"):
        repo.blame(line_ranges=(1, 2))
    with pytest.raises(InvalidInputError, match="working tree"):
        repo.blame(rev="HEAD", working_tree=True)
    with pytest.raises(InvalidInputError, match="99999"):
        repo.blame("long", line_ranges="99999")
    for ranges in ([(1, 1, 9)], [(1,)], (1, 2, 3), (1, None)):
        with pytest.raises(TypeError, match="line_ranges"):
            repo.blame("long", line_ranges=ranges)
    with pytest.raises(InvalidInputError, match="NaN"):
        repo.blame("long", since=float("nan"))
    with pytest.raises(TypeError, match="ignore_revz"):
        repo.blame("long", ignore_revz=["HEAD"])


async def test_blame_is_the_same_when_awaited(fixtures):
    repo = gitfleet.Repository(fixtures["blame"])
    records = await repo.blame_async(lines=True)
    assert records.to_pylist() == repo.blame(lines=True).to_pylist()
    failures = []
    records = await repo.blame_async(["absent", "long"], failures=failures)
    assert {row["path"] for row in records.to_pylist()} == {"long"}
    assert [path for path, _ in failures] == ["absent"]


async def test_blame_lines_are_streamed_in_batches(fixtures):
    path = fixtures["blame"]
    manager = gitfleet.compat.RepoManager([])
    batches = [b async for b in manager.stream_blame(path, ["long", "dir/twin"], batch_size=50)]
    assert all(len(batch) == 50 for batch in batches[:-1])
    lines = [line for batch in batches for line in batch]
    whole = await manager.bulk_blame(path, ["long", "dir/twin"])
    for file in ("long", "dir/twin"):
        streamed = [dict(line) for line in lines if line["path"] == file]
        for line in streamed:
            del line["path"]
        assert streamed == whole[file]


async def test_blame_stream_can_be_left(fixtures):
    manager = gitfleet.compat.RepoManager([])
    stream = manager.stream_blame(fixtures["blame"], "long", batch_size=1)
    assert len(await anext(stream)) == 1
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


async def test_blame_stream_raises_a_failed_file_last(fixtures):
    manager = gitfleet.compat.RepoManager([])
    seen = []

    async def read():
        async for batch in manager.stream_blame(fixtures["blame"], ["absent", "long"]):
            seen.extend(line["path"] for line in batch)

    with pytest.raises(PathNotFoundError, match="absent"):
        await read()
    assert set(seen) == {"long"}
    with pytest.raises(InvalidInputError, match="batch_size"):
        await anext(manager.stream_blame(fixtures["blame"], "long", batch_size=0))


async def test_blame_ends_when_its_task_is_cancelled(fixtures):
    repo = gitfleet.Repository(fixtures["blame"])
    task = asyncio.ensure_future(repo.blame_async())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
