import asyncio
from pathlib import Path

import pytest

import gitfleet
from gitfleet.exceptions import RepositoryNotFoundError

LINE_KEYS = {
    "author_email",
    "author_name",
    "commit_id",
    "final_line_no",
    "line_content",
    "orig_line_no",
}
COMMIT_KEYS = {"sha", "repo_name", "message", "additions", "deletions", "is_merge"} | {
    f"{who}_{what}"
    for who in ("author", "committer")
    for what in ("name", "email", "timestamp", "offset")
}


async def test_clones_are_watched_read_and_removed(https_server, bundle, fixtures, git):
    good = f"{https_server.url}/owner/history/.git"
    bad = f"{https_server.url}/owner/absent/.git"
    manager = gitfleet.compat.RepoManager(
        [good, bad, str(fixtures["blame"])], "user", "", ca_bundle=bundle
    )
    states = {task.status.status_type for task in (await manager.fetch_clone_tasks()).values()}
    assert states == {"queued"}
    future = manager.clone_all()
    seen = [0]
    while not future.done():
        task = (await manager.fetch_clone_tasks())[good]
        seen.append(task.status.progress or seen[-1])
        await asyncio.sleep(0.01)
    assert await future is None
    assert seen == sorted(seen)
    tasks = await manager.fetch_clone_tasks()
    assert tasks[bad].status.status_type == "failed"
    assert "not found" in tasks[bad].status.error
    assert tasks[good].status == gitfleet.compat.CloneStatus("completed")
    path = tasks[good].temp_dir
    assert git(path, "status", "--porcelain") == ""
    removed = manager.cleanup()
    assert removed == {good: True, str(fixtures["blame"]): True}
    assert await manager.cleanup() == {}
    assert not Path(path).exists()


async def test_clone_that_fails_raises(tmp_path):
    manager = gitfleet.compat.RepoManager([])
    with pytest.raises(RepositoryNotFoundError):
        await manager.clone(str(tmp_path / "absent"))
    tasks = await manager.fetch_clone_tasks()
    assert tasks[str(tmp_path / "absent")].status.status_type == "failed"


async def test_commits_are_dictionaries_as_in_the_former_package(history, git):
    rows = await gitfleet.compat.RepoManager([]).extract_commits(history)
    assert set(rows[0]) == COMMIT_KEYS
    theirs = git(history, "log", "--format=%H %an %at %ct").splitlines()
    ours = [
        f"{row['sha']} {row['author_name']} {row['author_timestamp']} {row['committer_timestamp']}"
        for row in rows
    ]
    assert ours == theirs
    assert {row["author_offset"] for row in rows} == {0, 120}
    assert rows[0]["repo_name"] == "history"
    assert sum(row["is_merge"] for row in rows) == 2
    with pytest.raises(RepositoryNotFoundError):
        await gitfleet.compat.RepoManager([]).extract_commits("/nowhere")


async def test_blame_has_dictionaries_as_in_the_former_package(fixtures, tmp_path, git):
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(fixtures["blame"]), str(bare))
    asked = ["long", "absent", "dir", "empty", "long"]
    files = await gitfleet.compat.RepoManager([]).bulk_blame(bare, asked)
    assert list(files) == ["long", "absent", "dir", "empty"]
    assert "absent" in files["absent"]
    assert isinstance(files["dir"], str)
    assert files["empty"] == []
    lines = files["long"]
    assert set(lines[0]) == LINE_KEYS
    assert [line["line_content"] for line in lines] == (
        (fixtures["blame"] / "long").read_text().splitlines()
    )
    assert [line["final_line_no"] for line in lines] == list(range(1, len(lines) + 1))
