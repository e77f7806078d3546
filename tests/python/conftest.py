"""Real repositories made by scripts, a real git server, and git as the oracle."""

import base64
import http.server
import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
import trustme

from github_api import api  # noqa: F401 (a fixture)

FIXTURES = Path(__file__).parent.parent / "fixtures"
USER, TOKEN = "user", "t0ken-canary-5f0c"

HERMETIC = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "protocol.file.allow",
    "GIT_CONFIG_VALUE_0": "always",
    "GIT_CONFIG_KEY_1": "core.quotePath",
    "GIT_CONFIG_VALUE_1": "false",
    "GIT_CONFIG_KEY_2": "safe.directory",
    "GIT_CONFIG_VALUE_2": "*",
    "GIT_AUTHOR_NAME": "A Ü Thor",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "C O Mitter",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
    "TZ": "UTC",
    "LC_ALL": "C",
}


@pytest.fixture(autouse=True)
def _hermetic(monkeypatch):
    """No configuration, identity, proxy or token of the developer's."""
    for name in list(os.environ):
        if name.startswith("GIT_") or name.lower() in {"https_proxy", "all_proxy", "ssl_cert_file"}:
            monkeypatch.delenv(name)
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    for name, value in HERMETIC.items():
        monkeypatch.setenv(name, value)


def run_git(path, *args):
    done = subprocess.run(["git", "-C", os.fspath(path), *args], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


@pytest.fixture
def git():
    return run_git


def make(path, name):
    path.mkdir(parents=True)
    script = FIXTURES / f"make_{name}.sh"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | HERMETIC
    subprocess.run(["sh", script], cwd=path, env=environment, check=True, capture_output=True)
    return path


@pytest.fixture(scope="session")
def fixtures(tmp_path_factory):
    """Repositories that no test writes to, by the name of their script."""
    root = tmp_path_factory.mktemp("repositories")
    return {name: make(root / "owner" / name, name) for name in ("history", "blame", "sha256")}


@pytest.fixture
def history(fixtures):
    return fixtures["history"]


@pytest.fixture(scope="session")
def slow_repository(tmp_path_factory):
    """A repository whose reading takes seconds, for what must stop before it ends."""
    path = tmp_path_factory.mktemp("slow") / "slow"
    path.mkdir()
    script = """
        git init -q -b main .
        i=0
        while [ $i -lt 60 ]; do
            awk -v s=$i 'BEGIN { srand(s); for (n = 0; n < 30000; n++) print int(rand() * 40) }' > f
            git add f
            git commit -q -m $i
            i=$((i + 1))
        done
    """
    subprocess.run(["sh", "-c", script], cwd=path, env=os.environ | HERMETIC, check=True)
    return path


class GitServer:
    """git http-backend behind http or https on 127.0.0.1."""

    def __init__(self, root, certificate=None):
        self.requests = []
        handler = type("Handler", (_Handler,), {"root": root, "requests": self.requests})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.host = f"localhost:{self._server.server_port}"
        self.url = f"{scheme}://{self.host}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self):
        path, _, query = self.path.partition("?")
        authorization = self.headers.get("Authorization")
        self.requests.append((self.command, self.path, authorization))
        body = self._body()
        if path.startswith("/status/"):
            return self._answer(int(path.split("/")[2]))
        if path.startswith("/stall/"):
            threading.Event().wait(30)
            return None
        if path.startswith("/moved/"):
            return self._answer(301, [("Location", self.path.replace("/moved/", "/", 1))])
        if path.startswith("/elsewhere/"):
            return self._answer(302, [("Location", "https://" + self.path.split("/", 2)[2])])
        if path.startswith("/private/"):
            expected = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
            if authorization != expected:
                return self._answer(401, [("WWW-Authenticate", 'Basic realm="x"')])
            path = path.removeprefix("/private")
        protocol = self.headers.get("Git-Protocol", "")
        environment = os.environ | {
            "GIT_PROJECT_ROOT": os.fspath(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": protocol,
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        return self._answer(status, headers, answer)

    do_GET = do_POST = _serve  # noqa: N815 (named by the base class)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority of the tests' own, and the file that names it."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    return authority, bundle


@pytest.fixture(scope="session")
def bundle(authority):
    return authority[1]


@pytest.fixture
def https_server(fixtures, authority):
    server = GitServer(fixtures["history"].parent.parent, authority[0].issue_cert("localhost"))
    yield server
    server.close()


@pytest.fixture
def http_server(fixtures):
    server = GitServer(fixtures["history"].parent.parent)
    yield server
    server.close()


@pytest.fixture
def closed_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
