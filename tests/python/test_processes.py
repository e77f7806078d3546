"""Forked children, other threads, signals and the end of Python."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading

import pytest

import gitfleet
from gitfleet import exceptions
from github_api import client

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def silent():
    """The URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"git://127.0.0.1:{listener.getsockname()[1]}/o/r"


@contextlib.contextmanager
def ctrl_c(after=0.3):
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    timer.join()


def test_ctrl_c_ends_one_call_that_would_not_end(silent, tmp_path):
    fleet = gitfleet.Fleet(tmp_path, timeout=600, connect_timeout=600, retries=0)
    with ctrl_c():
        fleet.clone(silent)


IMPORTED_ELSEWHERE = """
import importlib, os, signal, sys, threading
threading.Thread(target=importlib.import_module, args=["gitfleet"]).start()
while "gitfleet.fleet" not in sys.modules:
    import gitfleet.fleet
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    gitfleet.Fleet(sys.argv[2], timeout=600, connect_timeout=600, retries=0).clone(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_works_if_another_thread_imported_the_package(silent, tmp_path):
    command = [sys.executable, "-c", IMPORTED_ELSEWHERE, silent, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr


def test_forked_child_reads_with_its_parents_objects(history):
    repo = gitfleet.Repository(history, threads=2)
    expected = repo.changes().to_pylist()

    def read():
        assert repo.changes().to_pylist() == expected
        assert repo.blame().to_pylist()
        assert repo.name == "history"

    in_a_child(read)
    assert repo.changes().to_pylist() == expected


async def test_forked_child_leaves_its_parents_clones(history):
    with gitfleet.compat.RepoManager([history]) as manager:
        await manager.clone_all()
        (task,) = (await manager.fetch_clone_tasks()).values()
        for leave in (manager.cleanup, lambda: manager.__exit__(None, None, None)):
            child = os.fork()
            if not child:
                leave()
                del manager, leave
                gc.collect()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0  # noqa: ASYNC222 (no other task runs)
            assert os.path.isdir(task.temp_dir)
    assert not os.path.exists(task.temp_dir)


def in_a_child(work):
    """Run a function in a forked child, which must exit with status 0 within 60 seconds."""
    child = FORK.Process(target=work)
    child.start()
    child.join(60)
    child.kill()
    assert child.exitcode == 0


async def test_forked_child_does_not_wait_for_its_parents_threads(silent, history):
    options = {"timeout": 600, "connect_timeout": 600}
    manager = gitfleet.compat.RepoManager([silent], clone_options=options, retries=0)
    future = manager.clone_all()
    await asyncio.sleep(0.2)
    records = gitfleet.Repository(history).commits()
    assert next(iter(records)).num_rows

    def leave():
        with manager:
            pass
        for read in (list, gitfleet.Records.to_pylist):
            with pytest.raises(exceptions.UnsupportedError, match="opened in another process"):
                read(records)

    in_a_child(leave)
    assert not future.done()
    manager.cleanup()
    with contextlib.suppress(asyncio.CancelledError, exceptions.GitFleetError):
        await future


def test_git_directory_is_reopened_as_given(git, tmp_path):
    outer = gitfleet.testing.SampleRepository(tmp_path / "outer")
    outer.commit({"f": "1\n"}, "Outer")
    inner = gitfleet.testing.SampleRepository(tmp_path / "inner")
    head = inner.commit({"f": "2\n"}, "Inner")
    (tmp_path / "outer" / "tree").mkdir()
    inner.git("config", "core.worktree", str(tmp_path / "outer" / "tree"))
    repo = gitfleet.Repository(inner.path / ".git")
    assert repo.path == str(tmp_path / "outer" / "tree")
    assert pickle.loads(pickle.dumps(repo)).head() == repo.head() == head

    def read():
        assert repo.head() == head

    in_a_child(read)


@pytest.fixture(scope="module")
def many_lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("lines")
    repo = gitfleet.testing.SampleRepository(path)
    repo.commit({"f": "".join(f"{n}\n" for n in range(100_000))}, "First")
    return gitfleet.Repository(path).blame(lines=True).to_pyarrow, path


def test_forked_child_collects_garbage(many_lines):
    _, path = many_lines
    while_off = 0
    while while_off < 3:
        records = gitfleet.Repository(path).blame(lines=True)
        making = threading.Thread(target=records.to_pylist)
        making.start()
        while making.is_alive():
            if gc.isenabled():
                continue
            while_off += 1
            child = os.fork()
            if not child:
                os._exit(0 if gc.isenabled() else 1)
            assert os.waitpid(child, 0)[1] == 0
            break
        making.join()
    assert gc.isenabled()


def test_rows_are_in_the_old_generation(many_lines):
    rows = gitfleet.Repository(many_lines[1]).blame(lines=True).to_pylist()
    assert any(one is rows for one in gc.get_objects(generation=2))
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    del rows


def test_gc_settings_of_the_caller_are_kept(many_lines):
    repo = gitfleet.Repository(many_lines[1])
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        repo.blame(lines=True).to_pylist()
        assert frozen - gc.get_freeze_count() < frozen / 2
    finally:
        gc.unfreeze()
    gc.disable()
    try:
        repo.blame(lines=True).to_pylist()
        assert not gc.isenabled()
    finally:
        gc.enable()


ENDS = """
import asyncio, sys, gitfleet
async def main():
    github = gitfleet.providers.GitHubClient("t", sys.argv[1], retries=0)
    asyncio.ensure_future(github.get("/stall"))
    await asyncio.sleep(0.3)
