"""GitHubClient and `repos` against a local server that answers as GitHub documents."""

import asyncio
import contextlib
import http.server
import json
import pickle
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

import gitfleet as package
from command import gitfleet, outcomes
from gitfleet import exceptions, providers
from gitfleet.models.common import RepoInfo
from gitfleet.providers import App, GitHubClient, ProviderType, TokenManager
from gitfleet.utils.rate_limit import RateLimiter, rate_limited

from conftest import GitServer

TOKEN = "ghp-canary-91c4"
PAGE = "https://docs.github.com/rest"


def repository(number, **more):
    return {
        "id": number,
        "node_id": f"R{number}",
        "name": f"r{number}",
        "full_name": f"o/r{number}",
        "clone_url": f"https://github.com/o/r{number}.git",
        "html_url": f"https://github.com/o/r{number}",
        "owner": {"id": 1, "login": "o", "type": "Organization"},
        "fork": number % 2 == 1,
        "archived": number % 5 == 0,
        "language": "Rust" if number % 3 else None,
        "topics": ["git"] if number % 4 == 0 else [],
        "pushed_at": f"20{10 + number % 10}-01-01T00:00:00Z",
        "created_at": "2010-01-01T00:00:00Z",
        "stargazers_count": number,
        "license": {"spdx_id": "MIT", "key": "mit", "name": "MIT"},
        "default_branch": None,
    } | more


class Api:
    """Answers by route; listings have pages."""

    def __init__(self):
        self.answers, self.listings, self.requests = {}, {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.command, self.path, headers, body))
                status, headers, answer = outer.answer(self.path, body)
                if status is None:
                    threading.Event().wait(20)
                    return
                data = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_POST = do_GET  # noqa: N815 (named by the base class)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target, body):
        route, _, query = target.partition("?")
        if route in self.listings:
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            items = self.listings[route]
            size, page = int(asked.get("per_page", 30)), int(asked.get("page", 1))
            headers = {}
            if page * size < len(items):
                following = f"{self.url}{route}?per_page={size}&page={page + 1}"
                headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
            found = items[(page - 1) * size : page * size]
            return 200, headers, {"items": found} if route.startswith("/search/") else found
        answer = self.answers.get(route, (404, {}, {"message": "Not Found"}))
        return answer(body) if callable(answer) else answer


