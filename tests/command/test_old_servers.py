"""Servers that speak version 0 of git's protocol, over http and ssh, and lack some features."""

import os
import pathlib
import shutil
import sys

import pytest

import old_servers
from gitfleet.testing import server
from old_servers import OldHandler
from run_command import gitfleet, outcomes, refs

SIDE_BANDS = "side-band+side-band-64k"
WAYS = [
    "none",
    SIDE_BANDS,
    "multi_ack_detailed+no-done",
    "multi_ack+multi_ack_detailed+no-done",
    f"multi_ack+multi_ack_detailed+no-done+ofs-delta+thin-pack+{SIDE_BANDS}",
    "no-done",
    "version=1",
    f"version=1+multi_ack_detailed+no-done+{SIDE_BANDS}",
    "symref",
]


@pytest.fixture
def origin(fixtures, tmp_path):
    return shutil.copytree(fixtures["history"], tmp_path / "srv" / "owner" / "origin")


@pytest.fixture(params=["http", "ssh"])
def reach(request, origin):
    """A function that returns the URL of `origin` for a way, and the environment to reach it in."""
    if request.param == "ssh":
        program = pathlib.Path(old_servers.__file__)

        def over_ssh(way):
            command = f"'{sys.executable}' '{program}' '{way}'"
            return f"git@host.invalid:{origin}/.git", {"GIT_SSH_COMMAND": command}

        yield over_ssh
        return
    with server.GitServer(origin.parent.parent, handler=OldHandler) as started:
        yield lambda way: (f"{started.url}/{way}/owner/origin/.git", {})


def commit(git, path, count, branch):
    git(path, "checkout", "-q", "-B", branch)
    for number in range(count):
        git(path, "commit", "-q", "--allow-empty", "-m", f"{branch} {number}")


@pytest.mark.parametrize("way", WAYS)
def test_clone_and_update_are_whole(reach, origin, tmp_path, git, way):
    url, environment = reach(way)
    commit(git, origin, 40, "long")
    gitfleet("clone", "--mirror", url, "-o", tmp_path / "o", "--retries", "0", **environment)
    (clone,) = (tmp_path / "o").glob("*/*/*")
    assert refs(clone) == refs(origin)
    assert git(clone, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    git(clone, "symbolic-ref", "HEAD")  # fails if it names no branch
    git(clone, "fsck", "--full")
    # Both have commits that the other does not have, more than one round names.
    git(origin, "reset", "-q", "--hard", "HEAD~30")
    commit(git, origin, 3, "new")
    git(clone, "update-ref", "refs/heads/own", "refs/heads/long")
    (updated,) = outcomes(gitfleet("update", clone, "--json", "--retries", "0", **environment))
    assert "error" not in updated
    assert refs(clone, "refs/heads/new") == refs(origin, "refs/heads/new")
    git(clone, "fsck", "--full")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "option", [("--depth", "1"), ("--depth", "3"), ("--shallow-since", "2005-04-07T22:13:15Z")]
)
def test_depth_holds(reach, origin, tmp_path, git, way, option):
    url, environment = reach(way)
    commit(git, origin, 6, "main")
    gitfleet("clone", "--bare", *option, url, "-o", tmp_path / "o", "--retries", "0", **environment)
    (clone,) = (tmp_path / "o").glob("*/*/*")
    theirs = tmp_path / "theirs"
    git(tmp_path, "clone", "-q", "--bare", *option, f"file://{origin}", os.fspath(theirs))
    assert git(clone, "rev-list", "HEAD") == git(theirs, "rev-list", "HEAD")
    assert (clone / "shallow").read_bytes() == (theirs / "shallow").read_bytes()
    # The boundary stays where it is, and the new commits come.
    commit(git, origin, 2, "main")
    (updated,) = outcomes(gitfleet("update", clone, "--json", "--retries", "0", **environment))
    assert "error" not in updated
    assert git(clone, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    git(clone, "fsck", "--full")


def test_date_without_commits_is_told_at_once(reach, tmp_path):
    url, environment = reach("none")
    command = ["clone", "--bare", "--shallow-since", "2030-01-01 00:00 +0000", url]
    done = gitfleet(*command, "-o", tmp_path, "--json", check=False, **environment)
    (outcome,) = outcomes(done)
    assert outcome["error"]["kind"] == "refused"
    assert outcome["attempts"] == 1


def test_filter_holds(reach, origin, tmp_path, git):
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    url, environment = reach("none")
    into = tmp_path / "o"
    gitfleet("clone", "--bare", "--filter", "blob:none", url, "-o", into, **environment)
    (clone,) = into.glob("*/*/*")
    missing = git(clone, "rev-list", "--objects", "--all", "--missing=print")
    blobs = {line[1:] for line in missing.splitlines() if line.startswith("?")}
    assert blobs
    assert all(git(origin, "cat-file", "-t", blob).strip() == "blob" for blob in blobs)


@pytest.mark.parametrize(
    ("way", "option"),
    [
        ("shallow", ("--depth", "1")),
        ("shallow", ("--shallow-since", "2020-01-01")),
        ("deepen-since", ("--shallow-since", "2005-04-07")),
        ("filter", ("--filter", "blob:none")),
        ("include-tag", ("--single-branch",)),
    ],
)
def test_what_a_server_cannot_do_is_named(reach, origin, tmp_path, git, way, option):
    git(origin, "config", "uploadpack.allowFilter", "true")
    url, environment = reach(way)
    command = ["clone", "--bare", *option, url, "-o", tmp_path / "o", "--json"]
    done = gitfleet(*command, "--retries", "2", check=False, **environment)
    (outcome,) = outcomes(done)
    assert done.returncode == 1
    assert outcome["error"]["kind"] == "unsupported"
    assert "does not support" in outcome["error"]["message"]
    assert outcome["attempts"] == 1
