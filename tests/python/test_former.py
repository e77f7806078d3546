"""Programs written for the package under its former name run unchanged."""

import asyncio
import importlib
import subprocess
import sys
import warnings

import pytest

import gitfleet
from former_names import NAMES

SCRIPT = """
import asyncio, base64, json, os, sys, warnings
from dataclasses import dataclass
import GitFleet
from GitFleet import (
    RepoManager, RustCloneStatus, RustCloneTask, CloneStatusType, PydanticCloneStatus,
    PydanticCloneTask, to_pydantic_status, to_pydantic_task, convert_clone_tasks,
    GitProviderClient, ProviderType, GitHubClient, TokenManager, TokenInfo, RepoInfo, UserInfo,
    RateLimitInfo, RepoDetails, ContributorInfo, BranchInfo, CredentialManager, RateLimiter,
    to_dataframe, to_json, to_dict, flatten_dataframe, providers, models, utils, RUST_AVAILABLE,
    __version__,
)
from GitFleet.models.common import CommitRef
from GitFleet.models.repo import CloneStatusType as Again
from GitFleet.providers.base import AuthError, ProviderError, RateLimitError
from GitFleet.providers.github import GitHubError
from GitFleet.providers.token_manager import TokenStatus
from GitFleet.utils.auth import CredentialEntry, derive_key_from_password
from GitFleet.utils.rate_limit import RateLimitError as LimitError, rate_limited
from GitFleet.utils.converters import to_dict as to_dict_too
from GitFleet.testing.mocks import create_test_blame_data, create_test_commit_data
from GitFleet.testing.fixtures import mock_git_repo, mock_git_repo_with_branches

url, api, directory = sys.argv[1:]
assert RUST_AVAILABLE and Again is CloneStatusType and to_dict_too is to_dict

async def clones():
    manager = RepoManager(urls=[url, url + "-absent"], github_username="ann", github_token="t")
    future = manager.clone_all()
    while not future.done():
        for given, task in (await manager.fetch_clone_tasks()).items():
            assert task.status.status_type in ("queued", "cloning", "completed", "failed")
            assert task.status.progress is None or 0 <= task.status.progress <= 100
        await asyncio.sleep(0.01)
    tasks = await manager.fetch_clone_tasks()
    done, failed = tasks[url], tasks[url + "-absent"]
    assert done.url == url and done.status.error is None and os.path.isdir(done.temp_dir)
    assert failed.status.status_type == "failed" and failed.status.error and failed.temp_dir is None
    models = convert_clone_tasks(tasks)
    assert models[url].status.status_type is CloneStatusType.COMPLETED
    assert to_pydantic_task(done) == models[url] == PydanticCloneTask(
        url=url, status=to_pydantic_status(done.status), temp_dir=done.temp_dir)
    assert PydanticCloneStatus(status_type="cloning", progress=40, nonsense=1).progress == 40
    assert len(to_dataframe(tasks)) == 2
    await manager.clone(url)
    path = (await manager.fetch_clone_tasks())[url].temp_dir
    blame = await manager.bulk_blame(repo_path=path, file_paths=["src/new.py", "absent"])
    assert isinstance(blame["absent"], str)
    line = blame["src/new.py"][7]
    assert line["line_content"] == "line seven" and line["author_name"] == "Ann"
    assert (line["orig_line_no"], line["final_line_no"], len(line["commit_id"])) == (8, 8, 40)
    commits = await manager.extract_commits(repo_path=path)
    assert [commit["message"] for commit in commits] == ["Third\\n", "Rename\\n", "First\\n"]
    assert commits[1]["author_timestamp"] == 1700003600 and commits[1]["committer_offset"] == 0
    assert (commits[2]["additions"], commits[2]["is_merge"]) == (21, False)
    # Documented, and never there before.
    assert await manager.blame(path, "src/new.py") == blame["src/new.py"]
    batches = [len(batch) async for batch in manager.stream_blame(path, "src/new.py", batch_size=8)]
    assert batches == [8, 8, 4]
    newest = await manager.extract_commits(path, max_count=1, since="2001-01-01")
    assert newest == commits[:1]
    some = [batch async for batch in manager.yield_commits(path, batch_size=2)]
    assert [len(batch) for batch in some] == [2, 1] and sum(some, []) == commits
    assert await manager.find_files(path, "*.py") == ["src/new.py"]
    await manager.clone_repos([url])
    everywhere = await manager.blame_all("src/new.py")
    assert everywhere == {url: blame["src/new.py"]}
    assert manager.cleanup() == {url: True}
    assert not os.path.exists(path)
    await RepoManager([url], "", "", clone_options={"depth": 1}).clone_all()

async def github():
    client = GitHubClient(token="t", base_url=api, token_manager=None, use_python_impl=False)
    assert isinstance(client, GitProviderClient)
    repos = await client.fetch_repositories("o")
    assert isinstance(repos[0], RepoInfo) and repos[0].created_datetime().year == 2010
    assert isinstance(await client.fetch_user_info(), UserInfo)
    limit = await client.get_rate_limit()
    assert isinstance(limit, RateLimitInfo) and limit.seconds_until_reset() >= 0
    details = await client.fetch_repository_details("o", "r1")
    assert isinstance(details, RepoDetails) and details.raw_data["id"] == 1
    branches = await client.fetch_branches("o", "r1")
    assert isinstance(branches[0], BranchInfo)
    assert branches[0].commit == CommitRef(sha="a" * 40, url="u")
    people = await client.fetch_contributors("o", "r1")
    assert isinstance(people[0], ContributorInfo)
    assert await client.validate_credentials() is True
    assert len(await client.to_pandas(repos)) == len(repos)
    try:
        await client.fetch_repository_details("o", "absent")
    except ProviderError as error:
        assert str(error).startswith("github: ")

def tokens():
    manager = TokenManager()
    manager.add_token("t1", ProviderType.GITHUB, username="ann")
    async def first():
        token = await manager.get_next_available_token(ProviderType.GITHUB)
        await manager.update_rate_limit("t1", ProviderType.GITHUB, 0, 4102444800)
        return token
    token = asyncio.run(first())
    assert isinstance(token, TokenInfo) and token.secret_token.get_secret_value() == "t1"
    assert token.status.is_rate_limited and not token.status.is_available
    assert isinstance(token.status, TokenStatus)
    assert asyncio.run(manager.get_next_available_token(ProviderType.GITHUB)) is None
    asyncio.run(manager.mark_token_invalid("t1", ProviderType.GITHUB))
    assert manager.get_all_tokens(ProviderType.GITHUB) == manager.tokens[ProviderType.GITHUB]
    assert manager.count_available_tokens(ProviderType.GITHUB) == 0

def credentials():
    file = os.path.join(directory, "credentials.json")
    manager = CredentialManager(credentials_file=file, encryption_key=b"k" * 32)
    manager.save_credential(ProviderType.GITHUB, "secret", username="ann", host="github.com")
    entry, = manager.get_credentials(ProviderType.GITHUB, host="github.com")
    assert isinstance(entry, CredentialEntry) and entry.get_token() == "secret"
    assert entry.secret_token.get_secret_value() == "secret"
    manager.remove_credential_by_username(ProviderType.GITHUB, "ann")
    manager.remove_credential(ProviderType.GITHUB, "secret")
    manager.clear_credentials(provider=None)
    key, salt = derive_key_from_password("password", salt=None)
    assert (len(key), len(salt)) == (32, 16)
    second = os.path.join(directory, "second.json")
    CredentialManager.from_password("p", salt=None, salt_file=second + ".salt",
        credentials_file=second).save_credential("github", "x")
    for functions in (
        {"encrypt_func": str.upper},
        {"encryption_key": key, "encrypt_func": str.upper, "decrypt_func": str.lower},
    ):
        try:
            CredentialManager(**functions)
        except ValueError:
            continue
        raise AssertionError

def limits():
    limiter = RateLimiter(calls_per_second=1000.0, max_retries=1)
    calls = []
    @rate_limited(limiter=limiter, key="k", retry_on_limit=True)
    async def call():
        calls.append(1)
        if len(calls) == 1:
            raise LimitError("later", reset_time=0)
        return len(calls)
    asyncio.run(limiter.acquire(key="default"))
    limiter.reset("default")
    assert asyncio.run(call()) == 2

@dataclass
class Plain:
    name: str

asyncio.run(clones())
asyncio.run(github())
tokens()
credentials()
limits()
assert to_dict(Plain("x")) == {"name": "x"} and json.loads(to_json([Plain("x")], indent=2))
frame = flatten_dataframe(to_dataframe([{"a": {"b": 1}}]), separator=".")
assert list(frame.columns) == ["a.b"]
assert len(create_test_blame_data(num_lines=3)) == 3
assert create_test_commit_data("r", num_commits=2)[0]["repo_name"] == "r"
for error in (GitHubError("no"), RateLimitError("no", ProviderType.GITHUB, 5), AuthError("no")):
    assert isinstance(error, ProviderError) and str(error) == "github: no"
assert RateLimitError("no", ProviderType.GITHUB, 5).reset_time == 5
print("all of it")
"""


