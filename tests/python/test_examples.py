"""Run the examples on real repositories and a server that answers like GitHub."""

import os
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from github_api import repository

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture
def run(tmp_path):
    def run(name, *args, **environment):
        command = [sys.executable, "-W", "error", EXAMPLES / name, *map(str, args)]
        # Warnings of seaborn and matplotlib themselves are ignored.
        command[1:3] = [] if name == "blame_ownership.py" else command[1:3]
        environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)} | environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_simple_analysis(run, history, git):
    shown = run("simple_analysis.py", history)
    count = git(history, "rev-list", "--count", "HEAD")
    assert f"history: {count} commits by " in shown
    assert git(history, "shortlog", "-s", "HEAD").split("\t")[1].split("\n")[0] in shown


def test_clone_monitoring(run, git_repository, git_server, git):
    url = f"{git_server.url}/owner/sample/.git"
    shown = run("clone_monitoring.py", url, f"{git_server.url}/owner/absent")
    assert f"{url}: 1 Python files, last {git(git_repository, 'rev-parse', 'HEAD')}" in shown
    assert "absent: " in shown


def test_organisation_to_duckdb(run, api, git_repository, git_server, tmp_path):
    url = f"{git_server.url}/owner/sample/.git"
    api.listings["/orgs/o/repos"] = [repository(1, clone_url=url)]
    for _ in range(2):
        shown = run("organisation_to_duckdb.py", "o", tmp_path / "out", GITHUB_API_URL=api.url)
    assert "3 commits" in shown
    assert "sample" in shown
    assert (tmp_path / "out" / "fleet.duckdb").stat().st_size


def test_blame_ownership(run, history, git, tmp_path):
    shown = run("blame_ownership.py", history, tmp_path / "plot.png")
    total = sum(int(line.split()[-1]) for line in shown.splitlines()[1:])
    counted = git(history, "grep", "-I", "-c", "", "HEAD").splitlines()
    assert total >= sum(int(line.rpartition(":")[2]) for line in counted)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_credentials(run, tmp_path):
    shown = run("credentials.py", tmp_path / "c.json", GITFLEET_PASSWORD="secret")
    assert "11 letters" in shown
    assert shown.endswith("0 left\n")
    assert "ghp_" not in shown


def test_tokens(run, api):
    shown = run("tokens.py", "o", "canary", GITHUB_API_URL=api.url)
    assert "o: 125 repositories" in shown
    assert "canary" not in shown


def test_notebook(history, monkeypatch):
    monkeypatch.setenv("REPOSITORY", str(history))
    notebook = nbformat.read(EXAMPLES / "explore.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=100, resources={"metadata": {"path": "."}})
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "<table>" in shown[1]["data"]["text/html"]
    assert all(output["output_type"] != "error" for output in shown)
