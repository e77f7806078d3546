"""Waits of tokens, identities of listings, and odd rate limit headers."""

import asyncio
import email.utils
import time

import pytest

from gitfleet import exceptions, providers
from gitfleet.providers import GitHubClient, TokenManager
from github_api import TOKEN, client, repository


def asked(api, route):
    return sum(target.partition("?")[0] == route for _, target, _, _ in api.requests)


def several(api, *tokens, **options):
    manager = TokenManager()
    for token in tokens:
        manager.add_token(token, "github")
    return GitHubClient(None, api.url, manager, retries=1, **options)


def bearer(api):
    return api.requests[-1][2]["authorization"].removeprefix("Bearer ")


@pytest.fixture
def users(api):
    """A server whose tokens have the names of their users."""
    api.answers["/user"] = lambda _: (200, {}, {"id": 1, "login": bearer(api)})
    return api


def left(remaining, seconds, **more):
    reset = str(int(time.time()) + seconds)
    return {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": reset,
    } | more


async def test_waiting_token_does_not_delay_others(users):
    users.answers["/x"] = lambda _: (
        (403, left(0, 3000), {"message": "no"}) if bearer(users) == "a" else (200, left(9, 3000), 1)
    )
    users.answers["/rate_limit"] = (
        200,
        {},
        {"resources": {"core": {"limit": 1, "remaining": 1, "reset": 1, "used": 0}}},
    )
    github = several(users, "a", "b")
    assert [await github.get("/x") for _ in range(3)] == [1, 1, 1]
    waiting = asyncio.ensure_future(github.resume("/user/repos?per_page=100#user-a").next_page())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    assert await asyncio.wait_for(github.get("/x"), 3) == 1
    assert await asyncio.wait_for(github.get_rate_limit(), 3)
    waiting.cancel()


async def test_listing_never_continues_as_another_user(users):
    def repos(_):
        who = bearer(users)
        if "page=2" in users.requests[-1][1]:
            return (
                (401, {}, {"message": "Bad credentials"}) if who == "a" else (200, {}, [{"id": 2}])
            )
        link = f'<{users.url}/user/repos?per_page=1&page=2>; rel="next"'
        return 200, {"Link": link}, [repository(1)]

    users.answers["/user/repos"] = repos
    github = several(users, "a", "b")
    listing = github.resume("/user/repos?per_page=1#user-a")
    assert len(await listing.next_page()) == 1
    cursor = listing.cursor
    assert cursor == "/user/repos?per_page=1&page=2#user-a"
    with pytest.raises(providers.AuthError, match="list again"):
        await listing.next_page()
    with pytest.raises(providers.AuthError):
        await github.resume(cursor).next_page()
    assert await github.get("/user") == {"id": 1, "login": "b"}


async def test_page_after_an_unchanged_one_is_found(api, tmp_path):
    items = [repository(number) for number in range(100)]

    def listing(_):
        _, target, headers, _ = api.requests[-1]
        if "page=2" in target:
            return 200, {}, items[100:]
        if headers.get("if-none-match") == '"same"':
            return 304, {}, None
        return 200, {"ETag": '"same"'}, items[:100]

    api.answers["/orgs/o/repos"] = listing
    del api.listings["/orgs/o/repos"]
    for expected in (100, 101):
        github = client(api, cache=tmp_path / "cache")
        assert len(await github.fetch_repositories("o")) == expected
        items.append(repository(100))


@pytest.mark.parametrize("status", [200, 204])
async def test_empty_answer_is_valid_with_status_204_only(status, api):
    api.answers["/repos/o/r1/contributors"] = (status, {}, None)
    del api.listings["/repos/o/r1/contributors"]
    fetched = client(api).fetch_contributors("o", "r1")
    if status == 204:
        assert await fetched == []
    else:
        with pytest.raises(exceptions.NetworkError):
            await fetched


@pytest.mark.parametrize("wait", ["18446744073709551615", "99999999999999999999999", "-1", "soon"])
async def test_invalid_retry_after_ends_only_the_call(wait, api):
    api.answers["/x"] = (429, {"Retry-After": wait}, {"message": "no"})
    api.answers["/y"] = (200, {}, 1)
    with pytest.raises(providers.RateLimitError):
        await client(api, longest_wait=0.5).get("/x")
    assert await client(api).get("/y") == 1


async def test_retry_after_with_a_date_is_understood(api):
    then = email.utils.formatdate(time.time() + 2, usegmt=True)
    answers = [(429, {"Retry-After": then}, {"message": "no"}), (200, {}, 1)]
    api.answers["/x"] = lambda _: answers.pop(0)
    began = time.monotonic()
    assert await client(api).get("/x") == 1
    assert 0.5 < time.monotonic() - began < 30


async def test_limit_of_another_resource_closes_no_bucket(api):
    other = left(0, 3000) | {"X-RateLimit-Resource": "dependency_sbom"}
    api.answers["/sbom"] = (403, other, {"message": "no"})
    api.answers["/x"] = (200, left(9, 3000), 1)
    github = client(api, longest_wait=5)
    await github.get("/x")
    with pytest.raises(providers.RateLimitError) as caught:
        await github.get("/sbom")
    assert caught.value.reset_time > time.time() + 2000
    assert await github.get("/x") == 1


