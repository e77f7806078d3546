"""Every call checked against GitHub's description of its API, and recorded answers.

Needs Node.js: `npm ci --prefix tests/contract`.
"""

import contextlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from gitfleet import providers
from gitfleet.providers import GitHubClient
from servers import free_port

CONTRACT = Path(__file__).parent.parent / "contract"
MODULES = CONTRACT / "node_modules"


@pytest.fixture(scope="module")
def modules():
    if not MODULES.is_dir() and shutil.which("npm") is not None:
        subprocess.run(["npm", "ci", "--silent", "--prefix", CONTRACT], check=False, timeout=300)
    if not MODULES.is_dir():
        pytest.skip("GitHub's description is not here: npm ci --prefix tests/contract")
    return MODULES


@pytest.fixture(scope="module")
def described(modules):
    """A server that checks requests by GitHub's OpenAPI description, and sends its examples."""
    port = free_port()
    description = modules / "@octokit" / "openapi" / "generated" / "api.github.com.json"
    # It refuses invalid requests. Responses are not checked: some of GitHub's examples are invalid.
    command = [modules / ".bin" / "prism", "mock", "-h", "127.0.0.1", "-p", str(port), description]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(1000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        assert server.poll() is None, "the server did not start"
        time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()


@pytest.mark.timeout(400)
async def test_calls_are_valid_and_examples_are_understood(described):
    github = GitHubClient("token", described, retries=0)
    assert (await github.authenticated_user()).login == "octocat"
    assert (await github.user("octocat")).id == 1
    repo = await github.repository("octocat", "Hello-World")
    assert repo.full_name == "octocat/Hello-World"
    assert repo.owner.login == "octocat"
    assert repo.pushed_datetime() is not None
    assert repo.license["key"] == "mit"
    assert (await github.languages("octocat", "Hello-World"))["C"] > 0
    limits = await github.rate_limit()
    assert limits["core"].limit == 5000
    assert (await github.get_rate_limit()).limit == 5000
    assert await github.validate_credentials()
    for listing in (
        github.contributors("octocat", "Hello-World"),
        github.contributors("octocat", "Hello-World", anonymous=True),
        github.branches("octocat", "Hello-World"),
        github.tags("octocat", "Hello-World"),
        github.releases("octocat", "Hello-World"),
        github.members("github"),
        github.search_repositories("tetris language:assembly", sort="stars"),
        github.search_repositories("tetris"),
        github.repositories("octocat"),
        github.resume("/orgs/github/repos?per_page=100&type=all&sort=full_name"),
        github.resume("/users/octocat/repos?per_page=100&type=owner&sort=full_name"),
        github.resume("/user/repos?per_page=100&affiliation=owner&sort=full_name"),
    ):
        assert await listing.next_page(), "the examples name further pages that are none"
    with pytest.raises(providers.NotFoundError):
        await github.get("/there/is/no/such/route")
    with pytest.raises(providers.ProviderError):
        await github.get("/search/repositories")


class Replay:
    """A server that replays recorded answers."""

    def __init__(self, modules, scenario):
        path = modules / "@octokit" / "fixtures" / "scenarios" / "api.github.com" / scenario
        recorded = json.loads((path / "normalized-fixture.json").read_text())

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                for entry in recorded:
                    if (entry["method"], entry["path"]) == (self.command.lower(), self.path):
                        break
                else:
                    self.send_error(500, f"{self.path} was not recorded")
                    return
                body = json.dumps(entry["response"]).encode()
                self.send_response(entry["status"])
                for name, value in (entry.get("responseHeaders") or entry["headers"]).items():
                    if name.lower() not in {"content-length", "content-encoding", "connection"}:
                        local = str(value).replace("https://api.github.com", outer.url)
                        self.send_header(name, local if name == "location" else str(value))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 (named by the base class)

        outer = self
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def replay(modules):
    running = []

    def start(scenario):
        running.append(Replay(modules, scenario))
        return GitHubClient("token", running[-1].url, retries=0)

    yield start
    for server in running:
        server.close()


async def test_recorded_listing_has_all_its_pages(replay):
    route = "/repos/octokit-fixture-org/paginate-issues/issues?per_page=3"
    issues = await replay("paginate-issues").resume(route).collect()
    assert [issue["number"] for issue in issues] == list(range(13, 0, -1))


async def test_recorded_rename_is_followed(replay):
    github = replay("rename-repository")
    repo = await github.repository("octokit-fixture-org", "rename-repository")
    assert repo.name == "rename-repository-newname"


async def test_recorded_search_and_repository_are_read(replay):
    repo = await replay("get-repository").repository("octokit-fixture-org", "hello-world")
    assert (repo.name, repo.owner.login) == ("hello-world", "octokit-fixture-org")
    route = "/search/issues?q=sesame%20repo%3Aoctokit-fixture-org%2Fsearch-issues"
    assert len(await replay("search-issues").resume(route).collect()) == 2
