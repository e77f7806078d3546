"""GitHubClient: listings, models, metadata, the cache, and asyncio."""

import ast
import asyncio
import json
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from gitfleet import exceptions, providers
from gitfleet.compat.utils.rate_limit import RateLimiter, rate_limited
from gitfleet.models.common import RepoInfo
from github_api import TOKEN, client, repository


async def test_methods_of_the_former_package_return_models(api):
    github = client(api)
    repos = await github.fetch_repositories("o")
    assert [repo.id for repo in repos] == list(range(250))
    assert isinstance(repos[0], RepoInfo)
    assert (repos[0].default_branch, repos[0].owner.login) == ("main", "o")
    assert repos[0].raw_data["node_id"] == "R0"
    assert repos[0].created_datetime().isoformat() == "2010-01-01T00:00:00+00:00"
    details = await github.fetch_repository_details("o", "r1")
    assert (details.topics, details.size, details.has_wiki) == (["a"], 5, True)
    assert details.pushed_datetime().year == 2011
    (contributor,) = await github.fetch_contributors("o", "r1")
    assert contributor.contributions == 9
    (main,) = await github.fetch_branches("o", "r1")
    assert (main.commit_sha, main.protected) == ("a" * 40, True)
    assert (await github.fetch_user_info()).login == "me"
    limit = await github.get_rate_limit()
    assert (limit.remaining, limit.used) == (10, 4990)
    assert 0 < limit.seconds_until_reset() <= 60
    assert set(await github.rate_limit()) == {"core", "search"}
    assert await github.validate_credentials() is True
    frame = await github.to_pandas(repos)
    assert len(frame) == 250
    assert "raw_data" not in frame.columns
    with pytest.raises(ValueError, match="frozen"):
        details.name = "x"


async def test_listings_are_streams_that_filter_and_resume(api):
    github = client(api)
    found = [
        repo.id
        async for repo in github.repositories(
            "o",
            forks=False,
            archived=False,
            language="rust",
            topics="git",
            pushed_since="2014-01-01",
        )
    ]
    wanted = [
        n for n in range(250) if n % 2 == 0 and n % 5 and n % 3 and n % 4 == 0 and n % 10 >= 4
    ]
    assert found == wanted
    listing = github.repositories("o")
    first = await listing.next_page()
    rest = await github.resume(listing.cursor).collect()
    assert [repo.id for repo in first] + [repo["id"] for repo in rest] == list(range(250))
    sizes = {
        parse_qs(urlsplit(path).query).get("per_page", ["100"])[0]
        for _, path, _, _ in api.requests
        if "repos" in path
    }
    assert sizes == {"100"}
    assert sum(path == "/users/o" for _, path, _, _ in api.requests) == 1
    api.listings["/search/repositories"] = [repository(number) for number in range(120)]
    assert len(await github.search_repositories("a b", sort="stars").collect()) == 120
    asked = next(path for _, path, _, _ in api.requests if path.startswith("/search"))
    assert "q=a%20b" in asked
    api.answers["/repos/o/empty/contributors"] = (204, {}, None)
    assert await github.contributors("o", "empty").collect() == []
    anonymous = [{"type": "Anonymous", "name": "N", "email": "n@x", "contributions": 1}]
    api.listings["/repos/o/r/contributors"] = anonymous
    (one,) = await github.contributors("o", "r", anonymous=True).collect()
    assert (one.id, one.login) == (0, "N")


async def test_metadata_takes_few_requests(api):
    def graphql(body):
        asked = json.loads(body)
        count = asked["query"].count(": repository(")
        if count > 60:
            return 502, {}, None
        about = {
            f"r{n}": {
                "databaseId": n,
                "name": asked["variables"][f"n{n}"],
                "nameWithOwner": "new/" + asked["variables"][f"n{n}"],
                "url": "https://github.com/new/x",
                "owner": {"login": "new", "databaseId": 1},
                "diskUsage": 3,
            }
            for n in range(count)
        }
        errors = []
        for n in range(count):
            if asked["variables"][f"n{n}"] == "absent":
                about[f"r{n}"] = None
                errors.append({"type": "NOT_FOUND", "path": [f"r{n}"], "message": "no such"})
        return 200, {}, {"data": about, "errors": errors}

    api.answers["/graphql"] = graphql
    names = [f"o/r{n}" for n in range(100)] + [("o", "absent")]
    found = await client(api).metadata(names)
    assert len(found) == 101
    assert found[0].full_name == "new/r0"
    assert found[0].clone_url == "https://github.com/new/x.git"
    assert isinstance(found[-1], providers.NotFoundError)
    assert len(api.requests) <= 4
    with pytest.raises(exceptions.InvalidInputError, match="owner/name"):
        await client(api).metadata(["nothing"])


