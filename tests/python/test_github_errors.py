"""Refusals by GitHub, unknown users, and the hosts that receive tokens."""

import contextlib
import json
import pickle
import threading
import time

import pytest

from gitfleet import exceptions, providers
from gitfleet.providers import App, GitHubClient, ProviderType, TokenManager
from github_api import TOKEN, Api, client

PAGE = "https://docs.github.com/rest"
SSO = "https://github.com/orgs/o/sso?authorization_request=1"
CASES = {
    "unknown": (404, {}, {"message": "Not Found"}, providers.NotFoundError, "Not Found"),
    "gone": (410, {}, {"message": "Gone"}, providers.NotFoundError, "Gone"),
    "sso": (
        403, {"X-GitHub-SSO": f"required; url={SSO}"}, {"message": "Resource protected"},
        providers.PermissionDeniedError, SSO,
    ),
    "scope": (
        404, {"X-OAuth-Scopes": "gist", "X-Accepted-OAuth-Scopes": "repo, admin:org"},
        {"message": "Not Found"}, providers.NotFoundError, "needs the scope repo or admin:org",
    ),
    "forbidden scope": (
        403, {"X-OAuth-Scopes": "", "X-Accepted-OAuth-Scopes": "repo"}, {"message": "Must have"},
        providers.PermissionDeniedError, "needs the scope repo and has none",
    ),
    "fine-grained": (
        403, {"X-Accepted-GitHub-Permissions": "contents=read"}, {"message": "Resource not"},
        providers.PermissionDeniedError, "contents=read",
    ),
    "validation": (
        422, {}, {"message": "Validation Failed", "errors": [{"field": "q", "code": "missing"}]},
        providers.GitHubError, "q: missing",
    ),
    "html": (502, {}, None, exceptions.NetworkError, "Bad Gateway"),
    "words": (403, {}, {"message": "rate limit exceeded"}, providers.PermissionDeniedError, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_errors_are_told_apart_by_status_and_headers(case, api):
    status, headers, answer, error, says = CASES[case]
    page = {} if answer is None else {"documentation_url": PAGE}
    body = answer and answer | page
    api.answers["/x"] = (status, headers | {"X-GitHub-Request-Id": "AB:1"}, body)
    with pytest.raises(error) as raised:
        await client(api).get("/x")
    assert says in str(raised.value)
    assert str(raised.value).startswith("github: /x: ")
    assert (raised.value.status, raised.value.request_id) == (status, "AB:1")
    assert raised.value.documentation_url == (PAGE if answer else None)
    assert isinstance(raised.value, providers.ProviderError)
    assert TOKEN not in repr(raised.value) + str(vars(raised.value))
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.status) == (str(raised.value), status)


async def test_rate_limit_errors_have_their_reset(api):
    reset = int(time.time()) + 1000
    empty = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    api.answers["/x"] = (403, empty, {"message": "no"})
    with pytest.raises(providers.RateLimitError, match="GMT") as raised:
        await client(api, longest_wait=5).get("/x")
    assert abs(raised.value.reset_time - reset) <= 2
    assert isinstance(raised.value, exceptions.RateLimitedError)
    assert len(api.requests) == 1, "what is used up is not asked again"
    api.answers["/y"] = (429, {"Retry-After": "900"}, {"message": "no"})
    with pytest.raises(providers.RateLimitError):
        await client(api, longest_wait=5).get("/y")
    api.answers["/z"] = (403, {"Retry-After": "1"}, {"message": "slow down"})
    threading.Timer(0.5, lambda: api.answers.update({"/z": (200, {}, {"ok": 1})})).start()
    assert await client(api).get("/z") == {"ok": 1}


async def test_revoked_token_is_invalid_in_its_manager(api):
    manager = TokenManager()
    for nothing in ("", None):
        with pytest.raises(ValueError, match="token: must be text, and not empty"):
            manager.add_token(nothing, "github")
    manager.add_token("bad", ProviderType.GITHUB)
    manager.add_token("good", "github", username="ann")
    manager.add_token("good", ProviderType.GITHUB)

    def user(_):
        token = api.requests[-1][2]["authorization"].removeprefix("Bearer ")
        if token == "bad":
            return 401, {}, {"message": "Bad credentials"}
        left = {"X-RateLimit-Remaining": "77", "X-RateLimit-Reset": str(int(time.time()) + 99)}
        return 200, left, {"id": 1, "login": "ann"}

    api.answers["/user"] = api.answers["/x"] = user
    github = GitHubClient(None, api.url, manager, retries=0)
    await github.get("/x")
    bad, good = manager.get_all_tokens(ProviderType.GITHUB)
    assert (bad.status.is_valid, good.status.is_valid) == (False, True)
    assert (good.status.remaining_calls, good.username) == (77, "ann")
    assert manager.count_available_tokens(ProviderType.GITHUB) == 1
    assert (await manager.get_next_available_token("github")).token == "good"
    await manager.update_rate_limit("good", "github", 0, int(time.time()) + 60)
    assert await manager.get_next_available_token("github") is None
    assert good.status.is_rate_limited
    assert "good" not in repr(good)
    assert str(good.secret_token) == "**********"
    assert repr(manager) == "TokenManager(github: 2)"
    await manager.mark_token_invalid("good", "github")
    assert not good.status.is_available
    with pytest.raises(providers.AuthError):
        await GitHubClient("bad", api.url, retries=0).get("/x")
    assert await GitHubClient("bad", api.url, retries=0).validate_credentials() is False


async def test_app_signs_for_its_installation(api):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    api.answers["/app/installations/5/access_tokens"] = (201, {}, {"token": "ghs-1"})
    api.answers["/x"] = (200, {}, {"ok": 1})
    app = App(1, 5, pem)
    assert "PRIVATE" not in repr(app)
    github = GitHubClient(base_url=api.url, apps=[app])
    await github.get("/x")
    await github.get("/x")
    tokens = [headers["authorization"] for _, _, headers, _ in api.requests]
    assert tokens[0].startswith("Bearer ey")
    assert tokens[1:] == ["Bearer ghs-1"] * 2
    with pytest.raises(exceptions.InvalidInputError, match="private key"):
        await GitHubClient(base_url=api.url, apps=[App(1, 5, "no key")]).get("/x")


@pytest.mark.parametrize("base_url", ["ftp://x", "nonsense", "https://user:pw@h/api/v3"])
def test_invalid_base_urls_are_refused(base_url):
    with pytest.raises(exceptions.InvalidInputError, match="base URL") as raised:
        GitHubClient(TOKEN, base_url)
    assert "pw" not in str(raised.value)


async def test_token_is_for_its_host_only(api, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    await GitHubClient(base_url=api.url).user("o")
    assert "authorization" not in api.requests[-1][2]


async def test_redirect_does_not_pass_on_the_token(api):
    other = Api()
    other.answers["/there"] = (401, {}, {"message": "who"})
    api.answers["/away"] = (302, {"Location": f"{other.url}/there"}, None)
    api.answers["/moved"] = (301, {"Location": f"{api.url}/user"}, None)
    api.answers["/round"] = (302, {"Location": "/round"}, None)
    github = client(api)
    with pytest.raises(providers.GitHubError, match="another server"):
        await github.get("/away")
    assert other.requests == []
    assert (await github.get("/moved"))["login"] == "me"
    with pytest.raises(providers.GitHubError, match="too often"):
        await github.get("/round")
    other.close()


async def test_mutation_is_sent_once(api):
    api.answers["/graphql"] = (503, {}, {"message": "no"})
    for query in ("# c\nmutation{a}", "fragment F on X{a} mutation{a}"):
        api.requests.clear()
        with pytest.raises(exceptions.NetworkError):
            await client(api).graphql(query)
        assert len(api.requests) == 1


@pytest.mark.parametrize("answer", [[], "hi", 3, {"data": "text"}, {"data": None}, None])
async def test_invalid_answers_are_errors(answer, api):
    api.answers["/graphql"] = (200, {}, answer)
    api.answers["/search/repositories"] = (200, {}, answer)
    github = client(api)
    with pytest.raises(providers.ProviderError):
        await github.metadata(["o/r", "o/s"])
    with pytest.raises(providers.ProviderError):
        await github.search_repositories("x").collect()
    with contextlib.suppress(providers.ProviderError):  # an object without errors is a valid answer
        await github.graphql("{a}")
    late = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1507651200000000"}
    api.answers["/late"] = (403, late, {"message": "no"})
    with pytest.raises(providers.RateLimitError):
        await client(api, longest_wait=1).get("/late")


async def test_bad_account_does_not_stop_the_others(api):
    api.answers["/x"] = (200, {}, {"ok": 1})
    broken = App(1, 5, "no key")
    for _ in range(3):
        assert await client(api, apps=[broken]).get("/x") == {"ok": 1}

    def user(_):
        if api.requests[-1][2]["authorization"].endswith("empty"):
            reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 999)}
            return 403, reset, {"message": "no"}
        return 200, {}, {"id": 1, "login": "a"}

    api.answers["/user"] = user
    manager = TokenManager()
    for token in ("empty", "full"):
        manager.add_token(token, "github")
    github = GitHubClient(None, api.url, manager, longest_wait=5)
    assert await github.get("/x") == {"ok": 1}


