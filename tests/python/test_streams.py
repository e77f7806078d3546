"""Records and rows as streams: written, shown, iterated with and without asyncio, and stopped."""

import asyncio
import contextlib
import csv
import inspect
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gitfleet
from gitfleet import exceptions


@pytest.fixture
def repo(history):
    return gitfleet.Repository(history)


async def test_batches_are_read_without_blocking(repo, slow_repository):
    rows = 0
    async for batch in repo.changes():
        rows += batch.num_rows
    assert rows == len(repo.changes().to_pylist())
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    async with gitfleet.Repository(slow_repository, threads=1).commits() as records:
        assert sum([batch.num_rows async for batch in records]) > 50
    ticking.cancel()
    assert ticks > 20


async def test_stream_is_closed_by_cancelling_its_reader(slow_repository):
    records = gitfleet.Repository(slow_repository, threads=1).commits()

    async def read():
        async for _ in records:
            pass

    started = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(), 0.1)
    assert time.monotonic() - started < 2
    with pytest.raises(exceptions.InvalidInputError, match="read or closed"):
        records.to_pylist()


@pytest.fixture
def broken(tmp_path, git, history):
    """A repository that lacks its first commit."""
    path = tmp_path / "broken"
    git(tmp_path, "clone", "-q", "--no-local", str(history), "broken")
    oldest = git(path, "rev-list", "--max-parents=0", "HEAD").split()[0]
    (pack,) = path.glob(".git/objects/pack/*.pack")
    moved = tmp_path / pack.name
    pack.rename(moved)
    pack.with_suffix(".idx").unlink()
    with moved.open("rb") as content:
        subprocess.run(["git", "unpack-objects", "-q"], cwd=path, stdin=content, check=True)
    moved.unlink()
    (path / ".git" / "objects" / oldest[:2] / oldest[2:]).unlink()
    return gitfleet.Repository(path)


async def test_errors_reach_every_reader(broken, tmp_path):
    with pytest.raises(exceptions.CorruptRepositoryError):
        async for _ in broken.commits():
            pass
    for suffix in ("parquet", "csv", "jsonl"):
        target = tmp_path / f"out.{suffix}"
        with pytest.raises(exceptions.CorruptRepositoryError):
            getattr(broken.commits(), f"write_{suffix}")(target)
        assert not target.exists()
    assert not list(tmp_path.glob(".gitfleet-*"))


async def test_stream_is_closed_by_leaving_an_async_loop(slow_repository):
    records = gitfleet.Repository(slow_repository, threads=1).changes()

    async def read():
        async for _ in records:
            await asyncio.sleep(60)

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(read(), 0.5)
    with pytest.raises(exceptions.InvalidInputError, match="read or closed"):
        records.to_pylist()


@pytest.mark.parametrize("read", [pa.table, pl.DataFrame, list, lambda one: one.to_pandas()])
def test_blame_failures_reach_every_reader(repo, read, tmp_path):
    file = repo.files()[0]
    refusals = (exceptions.PathNotFoundError, pa.ArrowInvalid, pl.exceptions.ComputeError)
    with pytest.raises(refusals) as said:
        read(repo.blame([file, "absent"]))
    assert "absent" in str(said.value)
    failures = []
    read(repo.blame([file, "absent"], failures=failures))
    assert [path for path, _ in failures] == ["absent"]
    with pytest.raises(exceptions.PathNotFoundError):
        repo.blame([file, "absent"]).write_parquet(tmp_path / "f.parquet")
    assert not (tmp_path / "f.parquet").exists()


def test_files_hold_every_row(repo, tmp_path):
    expected = repo.changes().to_pylist()
    parquet, text, lines = (tmp_path / f"c.{suffix}" for suffix in ("parquet", "csv", "jsonl"))
    assert repo.changes().write_parquet(parquet) == len(expected)
    assert repo.changes().write_csv(str(text), raw_bytes=True) == len(expected)
    assert repo.changes().write_jsonl(lines) == len(expected)
    assert pq.read_table(parquet)["additions"].to_pylist() == [row["additions"] for row in expected]
    with text.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert [row["path"] for row in csv.DictReader(file)] == [row["path"] for row in expected]
    read = [json.loads(line)["commit_id"] for line in lines.read_text().splitlines()]
    assert read == [row["commit_id"] for row in expected]
    before = parquet.read_bytes()
    with pytest.raises(exceptions.DestinationExistsError):
        repo.changes().write_parquet(tmp_path)
    with pytest.raises(OSError, match="absent"):
        repo.changes().write_csv(tmp_path / "absent" / "c.csv")
    assert parquet.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.csv", "c.jsonl", "c.parquet"]


def test_notebook_shows_rows_and_removes_none(repo):
    records = repo.changes()
    shown = records._repr_html_()
    assert shown.count("<tr>") == 11
    assert "changes: the first 10 rows" in shown
    assert "<th>change_type</th>" in shown
    assert records.to_pylist() == repo.changes().to_pylist()
    assert "changes: read or closed" in records._repr_html_()
    messages = repo.commits()._repr_html_()
    assert "<script" not in messages
    assert "…" in repo.blame(lines=True)._repr_html_() + messages


