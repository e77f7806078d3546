import asyncio
import datetime
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pytest

import gitfleet
from gitfleet import _gitfleet, exceptions


def test_every_kind_maps_to_an_exported_class():
    kinds = _gitfleet.error_kinds()
    assert len(kinds) >= 14
    for kind, name in kinds:
        assert name in exceptions.__all__, kind
        assert issubclass(getattr(exceptions, name), exceptions.GitFleetError)


def test_every_exported_class_is_a_kind():
    raised = {name for _, name in _gitfleet.error_kinds()} | {"GitFleetError"}
    assert raised == set(exceptions.__all__)


def test_everything_in_all_exists():
    for module in (gitfleet, exceptions):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)
    assert set(gitfleet.__all__) <= set(dir(gitfleet))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = gitfleet.nonsense


@pytest.mark.parametrize("name", exceptions.__all__)
def test_exceptions_keep_message_and_subject_through_pickling(name):
    error = getattr(exceptions, name)("what happened", "subject")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.subject) == (type(error), "what happened", "subject")


def test_the_end_of_a_limit_is_an_aware_time():
    error = exceptions.RateLimitedError("later", "h", 0)
    assert error.reset_at == datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert pickle.loads(pickle.dumps(error)).reset_at == error.reset_at
    assert exceptions.RateLimitedError("later").reset_at is None


def test_failures_are_builtin_exceptions_too(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        gitfleet.Repository(tmp_path / "absent")
    assert isinstance(caught.value, exceptions.RepositoryNotFoundError)
    assert caught.value.subject == str(tmp_path / "absent")


def test_importing_loads_no_other_package():
    code = (
        "import sys, gitfleet; heavy = {'pandas', 'polars', 'pyarrow', 'pydantic', 'asyncio',"
        "'dataclasses', 'typing_extensions'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_missing_extension_fails_the_import(tmp_path):
    code = "import sys; sys.modules['gitfleet._gitfleet'] = None; import gitfleet"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode != 0
    assert "ImportError" in done.stderr or "ModuleNotFoundError" in done.stderr


def test_ctrl_c_stops_a_blocking_call(slow_repository):
    repo = gitfleet.Repository(slow_repository, threads=1)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the signal comes at any moment)
        for _ in range(1000):
            repo.commits().to_pylist()
    assert time.monotonic() - started < 5


def test_ctrl_c_stops_a_reader_of_the_stream(slow_repository):
    repo = gitfleet.Repository(slow_repository, threads=1)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 (the signal comes at any moment)
        for _ in range(1000):
            try:
                pa.table(repo.commits())
            except pa.ArrowException:
                time.sleep(0.2)  # the interrupt follows


async def test_cancelling_a_task_stops_its_work(slow_repository):
    manager = gitfleet.RepoManager([])
    started = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(many(manager, slow_repository), 0.3)
    assert time.monotonic() - started < 5


async def many(manager, path):
    for _ in range(1000):
        await manager.extract_commits(path)


def test_other_threads_run_while_a_call_blocks(slow_repository):
    repo = gitfleet.Repository(slow_repository, threads=1)
    worker = threading.Thread(target=lambda: repo.commits().to_pylist())
    ticks = 0
    worker.start()
    while worker.is_alive():
        ticks += 1
        time.sleep(0.001)
    assert ticks > 20, "the GIL was held"


def test_a_repository_survives_pickling(history):
    repo = pickle.loads(pickle.dumps(gitfleet.Repository(history)))
    assert repo.head() == gitfleet.Repository(history).head()