def test_documented_names_work_under_the_former_name(git_repository, git_server, api, tmp_path):
    url = f"{git_server.url}/owner/sample/.git"
    command = [sys.executable, "-W", "error", "-c", SCRIPT, url, api.url, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "all of it\n"


def test_names_of_both_packages_are_the_same_objects():
    import GitFleet.providers.github as client
    from GitFleet.models.repo import PydanticCloneTask

    import GitFleet

    assert GitFleet is gitfleet.compat
    assert client.GitHubClient is gitfleet.providers.github.GitHubClient
    assert PydanticCloneTask is gitfleet.compat.PydanticCloneTask
    with pytest.raises(ModuleNotFoundError):
        import GitFleet.nothing


@pytest.mark.parametrize("first", ["GitFleet", "gitfleet", "GitFleet.models.repo"])
def test_imports_work_in_either_order(first):
    code = f"""
import {first}
import GitFleet, gitfleet, sys, GitFleet.utils.auth, gitfleet.compat.utils.auth
from GitFleet.providers import GitHubError
assert GitFleet is gitfleet.compat and GitFleet.utils.auth is gitfleet.compat.utils.auth
assert GitHubError is gitfleet.providers.GitHubError
assert gitfleet.compat.utils.auth.__spec__.name == "gitfleet.compat.utils.auth"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_former_mocks_are_the_real_classes_and_warn(git_repository):
    from gitfleet.compat.testing import mocks

    for name in ("RepoManager", "CloneStatus", "CloneTask"):
        with pytest.warns(DeprecationWarning, match="repositories of gitfleet.testing"):
            assert getattr(mocks, f"Mock{name}") is getattr(gitfleet.compat, name)
    with pytest.raises(AttributeError):
        _ = mocks.MockNothing
    manager = gitfleet.compat.RepoManager([])
    line = asyncio.run(manager.blame(git_repository, "README.md"))[0]
    assert set(mocks.create_test_blame_data(1)[0]) == set(line)
    commit = asyncio.run(manager.extract_commits(git_repository))[0]
    assert set(mocks.create_test_commit_data("r", 1)[0]) == set(commit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mocks.create_test_commit_data("r", 0) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("module", NAMES)
def test_every_name_is_in_the_module_it_was_in(module):
    import GitFleet  # noqa: F401 (makes its modules importable)

    loaded = importlib.import_module(module)
    absent = [name for name in NAMES[module].split() if not hasattr(loaded, name)]
    assert absent == []


def test_the_package_shows_its_names_and_nothing_else():
    assert len(NAMES) == 15
    assert sum(len(names.split()) for names in NAMES.values()) == 135
    shown = [name for name in dir(gitfleet) if not name.startswith("__")]
    assert shown == sorted(name for name in gitfleet.__all__ if not name.startswith("__"))
