"""`mine --keep-clones`: what lies there already, and several processes at once."""

import json
import os
import shutil
import subprocess

import pytest

from gitfleet.testing import server
from run_command import COMMAND, gitfleet, outcomes


@pytest.fixture
def hosted(fixtures, tmp_path):
    """A server with a repository of its own, and the path of that repository."""
    root = tmp_path / "srv"
    origin = shutil.copytree(fixtures["history"], root / "owner" / "origin")
    shutil.copytree(fixtures["blame"], root / "owner" / "other")
    with server.GitServer(root) as started:
        yield started, origin


def url(hosted, name="origin"):
    return f"{hosted[0].url}/owner/{name}/.git"


def place(hosted, root):
    host = hosted[0].url.split("//")[1].replace(":", "%3A")
    return root / host / "owner" / "origin"


def mine(hosted, tmp_path, *args, check=True, dataset="dataset"):
    command = ["mine", url(hosted), "-o", tmp_path / dataset, "--json", "--retries", "0"]
    command += ["--keep-clones", tmp_path / "kept", "--tables", "commits"]
    (outcome,) = outcomes(gitfleet(*command, *args, check=check))
    return outcome


def count(git, path, *revisions):
    return int(git(path, "rev-list", "--count", *revisions))


def test_clone_with_work_in_it_is_mined_at_the_head_of_the_origin(hosted, tmp_path, git):
    _, origin = hosted
    kept = place(hosted, tmp_path / "kept")
    kept.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", url(hosted), os.fspath(kept))
    git(kept, "checkout", "-q", "-b", "mine", "HEAD~3")
    git(kept, "commit", "-q", "--allow-empty", "-m", "own")
    (kept / "plain.txt").write_text("changed here\n")
    git(origin, "checkout", "-q", "-B", "main", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "new")
    before = git(kept, "status", "--porcelain"), git(kept, "rev-parse", "HEAD")
    mined = mine(hosted, tmp_path)
    assert mined["head"] == git(origin, "rev-parse", "HEAD")
    assert mined["rows"]["commits"] == count(git, origin, "HEAD")
    assert before == (git(kept, "status", "--porcelain"), git(kept, "rev-parse", "HEAD"))


REVISIONS = ["main", "HEAD~1", "@~2", "HEAD^{/files}", "v1", "v1~1", "@a/b@1.0", ":/root", "both"]


@pytest.mark.parametrize("rev", REVISIONS)
def test_revision_is_that_of_the_origin(hosted, tmp_path, git, rev):
    _, origin = hosted
    git(origin, "tag", "-f", "v1", "HEAD~4")
    git(origin, "tag", "@a/b@1.0", "HEAD~2")
    git(origin, "tag", "both", "HEAD~3")
    git(origin, "branch", "both", "HEAD~1")
    kept = place(hosted, tmp_path / "kept")
    kept.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", url(hosted), os.fspath(kept))
    git(kept, "reset", "-q", "--hard", "HEAD~3")
    assert mine(hosted, tmp_path, "--rev", rev)["head"] == git(origin, "rev-parse", rev)


def test_branch_that_cannot_be_moved_is_told(hosted, tmp_path, git):
    _, origin = hosted
    kept = place(hosted, tmp_path / "kept")
    kept.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", "--bare", url(hosted), os.fspath(kept))  # without refspecs
    git(origin, "commit", "-q", "--amend", "-m", "rewritten")
    assert mine(hosted, tmp_path)["head"] == git(origin, "rev-parse", "HEAD")
    refused = mine(hosted, tmp_path, "--rev", "main", check=False, dataset="other")
    assert "stays unchanged" in refused["error"]["message"]


def test_what_is_no_clone_of_the_target_is_refused(hosted, tmp_path, git):
    kept = place(hosted, tmp_path / "kept")

    def refusal():
        outcome = mine(hosted, tmp_path, check=False)
        assert outcome["error"]["kind"] == "destination_exists"
        return outcome["error"]["message"]

    kept.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", "--bare", url(hosted, "other"), os.fspath(kept))
    assert "clone of " + url(hosted, "other") in refusal()
    git(kept, "remote", "remove", "origin")
    assert "not empty" in refusal()
    shutil.rmtree(kept)
    git(tmp_path, "init", "-q", os.fspath(kept))
    assert "not empty" in refusal()
    shutil.rmtree(kept)
    kept.write_text("a file")
    assert "file" in refusal()


def test_empty_directory_and_leftovers_are_cloned_into(hosted, tmp_path, git):
    kept = place(hosted, tmp_path / "kept")
    kept.mkdir(parents=True)
    leftover = kept.parent / ".gitfleet-clone-xyz"
    leftover.mkdir()
    (kept.parent / ".gitfleet-clone-xyz.lock").write_text("1\n")
    (kept.parent / ".gitfleet-lock-origin").write_text("")
    assert mine(hosted, tmp_path)["rows"]["commits"] == count(git, hosted[1], "HEAD")
    assert [path.name for path in kept.parent.iterdir()] == ["origin"]


def test_shallow_clone_is_told(hosted, tmp_path, git):
    kept = place(hosted, tmp_path / "kept")
    kept.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", "--depth", "2", url(hosted), os.fspath(kept))
    mined = mine(hosted, tmp_path)
    assert "older history is missing" in " ".join(mined["warnings"])


def test_processes_share_a_directory_of_clones(hosted, tmp_path, git):
    root, origin = hosted[0], hosted[1]
    names = [f"r{number}" for number in range(6)]
    for name in names:
        shutil.copytree(origin, origin.parent / name)
    urls = [f"{root.url}/owner/{name}/.git" for name in names]
    expected = count(git, origin, "HEAD")
    for run in range(2):  # the clones are new, then there
        command = [*COMMAND, "mine", *urls, "-o", tmp_path / f"dataset{run}", "--json"]
        command += ["--keep-clones", tmp_path / "kept", "--tables", "commits"]
        processes = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(3)
        ]
        for process in processes:
            out, error = process.communicate(timeout=300)
            assert process.returncode == 0, error
            rows = [json.loads(line)["rows"]["commits"] for line in out.splitlines()]
            assert rows == [expected] * len(urls)
    kept = place(hosted, tmp_path / "kept").parent
    assert sorted(path.name for path in kept.iterdir()) == names