def test_notebook_shows_an_empty_table(tmp_path, git):
    git(tmp_path, "init", "-q")
    records = gitfleet.Repository(tmp_path).commits()
    assert "the first 0 rows" in records._repr_html_()
    assert records.to_pylist() == []


def test_duckdb_reads_records_by_their_name(repo):
    records = repo.commits()  # noqa: F841 (found by name)
    found = duckdb.sql("select count(*) from records").fetchall()
    assert found == [(len(repo.commits().to_pylist()),)]


def test_records_refuse_pickling_with_advice(repo, tmp_path):
    for stream in (repo.commits(), gitfleet.compat.RepoManager([])):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(stream)
    made = gitfleet.mine([repo.path], tmp_path / "data")
    assert pickle.loads(pickle.dumps(made)) == made
    task = gitfleet.compat.CloneTask("u", gitfleet.compat.CloneStatus("queued"))
    assert pickle.loads(pickle.dumps(task)) == task


def test_files_of_a_revision_are_listed(repo, git, history, tmp_path):
    everything = git(history, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")[:-1]
    assert repo.files() == everything
    some = git(history, "ls-files", "-z", "--", "d*").split("\0")[:-1]
    assert repo.files("d*") == repo.files(["d*"]) == some
    older = git(history, "ls-tree", "-r", "-z", "--name-only", "HEAD~3").split("\0")[:-1]
    assert repo.files(rev="HEAD~3") == older
    assert repo.files("nothing-like-it") == []
    with pytest.raises(exceptions.RevisionNotFoundError):
        repo.files(rev="absent")
    with pytest.raises(exceptions.InvalidInputError):
        repo.files(":(nonsense)x")
    with pytest.raises(TypeError, match="patterns 5: must be text, a path"):
        repo.files(5)
    git(tmp_path, "clone", "-q", "--bare", str(history), "bare")
    assert gitfleet.Repository(tmp_path / "bare").files() == everything


async def test_commits_are_streamed_in_batches(history, slow_repository):
    manager = gitfleet.compat.RepoManager([])
    every = await manager.extract_commits(history)
    batches = [batch async for batch in manager.yield_commits(history, batch_size=3)]
    assert [row for batch in batches for row in batch] == every
    assert {len(batch) for batch in batches[:-1]} == {3}
    for options in ({"max_count": 2}, {"rev": "HEAD~1"}, {"paths": ["f"]}, {"mailmap": True}):
        got = await manager.extract_commits(history, **options)
        table = gitfleet.Repository(history).commits(**{"mailmap": False} | options).to_pylist()
        assert [(row["sha"], row["author_name"]) for row in got] == [
            (row["commit_id"], row["author_name"]) for row in table
        ]
    with pytest.raises(exceptions.InvalidInputError, match="batch_size"):
        await anext(manager.yield_commits(history, batch_size=0))
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'"):
        await manager.extract_commits(history, nonsense=1)
    stream = manager.yield_commits(slow_repository, batch_size=1)
    assert len(await anext(stream)) == 1
    started = time.monotonic()
    await stream.aclose()
    assert time.monotonic() - started < 2


async def test_empty_repository_has_no_commits(tmp_path, git):
    git(tmp_path, "init", "-q")
    manager = gitfleet.compat.RepoManager([])
    assert await manager.extract_commits(tmp_path) == []
    assert [batch async for batch in manager.yield_commits(tmp_path)] == []
    with pytest.raises(exceptions.RevisionNotFoundError):
        await manager.extract_commits(tmp_path, rev="absent")
    with pytest.raises(exceptions.RevisionNotFoundError):
        await manager.find_files(tmp_path, "*")


async def test_manager_cleans_up_after_itself(git_repository_with_branches, git_server):
    url = f"{git_server.url}/owner/sample/.git"
    absent = f"{git_server.url}/owner/absent"
    async with gitfleet.compat.RepoManager([url, url, absent]) as manager:
        await manager.clone_all()
        tasks = await manager.fetch_clone_tasks()
        path = tasks[url].temp_dir
        assert path.endswith("/sample")
        asked = len(git_server.requests)
        await manager.clone_all()
        assert (await manager.fetch_clone_tasks())[url].temp_dir == path
        again = [target for _, target, _ in git_server.requests[asked:]]
        assert again
        assert all("absent" in target for target in again)
        assert await manager.find_files(path, ["*.py", ":!old*"]) == ["src/new.py"]
        assert "open.txt" in await manager.find_files(path, rev="origin/open")
        blamed = await manager.blame_all("merged.txt")
        assert [line["line_content"] for line in blamed[url]] == ["merged"]
        with pytest.raises(exceptions.PathNotFoundError):
            await manager.blame(path, "absent")
        assert "not a file" in (await manager.bulk_blame(path, "src"))["src"]
        for directory in (".", "src", f"{path}/src"):
            with pytest.raises(exceptions.InvalidInputError, match="is a directory"):
                await manager.blame(path, directory)
        for file in ("src/new.py", "./src/new.py", f"{path}/src/../src/new.py"):
            assert len(await manager.blame(path, file)) == 20
        assert await manager.find_files(path, "**/*.md") == ["README.md"]
        assert await manager.find_files(path, ["**/src/*", Path("README.md")]) == [
            "README.md",
            "src/new.py",
        ]
        files = gitfleet.Repository(path).files
        assert files("src/**") == files("**.py") == files("src**") == ["src/new.py"]
        assert pl.DataFrame(await manager.extract_commits(path)).height == 5
    with pytest.raises(FileNotFoundError):
        await manager.extract_commits(path)
    with gitfleet.compat.RepoManager([]) as manager:
        await manager.clone(git_repository_with_branches.path)
        await manager.clone_repos(url)
        path = (await manager.fetch_clone_tasks())[url].temp_dir
    with pytest.raises(FileNotFoundError):
        await manager.extract_commits(path)


async def test_manager_stops_running_clones_on_exit(slow_repository):
    directory = tempfile.gettempdir()
    before = set(os.listdir(directory))
    async with gitfleet.compat.RepoManager([slow_repository]) as manager:
        assert repr(manager) == "RepoManager(1 repositories)"
        future = manager.clone_all()
        await asyncio.sleep(0.005)
    with contextlib.suppress(exceptions.OperationCancelledError):
        await future
    left = set(os.listdir(directory)) - before
    assert not [name for name in left if name.startswith("gitfleet-")]


def test_dangling_link_is_kept_by_a_write(repo, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "target.csv")
    rows = repo.commits().write_csv(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert len((tmp_path / "target.csv").read_bytes().splitlines()) > rows
    (tmp_path / "target.csv").chmod(0o640)
    repo.commits().write_csv(tmp_path / "link.csv")
    assert (tmp_path / "target.csv").stat().st_mode & 0o777 == 0o640


def test_standard_output_is_written_to_and_not_replaced(repo, tmp_path):
    script = f"""
import gitfleet, sys
print("first", flush=True)
gitfleet.Repository({repo.path!r}).commits(max_count=1).write_csv("/dev/stdout")
"""
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0] == "first"
    assert lines[1].startswith('"repo","commit_id"')


CONVERSIONS = ("to_pylist", "to_pyarrow", "to_pandas", "to_polars")


@pytest.mark.parametrize("name", CONVERSIONS)
async def test_async_conversion_equals_the_other(repo, name):
    expected = getattr(repo.commits(), name)()
    found = await getattr(repo.commits(), f"{name}_async")()
    assert type(found) is type(expected)
    assert found.equals(expected) if hasattr(found, "equals") else found == expected


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
async def test_async_file_equals_the_other(repo, form, tmp_path):
    paths = tmp_path / "sync", tmp_path / "async"
    rows = getattr(repo.changes(), f"write_{form}")(paths[0])
    assert await getattr(repo.changes(), f"write_{form}_async")(paths[1]) == rows
    assert paths[0].read_bytes() == paths[1].read_bytes()


async def test_async_errors_and_failures_are_told(broken, repo, tmp_path):
    with pytest.raises(exceptions.CorruptRepositoryError):
        await broken.commits().to_polars_async()
    failures = []
    records = await repo.blame_async([repo.files()[0], "absent"], failures=failures)
    await records.to_pylist_async()
    assert [path for path, _ in failures] == ["absent"]
    with pytest.raises(exceptions.PathNotFoundError):
        await repo.blame(["absent"]).write_parquet_async(tmp_path / "f.parquet")
    assert list(tmp_path.glob("*f*")) == []


async def test_cancelled_async_write_leaves_no_file(slow_repository, tmp_path):
    records = gitfleet.Repository(slow_repository, threads=1).changes()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(records.write_parquet_async(tmp_path / "c.parquet"), 0.5)
    with pytest.raises(exceptions.InvalidInputError, match="read or closed"):
        records.to_pylist()
    for _ in range(1200):  # the thread ends after the task
        if not list(tmp_path.iterdir()):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the file was left")


def test_whatever_takes_time_has_an_async_twin():
    """Each method has an async twin, except those that return at once or are asynchronous."""
    not_timed = {"close", "watch"}
    for kind in (gitfleet.Repository, gitfleet.Fleet, gitfleet.Records):
        for name, method in vars(kind).items():
            if name.startswith("_") or not inspect.isfunction(method) or name in not_timed:
                continue
            if name.endswith("_async"):
                continue
            twin = getattr(kind, f"{name}_async", None)
            assert twin is not None, f"{kind.__name__}.{name}"
            expected, found = inspect.signature(method), inspect.signature(twin)
            assert list(expected.parameters) == list(found.parameters), name
    twin = inspect.signature(gitfleet.mine_async)
    assert list(twin.parameters) == list(inspect.signature(gitfleet.mine).parameters)
