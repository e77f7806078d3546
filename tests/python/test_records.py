import datetime
import json
import subprocess
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import gitfleet
from gitfleet.exceptions import InvalidInputError

UTC = datetime.timezone.utc


@pytest.fixture
def repo(history):
    return gitfleet.Repository(history)


def numstat(git, path):
    """Sum of lines added and deleted, as git log prints them."""
    rows = [line.split("\t") for line in git(path, "log", "--numstat", "--format=").splitlines()]
    rows = [row for row in rows if len(row) == 3 and row[0] != "-"]
    return sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)


def test_readers_get_the_same_sums_as_git(repo, git, history):
    expected = numstat(git, history)
    frame = repo.commits().to_pandas()
    assert (frame["additions"].sum(), frame["deletions"].sum()) == expected
    frame = repo.commits().to_polars()
    assert (frame["additions"].sum(), frame["deletions"].sum()) == expected
    table = repo.commits().to_pyarrow()
    assert (
        tuple(pa.compute.sum(table[name]).as_py() for name in ("additions", "deletions"))
        == expected
    )
    rows = repo.commits().to_pylist()
    assert (
        sum(row["additions"] for row in rows),
        sum(row["deletions"] for row in rows),
    ) == expected
    commits = duckdb.from_arrow(pa.RecordBatchReader.from_stream(repo.commits()))
    found = commits.aggregate("sum(additions)::INT, sum(deletions)::INT").fetchall()[0]
    assert found == expected


def test_stream_has_arrows_c_interface(repo):
    assert pa.table(repo.changes()).num_rows == len(repo.changes().to_pylist())
    assert isinstance(pl.DataFrame(repo.changes()), pl.DataFrame)
    assert pa.schema(repo.commits()).field("author_time").type == pa.timestamp("s", "UTC")
    batches = list(repo.commits())
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)


def test_rows_have_pythons_types(repo, git, history):
    newest = repo.commits(max_count=1).to_pylist()[0]
    seconds, parent = git(history, "log", "-1", "--format=%at %P").split()
    assert newest["author_time"] == datetime.datetime.fromtimestamp(int(seconds), UTC)
    assert newest["parent_ids"] == [parent]
    assert newest["is_merge"] is False
    assert newest["author_name"] == "A U Thor"  # through the mailmap
    assert repo.commits(max_count=1, mailmap=False).to_pylist()[0]["author_name"] == "A Ü Thor"


def test_bytes_that_are_not_utf8_survive(repo):
    paths = {row["path"] for row in repo.changes().to_pylist()}
    assert "caf\udce9" in paths
    assert "caf\uf7e9" in set(repo.changes().to_polars()["path"])


def test_binary_files_have_null_counts(repo):
    rows = [row for row in repo.changes().to_pylist() if row["is_binary"]]
    assert rows
    assert all(row["additions"] is None and row["deletions"] is None for row in rows)
    frame = repo.changes().to_pandas()
    assert frame["additions"].dtype == "Int64"
    assert frame.loc[frame["is_binary"], "additions"].isna().all()


FRAMES = """
import json, sys
if {absent}:
    sys.modules["pyarrow"] = None
import gitfleet
for table in ("commits", "changes", "blame"):
    frame = getattr(gitfleet.Repository({path!r}), table)().to_pandas()
    print(json.dumps({{name: str(kind) for name, kind in frame.dtypes.items()}}))
    print(frame.to_json(orient="split", date_unit="s"))
"""


@pytest.mark.parametrize("kind", ["rich", "one commit", "empty"])
def test_pandas_has_the_same_types_and_values_without_pyarrow(history, kind, tmp_path):
    path = history if kind == "rich" else tmp_path
    repo = gitfleet.testing.SampleRepository(tmp_path)
    if kind == "one commit":
        repo.commit({"f": "1\n"}, "First")
    said = []
    for absent in (False, True):
        script = FRAMES.format(absent=absent, path=str(path))
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.splitlines())
    for with_pyarrow, without in zip(*said, strict=True):
        assert json.loads(with_pyarrow) == json.loads(without)
    assert '"author_time": "datetime64[s, UTC]"' in said[0][0]


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_missing_package_is_named_with_its_extra(repo, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"gitfleet\[{package}\]"):
        getattr(repo.commits(), f"to_{package}")()


def test_records_are_read_once_and_say_so(repo, tmp_path):
    records = repo.commits()
    records.to_pylist()
    with pytest.raises(InvalidInputError, match="read or closed"):
        records.to_pylist()
    iterated = repo.commits()
    assert list(iterated)
    for read in (list, lambda one: one.to_pylist(), lambda one: one.write_csv(tmp_path / "c.csv")):
        with pytest.raises(InvalidInputError, match="read or closed"):
            read(iterated)
    assert not (tmp_path / "c.csv").exists()
    with repo.commits() as closed:
        pass
    with pytest.raises(InvalidInputError, match="read or closed"):
        closed.to_pylist()


def test_metadata_tells_how_a_table_was_made(repo):
    records = repo.commits(diff_merges="separate", renames=False)
    assert records.metadata["gitfleet.diff_merges"] == "separate"
    assert records.metadata["gitfleet.renames"] == "off"
    assert records.column_names[0] == "repo"
    assert repr(records).startswith("<Records commits: repo, commit_id")
    assert "gitfleet.schema" in {key.decode() for key in records.to_pyarrow().schema.metadata}


def test_empty_repository_has_no_rows(tmp_path, git):
    git(tmp_path, "init", "-q")
    repo = gitfleet.Repository(tmp_path)
    assert repo.head() is None
    assert repo.commits().to_pylist() == []
    assert isinstance(repo.commits().to_pandas(), pd.DataFrame)
    assert repo.blame().to_polars().height == 0
