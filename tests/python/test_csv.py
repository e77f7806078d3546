"""CSV files as pandas, Polars and DuckDB read them."""

import subprocess

import duckdb
import pandas
import polars
import pytest

import gitfleet

NAMES = [
    b"new\nline",
    b'quo"te',
    b"tab\there",
    b"cr\rhere",
    b"latin\xe9",
    "caf\u00e9".encode(),
    b" lead",
    b"trail ",
    b"=cmd",
    b"a,b;c",
    b"NULL",
    b'"start',
    "emoji\U0001f600".encode(),
    b"plain",
]


@pytest.fixture
def hard_names(tmp_path, git):
    """A repository with names and messages that are hard on readers of CSV."""
    path = tmp_path / "hard"
    path.mkdir()
    git(path, "init", "-q", "-b", "main", ".")
    for name in NAMES:
        with open(bytes(path) + b"/" + name, "wb") as file:
            file.write(b"1\n")
    git(path, "add", "-A")
    message = b'subject "quoted", with; comma\r\n\r\nbody\r\n"\n,\n\n=1+1 caf\xe9\n'
    command = ["git", "-C", path, "commit", "-q", "--cleanup=verbatim", "-F", "-"]
    subprocess.run(command, input=message, check=True)
    return gitfleet.Repository(path)


def frames(file):
    """The rows as each reader has them, with empty text for null."""
    yield pandas.read_csv(file, keep_default_na=False, dtype=str).to_dict("records")
    yield polars.read_csv(file, infer_schema=False).fill_null("").to_dicts()
    # DuckDB learns the dialect and the types from the first rows.
    rows = duckdb.sql(f"SELECT * FROM read_csv('{file}', all_varchar=true)").pl().to_dicts()
    yield [{name: value or "" for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("table", ["commits", "changes", "blame"])
def test_readers_agree_with_the_rows(hard_names, table, tmp_path):
    records = getattr(hard_names, table)
    file = tmp_path / f"{table}.csv"
    records().write_csv(file)
    column = {"commits": "message", "changes": "path", "blame": "path"}[table]
    expected = [row[column] for row in polars.DataFrame(records()).to_dicts()]
    for rows in frames(file):
        # Some readers change the line ends in a value.
        found = [row[column].replace("\r\n", "\n").replace("\r", "\n") for row in rows]
        assert found == [one.replace("\r\n", "\n").replace("\r", "\n") for one in expected]


def test_dialect_is_found_if_quotes_come_late(tmp_path, git):
    path = tmp_path / "late"
    path.mkdir()
    git(path, "init", "-q", "-b", "main", ".")
    stream = [
        (
            b"commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 3\nodd\n"
            b'M 644 inline "poster 2009, final.txt"\ndata 2\nx\n\n'
        )
    ]
    for commit in range(6):
        stream.append(
            b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 4\nmany\n"
            % (1700000060 + commit)
        )
        stream += [b"M 644 inline d%d/f%d\ndata 2\nx\n\n" % (commit, n) for n in range(5000)]
    command = ["git", "-C", path, "fast-import", "--quiet"]
    subprocess.run(command, input=b"".join(stream), check=True)
    file = tmp_path / "changes.csv"
    rows = gitfleet.Repository(path).changes().write_csv(file)
    found = duckdb.sql(f"SELECT count(*), count(DISTINCT path) FROM '{file}'").fetchall()
    assert found == [(rows, 30_001)]


def test_dates_beyond_microseconds_are_null_in_parquet(tmp_path, git):
    path = tmp_path / "far"
    path.mkdir()
    git(path, "init", "-q", "-b", "main", ".")
    dates = [1700000000, 1700000060000, 1700000180000000, 9223372036854, 9223372036855]
    stream = [
        b"commit refs/heads/main\ncommitter A <a@b> %d +0100\ndata 1\nx\n" % date for date in dates
    ]
    command = ["git", "-C", path, "fast-import", "--quiet", "--date-format=raw-permissive"]
    subprocess.run(command, input=b"".join(stream), check=True)
    commits = gitfleet.Repository(path).commits
    file = tmp_path / "commits.parquet"
    with pytest.warns(RuntimeWarning, match="4 dates are null"):
        commits().write_parquet(file)
    times = duckdb.sql(f"SELECT epoch(committer_time) FROM '{file}' ORDER BY 1").fetchall()
    assert times == [(1700000000,), (1700000060000,), (9223372036854,), (None,), (None,)]
    assert polars.read_parquet(file)["committer_time"].null_count() == 2
    lines = tmp_path / "commits.jsonl"
    commits().write_jsonl(lines)
    assert "1700000180000000" in lines.read_text()