@pytest.fixture
def api(monkeypatch):
    for name in ("GITHUB_API_URL", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    made = Api()
    made.answers["/user"] = (200, {}, {"id": 7, "login": "me", "name": None, "type": "User"})
    made.answers["/users/o"] = (200, {}, {"id": 1, "login": "o", "type": "Organization"})
    made.listings["/orgs/o/repos"] = [repository(number) for number in range(250)]
    yield made
    made.close()


def client(api, **options):
    return GitHubClient(options.pop("token", TOKEN), api.url, retries=1, **options)


async def test_the_originals_methods_give_models(api):
    api.answers["/repos/o/r1"] = (200, {}, repository(1, topics=["a"], size=5, has_wiki=True))
    api.listings["/repos/o/r1/contributors"] = [{"id": 3, "login": "x", "contributions": 9}]
    branch = {"name": "main", "commit": {"sha": "a" * 40, "url": "u"}, "protected": True}
    api.listings["/repos/o/r1/branches"] = [branch]
    core = {"limit": 5000, "remaining": 10, "reset": int(time.time()) + 60, "used": 4990}
    api.answers["/rate_limit"] = (200, {}, {"resources": {"core": core, "search": core}})
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


async def test_limits_name_their_end(api):
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


async def test_a_revoked_token_and_its_manager(api):
    manager = TokenManager()
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


async def test_an_app_signs_for_its_installation(api):
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


async def test_metadata_comes_in_few_requests(api):
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


async def test_a_cancelled_task_stops_at_once(api):
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


def test_requests_do_not_hold_the_interpreter(api):
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


async def test_without_asyncio_the_same(api):
    sync = client(api).sync
    assert len(sync.repositories("o")) == 250
    assert sync.authenticated_user().login == "me"
    with pytest.raises(providers.NotFoundError):
        sync.get("/absent")
    with pytest.raises(AttributeError):
        _ = sync.absent


def test_the_same_client_serves_several_event_loops(api):
    github = client(api)
    for _ in range(3):
        assert asyncio.run(github.user("o")).id == 1


async def test_answers_are_kept_per_identity(api, tmp_path):
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


@pytest.mark.parametrize("base_url", ["ftp://x", "nonsense", "https://user:pw@h/api/v3"])
def test_addresses_that_make_no_sense_are_refused(base_url):
    with pytest.raises(exceptions.InvalidInputError, match="base URL") as raised:
        GitHubClient(TOKEN, base_url)
    assert "pw" not in str(raised.value)


async def test_a_token_is_for_its_host_only(api, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    await GitHubClient(base_url=api.url).user("o")
    assert "authorization" not in api.requests[-1][2]


async def test_a_pace_for_calls_of_ones_own():
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


async def test_a_cancelled_page_is_not_lost(api):
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
    assert found == list(range(250))
    both = client(api).repositories("o")
    pages = await asyncio.gather(both.next_page(), both.next_page())
    assert [page[0].id for page in pages] == [0, 100]


async def test_an_item_that_is_not_what_it_should_be_loses_no_page(api):
    api.listings["/orgs/o/repos"][3] = {"id": 3}
    listing = client(api).repositories("o")
    for _ in range(2):
        with pytest.raises(ValueError, match="full_name"):
            await listing.next_page()


async def test_a_cache_leaves_other_files_alone(api, tmp_path):
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "thesis.txt").write_text("x" * 5000)
    api.answers["/x"] = (200, {"ETag": '"1"'}, {"ok": 1})
    await client(api, cache=tmp_path, cache_bytes=10).get("/x")
    assert (tmp_path / "ab" / "thesis.txt").exists()


async def test_what_has_no_id_is_not_taken_for_the_same(api):
    same = [
        {"type": "Anonymous", "name": "root", "email": f"{n}@x", "contributions": 1}
        for n in range(5)
    ]
    api.listings["/repos/o/r/contributors"] = same
    assert len(await client(api).contributors("o", "r", anonymous=True).collect()) == 5


async def test_a_redirect_keeps_the_token_at_home(api):
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
    with pytest.raises(providers.GitHubError, match="without end"):
        await github.get("/round")
    other.close()


async def test_a_mutation_is_sent_once(api):
    api.answers["/graphql"] = (503, {}, {"message": "no"})
    for query in ("# c\nmutation{a}", "fragment F on X{a} mutation{a}"):
        api.requests.clear()
        with pytest.raises(exceptions.NetworkError):
            await client(api).graphql(query)
        assert len(api.requests) == 1


@pytest.mark.parametrize("answer", [[], "hi", 3, {"data": "text"}, {"data": None}, None])
async def test_answers_that_make_no_sense_are_errors(answer, api):
    api.answers["/graphql"] = (200, {}, answer)
    api.answers["/search/repositories"] = (200, {}, answer)
    github = client(api)
    for ask in (github.graphql("{a}"), github.metadata(["o/r", "o/s"])):
        with contextlib.suppress(exceptions.GitFleetError):
            await ask
    with contextlib.suppress(exceptions.GitFleetError):
        assert await github.search_repositories("x").collect() == []
    late = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1507651200000000"}
    api.answers["/late"] = (403, late, {"message": "no"})
    with pytest.raises(providers.RateLimitError):
        await client(api, longest_wait=1).get("/late")


async def test_one_bad_account_does_not_stop_the_others(api):
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
async def test_parts_that_name_nothing_are_refused(part, api):
    github = client(api)
    with pytest.raises(exceptions.InvalidInputError):
        await github.user(part)
    with pytest.raises(exceptions.InvalidInputError):
        await github.languages("o", part)
    assert api.requests == []


def test_a_token_is_not_sent_in_the_clear():
    with pytest.raises(exceptions.InvalidInputError, match="plain http"):
        GitHubClient(TOKEN, "http://192.0.2.2/api/v3")
    GitHubClient(TOKEN, "http://192.0.2.2/api/v3", allow_clear_text=True)


def test_the_command_keeps_githubs_token_for_github(api):
    environment = {"GITHUB_API_URL": api.url, "GITHUB_TOKEN": TOKEN}
    gitfleet("repos", "o", "--format=urls", **environment)
    gitfleet("repos", "o", "--format=urls", **environment | {"GH_ENTERPRISE_TOKEN": "ours"})
    sent = {headers.get("authorization") for _, _, headers, _ in api.requests}
    assert sent == {None, "Bearer ours"}


# The command.


def test_repos_are_listed_in_every_form(api, tmp_path):
    environment = {
        "GITHUB_API_URL": api.url,
        "GITFLEET_TOKEN_127_0_0_1_PORT_" + api.url[-5:]: TOKEN,
    }
    urls = gitfleet("repos", "o", "--format", "urls", **environment).stdout.split()
    assert urls == [f"https://github.com/o/r{n}.git" for n in range(250)]
    rows = outcomes(
        gitfleet(
            "repos", "o", "--format=jsonl", "--forks=only", "--archived=exclude", **environment
        )
    )
    assert [row["github_id"] for row in rows] == [n for n in range(250) if n % 2 and n % 5]
    assert rows[0]["repo"] == "github.com/o/r1"
    assert rows[0]["license"] == "MIT"
    out = tmp_path / "repos.parquet"
    gitfleet("repos", "o", "-o", out, **environment)
    import pyarrow.parquet as pq

    table = pq.read_table(out)
    assert table.num_rows == 250
    assert table.column("topics").to_pylist()[4] == ["git"]
    csv = gitfleet("repos", "o", "--columns", "full_name,stars", "--language=rust", **environment)
    assert csv.stdout.splitlines()[:2] == ["full_name,stars", "o/r1,1"]
    failed = gitfleet("repos", "nobody", "o", "--format=urls", check=False, **environment)
    assert failed.returncode == 1
    assert "nobody" in failed.stderr
    assert len(failed.stdout.split()) == 250
    sent = {headers.get("authorization") for _, _, headers, _ in api.requests}
    assert sent == {f"Bearer {TOKEN}"}


def test_python_mines_and_clones_what_is_hosted(api, fixtures, tmp_path, monkeypatch):
    server = GitServer(fixtures["history"].parent.parent)
    item = repository(1, full_name="owner/history", clone_url=f"{server.url}/owner/history")
    api.answers["/users/owner"] = (200, {}, {"id": 1, "login": "owner", "type": "User"})
    api.listings["/users/owner/repos"] = [item]
    monkeypatch.setenv("GITHUB_API_URL", api.url)
    (mined,) = package.mine("github:owner", tmp_path / "data", tables=["commits"])
    assert (mined.error, mined.rows["repositories"]) == (None, 1)
    (cloned,) = package.Fleet(tmp_path / "clones", bare=True).clone("github:owner")
    assert cloned.error is None
    server.close()


def test_what_is_hosted_is_mined(api, fixtures, tmp_path):
    server = GitServer(fixtures["history"].parent.parent)
    names = ("history", "blame")
    items = [
        repository(n, name=name, full_name=f"owner/{name}", clone_url=f"{server.url}/owner/{name}")
        for n, name in enumerate(names)
    ]
    api.answers["/users/owner"] = (200, {}, {"id": 1, "login": "owner", "type": "User"})
    api.listings["/users/owner/repos"] = items
    environment = {"GITHUB_API_URL": api.url}
    args = ["mine", "github:owner", "github:nobody", "-o", tmp_path / "data", "--json"]
    done = gitfleet(*args, check=False, **environment)
    mined = outcomes(done)
    assert [one["status"] for one in mined] == ["done", "done", "failed"]
    assert mined[2]["target"] == "github:nobody"
    assert all(one["rows"]["repositories"] == 1 for one in mined[:2])
    import duckdb

    tables = f"{tmp_path}/data/repos/*/*/*"
    query = f"""
        SELECT r.full_name, r.stars, count(*) FROM '{tables}/repositories.parquet' r
        JOIN '{tables}/commits.parquet' c USING (repo) GROUP BY ALL ORDER BY 1
    """
    rows = duckdb.sql(query).fetchall()
    assert [row[:2] for row in rows] == [("owner/blame", 1), ("owner/history", 0)]
    again = outcomes(gitfleet(*args, check=False, **environment))
    assert [one["status"] for one in again] == ["unchanged", "unchanged", "failed"]
    args = ["clone", "--bare", "github:owner", "-o", tmp_path / "clones", "--json"]
    cloned = outcomes(gitfleet(*args, **environment))
    assert [one["status"] for one in cloned] == ["done", "done"]
    server.close()