asyncio.run(main())
"""


def test_python_exits_cleanly_while_github_is_silent(api):
    api.answers["/stall"] = (None, {}, None)
    command = [sys.executable, "-c", ENDS, api.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert "panicked" not in done.stderr


IN_A_LOOP = """
import asyncio, os, signal, sys, threading, gitfleet
github = gitfleet.providers.GitHubClient("t", sys.argv[1], retries=0, timeout=600).sync
async def main():
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    if sys.argv[2] == "aside":
        asyncio.ensure_future(aside())
        await asyncio.sleep(600)
    github.get("/stall")
async def aside():
    github.get("/stall")
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", threading.active_count())
"""


@pytest.mark.parametrize("where", ["main", "aside"])
def test_ctrl_c_ends_a_synchronous_call_within_a_loop(where, api):
    api.answers["/stall"] = (None, {}, None)
    command = [sys.executable, "-c", IN_A_LOOP, api.url, where]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "interrupted 1\n", done.stderr


async def test_synchronous_call_within_a_loop_raises_its_errors(api):
    with pytest.raises(gitfleet.providers.NotFoundError):
        client(api).sync.get("/absent")
    task = asyncio.current_task()
    task.cancel()  # a cancellation before the call does not stop the call
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert client(api).sync.user("o").login == "o"


async def test_cleanup_in_a_progress_callback_is_refused(history):
    raised = []

    def clean(event):
        try:
            manager.cleanup()
        except exceptions.InvalidInputError as error:
            raised.append(str(error))

    manager = gitfleet.compat.RepoManager([history], progress=clean)
    await asyncio.wait_for(manager.clone_all(), 60)
    assert "progress callback" in raised[0]
    told = len(raised)
    other = gitfleet.compat.RepoManager([history], progress=clean)
    await other.clone_all()  # a callback of one manager may clean up another manager
    assert len(raised) == told
    await manager.clone_all()
    assert list(manager.cleanup().values()) == [True]


async def test_manager_exit_stops_clones_that_just_started(history):
    for _ in range(10):
        with gitfleet.compat.RepoManager([history]) as manager:
            future = manager.clone_all()
        with contextlib.suppress(asyncio.CancelledError, exceptions.GitFleetError):
            await future
        (task,) = (await manager.fetch_clone_tasks()).values()
        assert task.temp_dir is None