async def test_absurd_reset_does_not_hide_later_limits(api):
    words = [left(9, 3600 * 24 * 365 * 1000), left(0, 3000)]
    api.answers["/x"] = lambda _: (200, words.pop(0) if len(words) > 1 else words[0], 1)
    github = client(api, longest_wait=5)
    for _ in range(2):
        await github.get("/x")
    with pytest.raises(providers.RateLimitError):
        await github.get("/x")
    assert asked(api, "/x") == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"documentation_url": "https://docs.github.com/rest#secondary-rate-limits"},
        {"errors": [{"message": "slow down"}]},
    ],
)
async def test_graphql_answer_may_ask_for_a_pause(answer, api):
    api.answers["/graphql"] = (200, {"Retry-After": "60"}, answer)
    github = client(api, longest_wait=5)
    for ask in (github.graphql("{a}"), github.metadata([f"o/r{n}" for n in range(50)])):
        with pytest.raises(providers.RateLimitError):
            await ask
    assert asked(api, "/graphql") == 1


async def test_route_with_other_authentication_costs_no_token(users):
    users.answers["/app"] = (401, {}, {"message": "A JSON web token could not be decoded"})
    users.answers["/x"] = (200, {}, 1)
    github = several(users, "a", "b")
    with pytest.raises(providers.AuthError, match="JSON web token"):
        await github.get("/app")
    assert await github.get("/x") == 1


def test_malformed_token_is_named_by_its_position(api):
    with pytest.raises(exceptions.InvalidInputError, match=r"token 2 of 2.*line break") as caught:
        several(api, "good", "canary\n")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("more", ["?x=1", "#f"])
def test_base_url_with_more_than_a_path_is_refused(more, api):
    with pytest.raises(exceptions.InvalidInputError, match="more than a path"):
        GitHubClient(TOKEN, api.url + more)


async def test_token_without_a_user_is_checked_again(api):
    answers = {"a": [502, 502, 200], "b": [200]}

    def user(_):
        status = answers[bearer(api)].pop(0) if answers[bearer(api)] else 200
        return status, {"Retry-After": "0"}, {"id": 1, "login": "same"}

    api.answers["/user"] = user
    api.answers["/x"] = (200, left(9, 3000), 1)
    github = several(api, "a", "b", "c")
    answers["c"] = [403]
    await github.get("/x")
    names = {token.token: token.username for token in github.token_manager.get_all_tokens("github")}
    assert names == {"a": None, "b": "same", "c": None}


async def test_manager_keeps_tokens_marked_invalid(users):
    users.answers["/x"] = (200, {}, 1)
    github = several(users, "a", "b")
    await github.token_manager.mark_token_invalid("a", "github")
    await github.get("/x")
    first, second = github.token_manager.get_all_tokens("github")
    assert (first.status.is_valid, second.status.is_valid) == (False, True)


async def test_listing_continues_where_a_loop_was_left(api):
    listing = client(api).repositories("o")
    found = []
    async for repo in listing:
        found.append(repo.id)
        if len(found) == 3:
            break
    assert "page=" not in listing.cursor.replace("per_page=", "")
    found += [repo.id for repo in await listing.next_page()]
    assert len(found) == 100
    assert "&page=2" in listing.cursor
    found += [repo.id async for repo in listing]
    assert found == list(range(250))
    assert listing.cursor is None


async def test_cursor_is_at_a_page_that_cannot_be_used(api):
    api.listings["/orgs/o/repos"][150] = {"id": 150}
    listing = client(api).repositories("o")
    await listing.next_page()
    with pytest.raises(ValueError, match="validation"):
        await listing.next_page()
    assert "&page=2" in listing.cursor


async def test_branch_that_moves_in_a_listing_is_listed_once(api):
    def branch(name, sha):
        return {"name": name, "commit": {"sha": sha * 40, "url": "u"}, "protected": False}

    pages = [
        [branch(f"b{number}", "a") for number in range(100)],
        [branch("b99", "b"), branch("b100", "a")],
    ]

    def branches(_):
        link = f'<{api.url}/repos/o/r2/branches?per_page=100&page=2>; rel="next"'
        is_first = "page=2" not in api.requests[-1][1]
        return 200, {"Link": link} if is_first else {}, pages[0 if is_first else 1]

    api.answers["/repos/o/r2/branches"] = branches
    names = [one.name for one in await client(api).fetch_branches("o", "r2")]
    assert names == [f"b{number}" for number in range(101)]


async def test_pages_that_repeat_end_the_listing(api):
    def endless(_):
        number = len(api.requests)
        link = f'<{api.url}/repos/o/r/tags?page={number}>; rel="next"'
        return 200, {"Link": link}, [{"name": "v1", "node_id": "x"}]

    api.answers["/repos/o/r/tags"] = endless
    with pytest.raises(providers.ProviderError, match="repeat"):
        await client(api).tags("o", "r").collect()


async def test_relative_link_is_followed(api):
    def tags(_):
        is_first = "page=2" not in api.requests[-1][1]
        headers = {"Link": '</repos/o/r/tags?page=2>; rel="next"'} if is_first else {}
        return 200, headers, [{"node_id": str(is_first)}]

    api.answers["/repos/o/r/tags"] = tags
    assert len(await client(api).tags("o", "r").collect()) == 2


async def test_metadata_failure_does_not_affect_the_others(api):
    def answer(number, **more):
        return {
            "id": f"R{number}",
            "databaseId": number,
            "name": f"r{number}",
            "nameWithOwner": f"o/r{number}",
            "url": f"https://github.com/o/r{number}",
            "owner": {"login": "o", "id": "O", "databaseId": 1},
        } | more

    absent = {"type": "NOT_FOUND", "path": ["r1"], "message": "Could not resolve o/r1"}
    data = {"r0": answer(0, databaseId=None), "r1": None, "r2": None, "r3": answer(3)}
    api.answers["/graphql"] = (200, {}, {"data": data, "errors": [absent]})
    found = await client(api).metadata([f"o/r{number}" for number in range(4)])
    assert [getattr(one, "name", None) for one in found] == ["r0", None, None, "r3"]
    assert isinstance(found[1], providers.NotFoundError)
    assert "o/r1" not in str(found[2])