@pytest.mark.parametrize("part", ["", ".", ".."])
async def test_invalid_names_in_routes_are_refused(part, api):
    github = client(api)
    with pytest.raises(exceptions.InvalidInputError):
        await github.user(part)
    with pytest.raises(exceptions.InvalidInputError):
        await github.languages("o", part)
    assert api.requests == []


def test_token_is_not_sent_in_clear_text():
    with pytest.raises(exceptions.InvalidInputError, match="plain http"):
        GitHubClient(TOKEN, "http://192.0.2.2/api/v3")
    GitHubClient(TOKEN, "http://192.0.2.2/api/v3", allow_clear_text=True)


async def test_answer_that_is_not_ready_is_asked_for_again(api, tmp_path):
    waits = [(202, {"ETag": '"empty"', "Retry-After": "0"}, {}), (200, {}, [{"total": 5}])]
    api.answers["/repos/o/r1/stats/contributors"] = lambda _: waits.pop(0)
    assert await client(api).get("/repos/o/r1/stats/contributors") == [{"total": 5}]
    never = (202, {"ETag": '"empty"', "Retry-After": "0"}, {})
    api.answers["/repos/o/r1/stats/participation"] = never
    for cache in (None, tmp_path / "cache"):
        for _ in range(2):
            with pytest.raises(providers.ProviderError, match="not ready"):
                await client(api, cache=cache).get("/repos/o/r1/stats/participation")
    assert all("if-none-match" not in headers for _, _, headers, _ in api.requests)


def repository_node(name):
    owner = {"login": "o", "id": "O", "databaseId": 1}
    about = {"id": "R", "databaseId": 1, "name": name, "nameWithOwner": f"o/{name}"}
    return about | {"url": f"https://github.com/o/{name}", "owner": owner}


@pytest.mark.parametrize(
    "error",
    [
        {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."},
        {"message": "Something went wrong while executing your query."},
    ],
)
async def test_query_that_is_answered_in_part_is_split(api, error):
    def answer(body):
        query = json.loads(body)
        names = [query["variables"][f"n{n}"] for n in range(len(query["variables"]) // 2)]
        about = {f"r{n}": repository_node(name) for n, name in enumerate(names)}
        if len(names) <= 3:
            return 200, {}, {"data": about}
        cut = {alias: one if alias == "r0" else None for alias, one in about.items()}
        return 200, {}, {"data": cut, "errors": [error]}

    api.answers["/graphql"] = answer
    found = await client(api).metadata([f"o/r{number}" for number in range(20)])
    assert [one.name for one in found] == [f"r{number}" for number in range(20)]
