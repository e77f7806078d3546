"""Partial clones: missing objects are fetched in few requests when a job needs them."""

import pytest

from run_command import gitfleet, outcomes

from conftest import GitServer, run_git


@pytest.fixture
def server(fixtures):
    for name in ("history", "blame"):
        run_git(fixtures[name], "config", "uploadpack.allowFilter", "true")
    made = GitServer(fixtures["history"].parent.parent)
    yield made
    made.close()


def partial(server, name, where, *args):
    url = f"{server.url}/owner/{name}"
    (made,) = outcomes(gitfleet("clone", *args, url, "-o", where, "--json"))
    return made["path"]


def asked(server):
    """Requests for packs since the last call."""
    count = sum(path.endswith("git-upload-pack") for _, path, _ in server.requests)
    server.requests.clear()
    return count


@pytest.mark.parametrize("spec", ["blob:none", "tree:0"])
@pytest.mark.parametrize("name", ["history", "blame"])
def test_partial_clone_has_the_rows_of_a_full_clone(server, spec, name, tmp_path, git):
    whole = partial(server, name, tmp_path / "whole", "--bare")
    for job, flag in (
        (["commits"], "--missing=fetch"),
        (["changes", "--diff-merges=separate"], "--missing=fetch"),
        (["blame"], "--missing=fetch"),
    ):
        path = partial(server, name, tmp_path / job[0], "--bare", "--filter", spec)
        asked(server)
        ours = gitfleet(*job, path, flag, "--format=jsonl")
        assert 1 <= asked(server) <= 12, "not one request per object"
        theirs = gitfleet(*job, whole, "--format=jsonl")
        assert ours.stdout.replace(path, "") == theirs.stdout.replace(whole, "")
        assert ours.stderr == ""
        git(path, "fsck", "--full")
        again = gitfleet(*job, path, flag, "--format=jsonl")
        assert (asked(server), again.stdout) == (0, ours.stdout)


def test_blame_without_fetching_names_missing_blobs(server, tmp_path):
    path = partial(server, "blame", tmp_path, "--bare", "--filter", "blob:none")
    done = gitfleet("blame", path, check=False)
    assert done.returncode == 1
    assert "is missing" in done.stderr


@pytest.mark.parametrize("spec", ["blob:none", "tree:0"])
def test_checkout_of_a_partial_clone_fetches_blobs_at_once(server, spec, tmp_path, git):
    path = partial(server, "history", tmp_path, "--filter", spec)
    assert asked(server) <= 8
    git(path, "config", "remote.origin.url", "/nowhere")
    assert git(path, "status", "--porcelain") == ""
    git(path, "fsck", "--full")


def test_mine_of_a_partial_clone_is_complete(server, tmp_path):
    path = partial(server, "blame", tmp_path / "partial", "--bare", "--filter", "blob:none")
    (mined,) = outcomes(
        gitfleet("mine", path, "-o", tmp_path / "data", "--missing", "fetch", "--json")
    )
    assert mined["warnings"] == []
    whole = partial(server, "blame", tmp_path / "whole", "--bare")
    (same,) = outcomes(gitfleet("mine", whole, "-o", tmp_path / "same", "--json"))
    assert mined["rows"] == same["rows"]


def test_missing_object_error_names_the_server(server, tmp_path, git):
    path = partial(server, "history", tmp_path, "--bare", "--filter", "blob:none")
    git(path, "config", "remote.origin.url", f"{server.url}/owner/sha256")
    done = gitfleet("commits", path, "--missing=fetch", check=False)
    assert done.returncode == 1
    assert server.host in done.stderr
