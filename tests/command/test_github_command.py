"""`repos`, and `github:` targets in the command and in Python."""

import duckdb
import pyarrow.parquet as pq

import gitfleet as package
from github_api import TOKEN, repository
from run_command import gitfleet, outcomes

from conftest import GitServer


def test_the_command_keeps_githubs_token_for_github(api):
    environment = {"GITHUB_API_URL": api.url, "GITHUB_TOKEN": TOKEN}
    gitfleet("repos", "o", "--format=urls", **environment)
    gitfleet("repos", "o", "--format=urls", **environment | {"GH_ENTERPRISE_TOKEN": "ours"})
    sent = {headers.get("authorization") for _, _, headers, _ in api.requests}
    assert sent == {None, "Bearer ours"}


def test_repos_are_listed_in_every_form(api, tmp_path):
    environment = {
        "GITHUB_API_URL": api.url,
        "GITFLEET_TOKEN_127_0_0_1_PORT_" + api.url[-5:]: TOKEN,
    }
    urls = gitfleet("repos", "o", "--format", "urls", **environment).stdout.split()
    assert urls == [f"https://github.com/o/r{n}.git" for n in range(250)]
    rows = outcomes(
        gitfleet(
            "repos", "o", "--format=jsonl", "--forks=only", "--archived=exclude", **environment
        )
    )
    assert [row["github_id"] for row in rows] == [n for n in range(250) if n % 2 and n % 5]
    assert rows[0]["repo"] == "github.com/o/r1"
    assert rows[0]["license"] == "MIT"
    out = tmp_path / "repos.parquet"
    gitfleet("repos", "o", "-o", out, **environment)
    table = pq.read_table(out)
    assert table.num_rows == 250
    assert table.column("topics").to_pylist()[4] == ["git"]
    csv = gitfleet("repos", "o", "--columns", "full_name,stars", "--language=rust", **environment)
    assert csv.stdout.splitlines()[:2] == ['"full_name","stars"', "o/r1,1"]
    failed = gitfleet("repos", "nobody", "o", "--format=urls", check=False, **environment)
    assert failed.returncode == 1
    assert "nobody" in failed.stderr
    assert len(failed.stdout.split()) == 250
    sent = {headers.get("authorization") for _, _, headers, _ in api.requests}
    assert sent == {f"Bearer {TOKEN}"}


def test_python_mines_and_clones_what_is_hosted(api, fixtures, tmp_path, monkeypatch):
    server = GitServer(fixtures["history"].parent.parent)
    item = repository(1, full_name="owner/history", clone_url=f"{server.url}/owner/history")
    api.answers["/users/owner"] = (200, {}, {"id": 1, "login": "owner", "type": "User"})
    api.listings["/users/owner/repos"] = [item]
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    (mined,) = package.mine("github:owner", tmp_path / "data", tables=["commits"])
    assert (mined.error, mined.rows["repositories"]) == (None, 1)
    (cloned,) = package.Fleet(tmp_path / "clones", bare=True).clone("github:owner")
    assert cloned.error is None
    server.close()


def test_what_is_hosted_is_mined(api, fixtures, tmp_path):
    server = GitServer(fixtures["history"].parent.parent)
    names = ("history", "blame")
    items = [
        repository(n, name=name, full_name=f"owner/{name}", clone_url=f"{server.url}/owner/{name}")
        for n, name in enumerate(names)
    ]
    api.answers["/users/owner"] = (200, {}, {"id": 1, "login": "owner", "type": "User"})
    api.listings["/users/owner/repos"] = items
    environment = {"GITHUB_API_URL": api.url}
    args = ["mine", "github:owner", "github:nobody", "-o", tmp_path / "data", "--json"]
    done = gitfleet(*args, check=False, **environment)
    mined = outcomes(done)
    assert [one["status"] for one in mined] == ["done", "done", "failed"]
    assert mined[2]["target"] == "github:nobody"
    assert all(one["rows"]["repositories"] == 1 for one in mined[:2])
    tables = f"{tmp_path}/data/repos/*/*/*"
    query = f"""
        SELECT r.full_name, r.stars, count(*) FROM '{tables}/repositories.parquet' r
        JOIN '{tables}/commits.parquet' c USING (repo) GROUP BY ALL ORDER BY 1
    """
    rows = duckdb.sql(query).fetchall()
    assert [row[:2] for row in rows] == [("owner/blame", 1), ("owner/history", 0)]
    again = outcomes(gitfleet(*args, check=False, **environment))
    assert [one["status"] for one in again] == ["unchanged", "unchanged", "failed"]
    args = ["clone", "--bare", "github:owner", "-o", tmp_path / "clones", "--json"]
    cloned = outcomes(gitfleet(*args, **environment))
    assert [one["status"] for one in cloned] == ["done", "done"]
    server.close()


def test_network_failure_of_a_named_repository_keeps_its_kind(closed_port, tmp_path):
    environment = {"GITHUB_API_URL": f"http://127.0.0.1:{closed_port}", "GITHUB_TOKEN": ""}
    args = ["mine", "github:o/r", "github:o", "-o", tmp_path / "data", "--json"]
    found = outcomes(gitfleet(*args, check=False, **environment))
    assert [one["error"]["kind"] for one in found] == ["network", "network"]