async def test_cancelled_task_stops_at_once(api):
    api.answers["/stall"] = (None, {}, None)
    task = asyncio.ensure_future(client(api).get("/stall"))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 0.2
    api.answers["/limited"] = (429, {"Retry-After": "600"}, {"message": "no"})
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client(api).get("/limited"), 0.5)


def test_requests_do_not_hold_the_gil(api):
    def slow(_):
        time.sleep(0.3)
        return 200, {}, {}

    api.answers["/slow"] = slow
    ticks = []
    stop = threading.Event()

    def tick():
        while not stop.wait(0.005):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    client(api).sync.get("/slow")
    stop.set()
    thread.join()
    assert len(ticks) > 20


async def test_synchronous_client_gives_the_same(api):
    sync = client(api).sync
    assert len(sync.repositories("o")) == 250
    assert sync.authenticated_user().login == "me"
    with pytest.raises(providers.NotFoundError):
        sync.get("/absent")
    with pytest.raises(AttributeError):
        _ = sync.absent


def test_client_serves_several_event_loops(api):
    github = client(api)
    for _ in range(3):
        assert asyncio.run(github.user("o")).id == 1


async def test_cache_is_per_identity(api, tmp_path):
    seen = []

    def tagged(_):
        seen.append(api.requests[-1][2].get("if-none-match"))
        if seen[-1]:
            return 304, {"ETag": '"1"'}, None
        return 200, {"ETag": '"1"'}, {"ok": 1}

    api.answers["/x"] = tagged
    for token in (TOKEN, TOKEN, "another"):
        assert await client(api, token=token, cache=tmp_path).get("/x") == {"ok": 1}
    assert seen == [None, '"1"', None]
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert TOKEN.encode() not in kept


async def test_rate_limiter_paces_calls():
    pace = RateLimiter(calls_per_second=50, max_retries=1)
    calls = []

    @rate_limited(pace)
    async def call(value):
        calls.append(value)
        if len(calls) == 1:
            raise exceptions.RateLimitedError("no", None, time.time())
        return value

    began = time.monotonic()
    assert [await call(n) for n in range(4)] == [0, 1, 2, 3]
    assert calls == [0, 0, 1, 2, 3]
    assert time.monotonic() - began >= 3 / 50
    pace.reset()
    with pytest.raises(exceptions.InvalidInputError):
        RateLimiter(calls_per_second=0)


async def test_page_of_a_cancelled_task_is_not_lost(api):
    listing = client(api).repositories("o")
    found, cancelled = [], 0
    while True:
        try:
            page = await asyncio.wait_for(listing.next_page(), 0.004 + 0.004 * (cancelled % 5))
        except asyncio.TimeoutError:
            cancelled += 1
            continue
        if page is None:
            break
        found += [repo.id for repo in page]
    assert cancelled
    assert found == list(range(250))
    both = client(api).repositories("o")
    pages = await asyncio.gather(both.next_page(), both.next_page())
    assert [page[0].id for page in pages] == [0, 100]


async def test_invalid_item_loses_no_page(api):
    api.listings["/orgs/o/repos"][3] = {"id": 3}
    listing = client(api).repositories("o")
    for _ in range(2):
        with pytest.raises(ValueError, match="full_name"):
            await listing.next_page()


async def test_cache_does_not_touch_other_files(api, tmp_path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "thesis.txt").write_text("x" * 5000)
    api.answers["/x"] = (200, {"ETag": '"1"'}, {"ok": 1})
    await client(api, cache=tmp_path, cache_bytes=10).get("/x")
    assert (tmp_path / "ab" / "thesis.txt").exists()


async def test_items_without_id_are_not_deduplicated(api):
    same = [
        {"type": "Anonymous", "name": "root", "email": f"{n}@x", "contributions": 1}
        for n in range(5)
    ]
    api.listings["/repos/o/r/contributors"] = same
    assert len(await client(api).contributors("o", "r", anonymous=True).collect()) == 5


def test_synchronous_client_has_the_types_of_the_other():
    stub = Path(providers.__file__).with_name("_methods.pyi").read_text(encoding="utf-8")
    (typed,) = (one for one in ast.parse(stub).body if isinstance(one, ast.ClassDef))
    arguments = {one.name: ast.unparse(one.args) for one in typed.body}
    source = Path(providers.github.__file__).read_text(encoding="utf-8")
    base = Path(providers.base.__file__).read_text(encoding="utf-8")
    known = {}
    for text, name in ((base, "GitProviderClient"), (source, "GitHubClient")):
        (found,) = (one for one in ast.parse(text).body if getattr(one, "name", "") == name)
        for one in found.body:
            is_method = isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
            if is_method and not one.name.startswith("_") and one.name != "sync":
                known[one.name] = ast.unparse(one.args)
    assert arguments == known
