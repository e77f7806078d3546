"""Fleet and RepoManager: options, progress and cancellation, with real servers."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gitfleet
from gitfleet import exceptions
from servers import Proxy, git_daemon

from conftest import TOKEN, USER, GitServer, make


@pytest.fixture
def served(tmp_path):
    """Two repositories that a test may change, and the URLs that serve them."""
    root = tmp_path / "served"
    for name in ("a", "b"):
        make(root / "o" / name, "history")
    with git_daemon(root) as start:
        yield root / "o", [f"{start}/o/a", f"{start}/o/b"]


@pytest.fixture
def stalled(fixtures):
    """A server that never answers."""
    server = GitServer(fixtures["history"].parent.parent)
    proxy = Proxy(int(server.host.split(":")[1]), {"stall": 1.0})
    yield f"http://{proxy.host}/owner/history"
    proxy.close()
    server.close()


def test_fleet_clones_and_updates(served, tmp_path, git):
    origins, urls = served
    events = []
    fleet = gitfleet.Fleet(tmp_path / "out", bare=True, existing="refuse")
    made = fleet.clone([*urls, "ftp://nowhere/x", urls[0] + "bsent"], progress=events.append)
    assert [one.error is None for one in made] == [True, True, False, False]
    assert isinstance(made[2].error, exceptions.UnsupportedError)
    assert isinstance(made[3].error, exceptions.RepositoryNotFoundError)
    assert made[0].head == git(origins / "a", "rev-parse", "HEAD")
    assert (made[0].attempts, made[2].attempts) == (1, 0)
    for url in urls:
        phases = [event.phase for event in events if event.subject == url]
        assert phases[0] == "connecting"
        assert phases[-1] == "done"
    failed = [event for event in events if event.phase == "failed"]
    assert [event.subject for event in failed] == ["ftp://nowhere/x", urls[0] + "bsent"]
    assert "not exported" in failed[1].error or "access denied" in failed[1].error
    (refused,) = fleet.clone(urls[0])
    assert isinstance(refused.error, exceptions.DestinationExistsError)
    git(origins / "a", "branch", "new", "HEAD~1")
    changed, same = fleet.update([made[0].path, made[1].path])
    assert [(ref.name, ref.change) for ref in changed.refs] == [("refs/heads/new", "created")]
    assert (same.refs, same.error) == ([], None)
    assert repr(fleet) == f"Fleet('{tmp_path / 'out'}')"


async def test_fleet_reports_progress(served, tmp_path):
    _, urls = served
    ended = {}
    async for event in gitfleet.Fleet(tmp_path / "out").watch([*urls, "ftp://h/x"]):
        assert event.subject not in ended
        if event.has_ended:
            ended[event.subject] = event.phase
    assert ended == dict.fromkeys(urls, "done") | {"ftp://h/x": "failed"}
    (again,) = await gitfleet.Fleet(tmp_path / "out").clone_async(urls[0])
    assert again.was_there
    (updated,) = await gitfleet.Fleet("").update_async(again.path)
    assert updated.refs == []


async def test_manager_reports_progress_and_takes_options(served, git):
    _, urls = served
    heard = []
    options = {"bare": True, "depth": 1}
    manager = gitfleet.compat.RepoManager(urls, clone_options=options, progress=heard.append)
    events = [event async for event in manager.watch()]
    assert events == heard
    assert sum(event.has_ended for event in events) == len(urls)
    task = (await manager.fetch_clone_tasks())[urls[0]]
    assert git(task.temp_dir, "rev-list", "--count", "HEAD") == "1"
    await manager.clone(urls[0])


async def test_callback_that_raises_stops_the_work(served, tmp_path):
    class EnoughError(Exception):
        pass

    def callback(_):
        raise EnoughError

    _, urls = served
    fleet = gitfleet.Fleet(tmp_path / "out", retries=0)
    with pytest.raises(EnoughError):
        fleet.clone(urls, progress=callback)
    with pytest.raises(EnoughError):
        await fleet.clone_async(urls, progress=callback)
    with pytest.raises(EnoughError):
        await gitfleet.compat.RepoManager(urls, progress=callback).clone_all()
    with pytest.raises(EnoughError):
        gitfleet.mine(urls, tmp_path / "data", progress=callback)
    assert not list((tmp_path / "out").rglob("HEAD"))


async def test_cancelled_task_stops_a_stalled_clone_within_a_second(stalled, tmp_path):
    fleet = gitfleet.Fleet(tmp_path / "out")
    manager = gitfleet.compat.RepoManager([stalled])
    for start in (lambda: fleet.clone_async(stalled), manager.clone_all):
        task = asyncio.ensure_future(start())
        await asyncio.sleep(0.3)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 1
    async for event in fleet.watch(stalled):
        assert event.phase == "connecting"
        break
    deadline = time.monotonic() + 2
    while any(".gitfleet-" in path for path, _, _ in os.walk(tmp_path / "out")):
        assert time.monotonic() < deadline, "a temporary directory was left"
        await asyncio.sleep(0.05)


def test_interrupt_raises_within_a_second(stalled, tmp_path):
    script = f"""
