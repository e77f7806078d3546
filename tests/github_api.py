"""A local server that answers each route as GitHub documents."""

import http.server
import json
import threading
import time
from urllib.parse import parse_qs

import pytest

from gitfleet.providers import GitHubClient

TOKEN = "ghp-canary-91c4"


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
    """A server with a response for each route; listings are divided into pages."""

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
    made.answers["/repos/o/r1"] = (200, {}, repository(1, topics=["a"], size=5, has_wiki=True))
    made.listings["/repos/o/r1/contributors"] = [{"id": 3, "login": "x", "contributions": 9}]
    branch = {"name": "main", "commit": {"sha": "a" * 40, "url": "u"}, "protected": True}
    made.listings["/repos/o/r1/branches"] = [branch]
    core = {"limit": 5000, "remaining": 10, "reset": int(time.time()) + 60, "used": 4990}
    made.answers["/rate_limit"] = (200, {}, {"resources": {"core": core, "search": core}})
    yield made
    made.close()


def client(api, **options):
    return GitHubClient(options.pop("token", TOKEN), api.url, retries=1, **options)
