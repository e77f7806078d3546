"""Objects that a partial clone lacks, as the package fetches them."""

import pytest

import gitfleet

from conftest import GitServer, run_git


@pytest.fixture
def server(fixtures):
    run_git(fixtures["blame"], "config", "uploadpack.allowFilter", "true")
    made = GitServer(fixtures["history"].parent.parent)
    yield made
    made.close()


def cloned(server, root, **options):
    fleet = gitfleet.Fleet(root, bare=True, **options)
    (made,) = fleet.clone(f"{server.url}/owner/blame")
    return gitfleet.Repository(made.path)


def test_missing_objects_are_fetched_on_request(server, tmp_path):
    whole = cloned(server, tmp_path / "whole")
    partial = cloned(server, tmp_path / "partial", filter="blob:none")
    assert partial.commits(missing="fetch").to_pylist() == whole.commits().to_pylist()
    partial = cloned(server, tmp_path / "again", filter="blob:none")
    assert partial.blame(missing="fetch").to_pylist() == whole.blame().to_pylist()


async def test_manager_reads_its_partial_clones(server, fixtures):
    url = f"{server.url}/owner/blame"
    options = {"bare": True, "filter": "blob:none"}
    manager = gitfleet.compat.RepoManager(url, clone_options=options)
    await manager.clone_all()
    path = (await manager.fetch_clone_tasks())[url].temp_dir
    whole = gitfleet.Repository(fixtures["blame"])
    names = sorted({row["path"] for row in whole.blame(failures=[]).to_pylist()})
    blamed = await manager.bulk_blame(path, names)
    assert all(isinstance(lines, list) for lines in blamed.values())
    commits = await manager.extract_commits(path)
    assert all(commit["additions"] is not None for commit in commits)
