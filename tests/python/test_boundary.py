import asyncio
import datetime
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy
import pyarrow as pa
import pytest

import gitfleet
from gitfleet import _gitfleet, exceptions


def test_error_kinds_map_to_exported_classes():
    kinds = _gitfleet.error_kinds()
    assert len(kinds) >= 14
    for kind, name in kinds:
        assert name in exceptions.__all__, kind
        assert issubclass(getattr(exceptions, name), exceptions.GitFleetError)


def test_exception_classes_have_a_kind():
    raised = {name for _, name in _gitfleet.error_kinds()} | {"GitFleetError"}
    assert raised == set(exceptions.__all__)


def test_all_lists_existing_names():
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


def test_reset_at_is_an_aware_time():
    error = exceptions.RateLimitedError("later", "h", 0)
    assert error.reset_at == datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert pickle.loads(pickle.dumps(error)).reset_at == error.reset_at
    assert exceptions.RateLimitedError("later").reset_at is None


def test_exceptions_are_builtin_exceptions_too(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        gitfleet.Repository(tmp_path / "absent")
    assert isinstance(caught.value, exceptions.RepositoryNotFoundError)
    assert caught.value.subject == caught.value.filename == str(tmp_path / "absent")
    assert (caught.value.errno, caught.value.strerror) == (None, str(caught.value))


def test_import_loads_no_other_package():
    code = (
        "import sys, gitfleet; heavy = {'pandas', 'polars', 'pyarrow', 'pydantic', 'asyncio',"
        "'dataclasses', 'typing_extensions'}; print(sorted(heavy & set(sys.modules)))"
    )
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=alone, check=True)
    assert done.stdout == b"[]\n"


def test_import_fails_without_the_extension(tmp_path):
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
                time.sleep(0.2)  # the KeyboardInterrupt is raised here


async def test_cancelled_task_stops_its_work(slow_repository):
    manager = gitfleet.compat.RepoManager([])
    started = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(many(manager, slow_repository), 0.3)
    assert time.monotonic() - started < 5


async def many(manager, path):
    for _ in range(1000):
        await manager.extract_commits(path)


def test_threads_run_while_a_call_blocks(slow_repository):
    repo = gitfleet.Repository(slow_repository, threads=1)
    worker = threading.Thread(target=lambda: repo.commits().to_pylist())
    ticks = 0
    worker.start()
    while worker.is_alive():
        ticks += 1
        time.sleep(0.001)
    assert ticks > 20, "the GIL was held"


def test_repository_survives_pickling(history):
    repo = pickle.loads(pickle.dumps(gitfleet.Repository(history)))
    assert repo.head() == gitfleet.Repository(history).head()


def head(repo):
    return repo.head()


def test_objects_survive_pickling_to_other_processes(history, tmp_path):
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        heads = pool.map(head, [gitfleet.Repository(history)] * 2)
        fleet = gitfleet.Fleet(tmp_path / "out", bare=True, jobs=3)
        (made,) = pool.apply(gitfleet.Fleet.clone, (fleet, str(history)))
    assert heads == [gitfleet.Repository(history).head()] * 2
    assert (made.error, made.head) == (None, heads[0])
    assert gitfleet.Repository(made.path).is_bare


def test_lock_is_not_pickled(tmp_path):
    manager = gitfleet.providers.TokenManager()
    manager.add_token("t", "github", username="ann")
    client = gitfleet.providers.GitHubClient(None, "http://127.0.0.1:1", manager, reserve=5)
    again = pickle.loads(pickle.dumps(client))
    assert again.token_manager.get_all_tokens("github") == manager.get_all_tokens("github")
    assert again.token_manager.count_available_tokens("github") == 1
    limiter = pickle.loads(pickle.dumps(gitfleet.compat.RateLimiter(5)))
    asyncio.run(limiter.acquire())
    credentials = gitfleet.compat.CredentialManager(tmp_path / "c.json", bytes(32))
    credentials.save_credential("github", "t")
    (entry,) = pickle.loads(pickle.dumps(credentials)).get_credentials("github")
    assert entry.token == "t"


ENDS = """
import asyncio, sys, gitfleet
path = sys.argv[1]
manager = gitfleet.compat.RepoManager([path])

async def given_up():
    for wait in (0.001, 0.01, 0.05):
        try:
            await asyncio.wait_for(manager.extract_commits(path), wait)
        except asyncio.TimeoutError:
            pass

async def left_alone():
    asyncio.ensure_future(manager.extract_commits(path))
    manager.clone_all()
    await asyncio.sleep(0.01)

asyncio.run({given_up}())
"""


