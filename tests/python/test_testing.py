"""The fixtures for users' own tests."""

import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

import gitfleet
from gitfleet.testing import GitServer, SampleRepository


def test_sample_repository_makes_the_same_ids_each_time(tmp_path, monkeypatch, git):
    ids = []
    for name, time in (("a", "UTC"), ("b", "Asia/Tokyo")):
        monkeypatch.setenv("TZ", time)
        monkeypatch.setenv("GIT_AUTHOR_NAME", name)
        repo = SampleRepository(tmp_path / name)
        repo.commit({"f": "1\n", "d/g": b"\xff"}, "First")
        ids.append(repo.commit({"f": None}, "Second", author="Ann <ann@h>", time=1))
    assert ids[0] == ids[1]
    assert repo.git("log", "-1", "--format=%an %ae %at %cn") == "Ann ann@h 1 Ann"
    assert repo.git("ls-files") == "d/g"
    assert repr(repo) == f"SampleRepository('{tmp_path / 'b'}')"
    assert git(repo, "rev-parse", "HEAD") == ids[1]
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("nonsense")


def test_fixtures_have_the_documented_content(git_repository_with_branches, mock_git_repo):
    repo = gitfleet.Repository(git_repository_with_branches)
    names = [ref.name for ref in repo.refs()]
    assert names == [
        *(f"refs/heads/{name}" for name in ("main", "merged", "open")),
        "refs/tags/v1",
    ]
    assert repo.commits(max_count=1).to_pylist()[0]["is_merge"]
    assert {row["change_type"] for row in repo.changes().to_pylist()} >= {"added", "renamed"}
    assert any(row["is_binary"] for row in repo.changes().to_pylist())
    assert mock_git_repo == git_repository_with_branches.path


def test_server_asks_for_credentials_over_https(git_repository, authority, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("localhost").configure_cert(context)
    root = git_repository.path.parent.parent
    with GitServer(root, tls=context, credentials=("ann", "secret")) as server:
        url = f"{server.url}/owner/sample/.git"
        wrong = url.replace("https://", "https://ann:wrong@")
        (refused,) = gitfleet.Fleet(tmp_path / "a", ca_bundle=authority[1]).clone(wrong)
        assert isinstance(refused.error, gitfleet.exceptions.AuthenticationError)
        known = url.replace("https://", "https://ann:secret@")
        (made,) = gitfleet.Fleet(tmp_path / "b", ca_bundle=authority[1]).clone(known)
        assert made.error is None
        assert {method for method, _, _ in server.requests} == {"GET", "POST"}


GUIDE = Path(__file__).parent.parent.parent / "docs" / "guides" / "testing.md"
FORMER = """
def test_former(mock_git_repo_with_branches):
    assert (mock_git_repo_with_branches / ".git").is_dir()
"""


@pytest.mark.parametrize("path", ["/usr/bin:/bin", "/nowhere"])
def test_fixtures_are_found_by_name(path, tmp_path):
    users, tests = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (tmp_path / "conftest.py").write_text(users)
    (tmp_path / "test_users.py").write_text(tests + FORMER)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "-W", "error"]
    environment = {"PATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    expected = "2 skipped" if path == "/nowhere" else "2 passed"
    assert expected in done.stdout, done.stdout + done.stderr
