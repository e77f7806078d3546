import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

import gitfleet
from gitfleet.exceptions import DestinationExistsError, InvalidInputError, RepositoryNotFoundError

from conftest import GitServer
from test_records import numstat


def test_dataset_is_read_by_every_reader(fixtures, https_server, bundle, tmp_path, git):
    urls = [f"{https_server.url}/owner/history/.git", f"{https_server.url}/owner/sha256/.git"]
    outcomes = gitfleet.mine([*urls, fixtures["blame"]], tmp_path / "data", ca_bundle=bundle)
    assert [outcome.error for outcome in outcomes] == [None, None, None]
    names = ("history", "sha256", "blame")
    # A remote repository is mined without a working tree, and so without its attributes.
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(fixtures["history"]), str(bare))
    expected = {name: numstat(git, fixtures[name]) for name in names} | {
        "history": numstat(git, bare)
    }
    for name, outcome in zip(names, outcomes, strict=True):
        file = Path(outcome.path) / "commits.parquet"
        assert outcome.head == git(fixtures[name], "rev-parse", "HEAD")
        frame = pl.read_parquet(file)
        assert (frame["additions"].sum(), frame["deletions"].sum()) == expected[name], name
        frame = pd.read_parquet(file)
        assert (frame["additions"].sum(), frame["deletions"].sum()) == expected[name]
        columns = "sum(additions)::INT, sum(deletions)::INT, typeof(any_value(author_time))"
        query = f"SELECT {columns} FROM '{file}'"
        *found, kind = duckdb.sql(query).fetchall()[0]
        assert (tuple(found), kind) == (expected[name], "TIMESTAMP WITH TIME ZONE")
        lines = git(fixtures[name], "ls-files").count("\n") + 1
        assert pl.read_parquet(Path(outcome.path) / "blame.parquet")["path"].n_unique() <= lines
    glob = tmp_path / "data/repos/*/*/*/changes.parquet"
    rows = duckdb.sql(f"SELECT count(*) FROM '{glob}'").fetchall()[0][0]
    assert rows == sum(outcome.rows["changes"] for outcome in outcomes)
    merges = "decode(key) = 'gitfleet.diff_merges'"
    meta = duckdb.sql(
        f"SELECT DISTINCT decode(value) FROM parquet_kv_metadata('{glob}') WHERE {merges}"
    )
    assert meta.fetchall() == [("none",)]


def test_unchanged_remote_is_not_cloned_again(https_server, bundle, tmp_path):
    url = f"{https_server.url}/owner/history/.git"
    first = gitfleet.mine(url, tmp_path, ca_bundle=bundle)[0]
    https_server.requests.clear()
    second = gitfleet.mine(url, tmp_path, ca_bundle=bundle)[0]
    assert (first.was_finished, second.was_finished) == (False, True)
    assert second.rows == first.rows
    fetched = [path for method, path, _ in https_server.requests if "info/refs" in path]
    assert len(fetched) == 1


def test_kept_clones_are_brought_up_to_date(fixtures, tmp_path, git):
    source = tmp_path / "served" / "owner" / "history.git"
    git(tmp_path, "clone", "-q", "--bare", fixtures["history"], source)
    server = GitServer(tmp_path / "served")
    keep = tmp_path / "clones"

    def mine(dataset):
        return gitfleet.mine(
            f"{server.url}/owner/history.git", tmp_path / dataset, keep_clones=keep
        )

    (first,) = mine("one")
    server.requests.clear()
    (second,) = mine("two")
    assert second.head == first.head
    asked = [path for _, path, _ in server.requests]
    assert len(asked) == 2, "its refs and nothing else"
    newer = git(source, "commit-tree", "-p", "HEAD", "-m", "newer", "HEAD^{tree}")
    git(source, "update-ref", "HEAD", newer)
    (third,) = mine("two")
    assert third.head == newer
    server.close()


def test_mine_records_a_failure(fixtures, https_server, bundle, tmp_path):
    absent = f"{https_server.url}/owner/absent/.git"
    outcomes = gitfleet.mine([absent, fixtures["sha256"]], tmp_path, ca_bundle=bundle)
    assert isinstance(outcomes[0].error, RepositoryNotFoundError)
    assert outcomes[0].error.subject == absent
    assert outcomes[1].error is None
    reason = json.loads(next(tmp_path.glob("repos/*/owner/absent/outcome.json")).read_text())
    assert reason["error"]["kind"] == "repository_not_found"


async def test_mine_async_does_the_same(fixtures, tmp_path):
    outcomes = await gitfleet.mine_async(fixtures["sha256"], tmp_path, tables=["commits"])
    assert outcomes[0].rows == {"commits": 3}


def test_mine_refuses_wrong_arguments_before_any_work(fixtures, tmp_path):
    path = fixtures["sha256"]
    with pytest.raises(InvalidInputError, match="nonsense"):
        gitfleet.mine(path, tmp_path / "data", tables=["nonsense"])
    assert not (tmp_path / "data").exists()
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(DestinationExistsError):
        gitfleet.mine(path, tmp_path)


def test_the_command_of_the_package_is_the_command(fixtures):
    done = subprocess.run(
        [sys.executable, "-m", "gitfleet", "commits", fixtures["sha256"], "--columns", "summary"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == '"summary"\ncommit 3\ncommit 2\ncommit 1\n'