@pytest.mark.parametrize("how", ["given_up", "left_alone"])
def test_python_exits_cleanly_during_any_work(how, slow_repository):
    script = ENDS.replace("{given_up}", how)
    for _ in range(5):
        command = [sys.executable, "-W", "error", "-c", script, str(slow_repository)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        # A task that is not cancelled may get a message from asyncio that its loop is closed.
        assert how == "left_alone" or done.stderr == ""
        assert "panicked" not in done.stderr


FORKS = """
import asyncio, os, sys, gitfleet
path = sys.argv[1]
async def read():
    return len(await gitfleet.compat.RepoManager([]).extract_commits(path, max_count=1))
assert asyncio.run(read()) == 1
child = os.fork()
if not child:
    assert gitfleet.Repository(path).head()
    try:
        asyncio.run(read())
    except gitfleet.exceptions.UnsupportedError as error:
        print(error)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_forked_child_gets_a_helpful_error(history):
    script = FORKS.replace("gitfleet.exceptions", "__import__('gitfleet.exceptions').exceptions")
    command = [sys.executable, "-c", script, str(history)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "spawn" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_count": -1}, "max_count -1: must be a whole number, 0 or more"),
        ({"max_count": 1.5}, "max_count 1.5"),
        ({"skip": True}, "skip True"),
        ({"max_count": 1 << 70}, "max_count"),
    ],
)
def test_invalid_numbers_are_named(options, says, history):
    assert len(gitfleet.Repository(history).commits(max_count=numpy.int64(2)).to_pylist()) == 2
    with pytest.raises(exceptions.InvalidInputError, match=says):
        gitfleet.Repository(history).commits(**options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first_parent": "yes"}, "first_parent of type str: must be True or False"),
        ({"mailmap": None}, "mailmap None: must be True or False"),
        ({"all_refs": numpy.array([True, False])}, "all_refs .*: must be True or False"),
        ({"order": None}, "order None: must be text"),
        ({"order": 1}, "order 1: must be text"),
        ({"authors": 5}, "authors 5: must be text, a path, or several"),
        ({"paths": b"f"}, "paths of type bytes: must be"),
        ({"paths": ["f", b"g"]}, "paths .*: must be"),
    ],
)
def test_arguments_of_a_wrong_type_are_named(options, says, history):
    with pytest.raises(TypeError, match=says):
        gitfleet.Repository(history).commits(**options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timeout": None}, "timeout None: must be a number"),
        ({"timeout": "5"}, "timeout of type str: must be a number"),
        ({"timeout": 10**400}, "timeout .*: must be a number"),
        ({"bare": "false"}, "bare of type str: must be True or False"),
        ({"branch": 5}, "branch 5: must be text"),
        ({"trust": None}, "trust None: must be True or False"),
        ({"token": 5}, "token 5: must be text"),
        ({"allow_clear_text": "no"}, "allow_clear_text"),
        ({"retry_wait": "x"}, "retry_wait of type str: must be a number"),
        ({"credentials": {"h": 5}}, "credentials: the value of each host must be"),
        ({"credentials": {"h": ("user",)}}, "credentials: the value of each host must be"),
    ],
)
def test_options_of_a_wrong_type_are_named(options, says, tmp_path):
    with pytest.raises(TypeError, match=says):
        gitfleet.Fleet(tmp_path, **options)
    with pytest.raises(TypeError, match="progress 5: must be callable"):
        gitfleet.Fleet(tmp_path).clone([], progress=5)
    with pytest.raises(
        exceptions.InvalidInputError, match="depth of type str: must be a whole number"
    ):
        gitfleet.Fleet(tmp_path, depth="1")
    for missing in (gitfleet.compat.RepoManager, gitfleet.Fleet(tmp_path).clone):
        with pytest.raises(TypeError, match="urls None: must be"):
            missing(None)
    with pytest.raises(TypeError, match="targets None: must be"):
        gitfleet.mine(None, tmp_path / "data")
    gitfleet.Fleet(tmp_path, credentials={"h": ("user", "password"), "g": "token"})


@pytest.mark.parametrize("name", ["jobs", "jobs_per_host"])
def test_jobs_must_be_positive(name, tmp_path):
    for made in (lambda **more: gitfleet.Fleet(tmp_path, **more), gitfleet.compat.RepoManager):
        with pytest.raises(exceptions.InvalidInputError, match=f"{name} 0: .* 1 or more"):
            made(**{name: 0} | ({"urls": []} if made is gitfleet.compat.RepoManager else {}))


def test_service_errors_have_all_their_attributes():
    from gitfleet.providers import base, errors, github

    kinds = {
        "rate_limited": base.RateLimitError,
        "authentication_failed": base.AuthError,
        "permission_denied": base.PermissionDeniedError,
        "not_found": base.NotFoundError,
        "network": github.GitHubNetworkError,
        "refused": github.GitHubError,
    }
    for kind, made in kinds.items():
        error = errors.of_service(kind, "no", "/x", 403, "id", 1.5, 1e18, "https://docs")
        assert type(error) is made
        assert (str(error), error.subject) == ("github: /x: no", "/x")
        assert (error.status, error.request_id, error.retry_after) == (403, "id", 1.5)
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), again.status) == (str(error), 403)
