"""Updates of clones whose origin changed in unusual ways, and locks and disks in the way."""

import os
import shutil
import subprocess

import pytest

from gitfleet.testing import server
from run_command import COMMAND, gitfleet, outcomes, refs


@pytest.fixture
def origin(fixtures, tmp_path):
    return shutil.copytree(fixtures["history"], tmp_path / "srv" / "owner" / "origin")


@pytest.fixture(params=["http", "path"])
def url(request, origin):
    if request.param == "path":
        yield os.fspath(origin)
        return
    with server.GitServer(origin.parent.parent) as started:
        yield f"{started.url}/owner/origin/.git"


def cloned(url, into, *args):
    (outcome,) = outcomes(gitfleet("clone", *args, url, "-o", into, "--json"))
    return outcome["path"]


def update(path, *args):
    return outcomes(gitfleet("update", path, "--json", "--retries", "0", *args, check=False))[0]


def rename_default(git, origin):
    git(origin, "branch", "-m", "main", "trunk")
    git(origin, "commit", "-q", "--allow-empty", "-m", "on trunk")
    (origin / "new.txt").write_text("new\n")
    git(origin, "add", "new.txt")
    git(origin, "commit", "-q", "-m", "a new file")


def test_renamed_default_branch_is_told_and_followed_on_request(url, origin, tmp_path, git):
    path = cloned(url, tmp_path / "out")
    rename_default(git, origin)
    for _ in range(2):
        updated = update(path)
        assert "switch to it" in " ".join(updated["warnings"])
        assert "refs/heads/trunk" in " ".join(updated["warnings"])
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(path, "symbolic-ref", "refs/remotes/origin/HEAD") == "refs/remotes/origin/trunk"
    followed = update(path, "--files", "overwrite")
    assert followed["new_default_branch"] == "refs/heads/trunk"
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert git(path, "rev-parse", "--abbrev-ref", "@{upstream}") == "origin/trunk"
    assert git(path, "status", "--porcelain") == ""
    assert os.path.exists(os.path.join(path, "new.txt"))
    assert update(path)["status"] == "unchanged"


def test_bare_clone_follows_a_renamed_default_branch(url, origin, tmp_path, git):
    path = cloned(url, tmp_path / "out", "--bare")
    rename_default(git, origin)
    assert update(path)["new_default_branch"] == "refs/heads/trunk"
    assert git(path, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")


@pytest.mark.parametrize("shape", ["--bare", "--mirror"])
def test_vanished_origin_leaves_the_clone(url, origin, tmp_path, git, shape):
    path = cloned(url, tmp_path / "out", shape)
    before = refs(path)
    shutil.rmtree(origin)
    outcome = update(path)
    assert outcome["error"]["kind"] == "repository_not_found"
    assert refs(path) == before


@pytest.mark.parametrize("shape", ["--bare", "--mirror", "--single-branch"])
def test_emptied_origin_is_told_and_nothing_is_removed(url, origin, tmp_path, git, shape):
    if shape == "--single-branch" and not url.startswith("http"):
        pytest.skip("a clone of a path has all branches")
    path = cloned(url, tmp_path / "out", shape)
    before = refs(path)
    for ref in git(origin, "for-each-ref", "--format=%(refname)").splitlines():
        git(origin, "update-ref", "-d", ref)
    outcome = update(path)
    assert outcome["error"]["kind"] == "refused"
    assert "no longer has the branches" in outcome["error"]["message"]
    assert refs(path) == before


def test_renamed_branch_of_a_single_branch_clone_is_told(origin, tmp_path, git):
    with server.GitServer(origin.parent.parent) as started:
        path = cloned(f"{started.url}/owner/origin/.git", tmp_path / "out", "--depth", "2")
        before = refs(path)
        rename_default(git, origin)
        for _ in range(2):
            outcome = update(path)
            assert outcome["error"]["kind"] == "refused"
            assert "default branch is refs/heads/trunk" in outcome["error"]["message"]
            assert refs(path) == before


@pytest.mark.parametrize("keep", [(), ("--keep-clones", "kept")])
def test_result_of_an_emptied_origin_is_kept(origin, tmp_path, git, keep, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with server.GitServer(origin.parent.parent) as started:
        command = ["mine", f"{started.url}/owner/origin/.git", "-o", "dataset", "--json", *keep]
        (mined,) = outcomes(gitfleet(*command))
        for ref in git(origin, "for-each-ref", "--format=%(refname)").splitlines():
            git(origin, "update-ref", "-d", ref)
        (outcome,) = outcomes(gitfleet(*command, check=False))
        assert outcome["error"]["kind"] == "refused", outcome
        assert os.path.exists(os.path.join(mined["path"], "commits.parquet"))


@pytest.mark.parametrize("lock", ["refs/heads/main.lock", "packed-refs.lock"])
def test_lock_of_another_program_is_named(url, origin, tmp_path, git, lock):
    path = cloned(url, tmp_path / "out", "--bare")
    git(path, "branch", "-f", "gone", "main")
    git(path, "pack-refs", "--all")
    git(origin, "commit", "-q", "--allow-empty", "-m", "new")
    held = os.path.join(path, lock)
    os.makedirs(os.path.dirname(held), exist_ok=True)
    with open(held, "w"):
        outcome = update(path)
    assert outcome["error"]["kind"] == "storage"
    assert held in outcome["error"]["message"]
    assert "another program" in outcome["error"]["message"]
    os.remove(held)
    assert "error" not in update(path)
    assert git(path, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")


def test_full_disk_is_told_and_not_tried_again(origin, tmp_path, git):
    (origin / "big.bin").write_bytes(os.urandom(6 << 20))
    git(origin, "add", "big.bin")
    git(origin, "commit", "-q", "-m", "big")
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && shift 0 && exec "$@"'
    allowed = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, tiny, "true"], capture_output=True, check=False
    )
    if allowed.returncode:
        pytest.skip("a file system cannot be mounted in a namespace here")
    with server.GitServer(origin.parent.parent) as started:
        command = [*COMMAND, "clone", "--bare", f"{started.url}/owner/origin/.git"]
        command += ["-o", tiny / "out", "--min-free", "0", "--json", "--retries", "2"]
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", mount, tiny, *command],
            capture_output=True,
            text=True,
            check=False,
        )
    (outcome,) = outcomes(done)
    assert outcome["error"]["kind"] == "storage", outcome
    assert outcome["attempts"] == 1