import sys, gitfleet
print("ready", flush=True)
try:
    gitfleet.Fleet({str(tmp_path / "out")!r}).clone({stalled!r})
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=10)
    assert out == "interrupted\n"
    assert time.monotonic() - began < 1.5
    assert not list((tmp_path / "out").rglob(".gitfleet-*"))


def test_credentials_are_per_host(https_server, bundle, tmp_path):
    url = f"{https_server.url}/private/owner/history/.git"
    ours = {https_server.host: (USER, TOKEN)}
    (made,) = gitfleet.Fleet(tmp_path, ca_bundle=bundle, credentials=ours).clone(url)
    assert made.error is None
    alone = {https_server.host: TOKEN}  # sent with a default user name, which this server refuses
    fleet = gitfleet.Fleet(tmp_path / "alone", ca_bundle=bundle, credentials=alone)
    (refused,) = fleet.clone(url)
    assert "refused the credentials" in str(refused.error)
    elsewhere = gitfleet.Fleet(
        tmp_path / "out", ca_bundle=bundle, credentials={"example.org": TOKEN}
    )
    (refused,) = elsewhere.clone(url)
    assert isinstance(refused.error, exceptions.AuthenticationError)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"depth": 0}, "depth 0"),
        ({"filter": "blob:limit=1"}, "blob:none, tree:0"),
        ({"timeout": -1}, "timeout -1"),
        ({"max_time": float("nan")}, "max_time"),
        ({"retry_wait": -1.0}, "retry_wait"),
        ({"existing": "what"}, "keep, update, refuse"),
        ({"update_files": "x"}, "forward, keep, overwrite"),
    ],
)
def test_invalid_options_are_named(options, says, tmp_path):
    with pytest.raises(exceptions.InvalidInputError, match=says):
        gitfleet.Fleet(tmp_path, **options)


def test_unknown_options_and_addresses_are_refused(tmp_path):
    with pytest.raises(TypeError, match="detph"):
        gitfleet.Fleet(tmp_path, detph=1)
    (refused,) = gitfleet.Fleet(tmp_path).clone("ftp://h/x")
    assert "ftp" in str(refused.error)


async def test_fleet_returns_lists_for_one_url_too(served, tmp_path):
    _, urls = served
    heard = []
    fleet = gitfleet.Fleet(tmp_path / "out", bare=True)
    (made,) = await fleet.clone_async(urls[0], progress=heard.append)
    (updated,) = await fleet.update_async(made.path, progress=heard.append)
    assert updated.error is None
    assert heard[-1].phase in {"done", "unchanged"}


def test_ca_bundle_is_read_for_https_only(served, tmp_path):
    _, urls = served
    (made,) = gitfleet.Fleet(tmp_path / "out", ca_bundle=tmp_path / "absent.pem").clone(urls[0])
    assert made.error is None
    (refused,) = gitfleet.Fleet(tmp_path, ca_bundle=tmp_path / "absent.pem").clone("https://h/o/r")
    assert "absent.pem" in str(refused.error)


def test_repeated_repositories_are_done_once(fixtures, tmp_path):
    history, sha256 = fixtures["history"], fixtures["sha256"]
    clash = tmp_path / "other" / history.parent.name / history.name
    clash.mkdir(parents=True)
    fleet = gitfleet.Fleet(tmp_path / "clones", bare=True)
    made = fleet.clone([history, sha256, f"{history}/", clash, sha256])
    assert [one.error is None for one in made] == [True, True, True, False, True]
    assert [one.was_there for one in made] == [False, False, True, False, True]
    assert "same repository" in made[2].warnings[0]
    assert made[2].path == made[0].path
    assert "would share the directory" in str(made[3].error)
    again = fleet.update([made[0].path, Path(made[0].path) / ".", made[1].path])
    assert [one.error for one in again] == [None] * 3
    assert "same repository" in again[1].warnings[0]
    mined = gitfleet.mine([history, f"{history}/.", clash], tmp_path / "data", tables=["commits"])
    assert [one.error is None for one in mined] == [True, True, False]
    assert mined[1].rows == mined[0].rows
    assert "same repository" in mined[1].warnings[0]
