"""Real repositories made by scripts, a real git server, and git as the reference."""

import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
import trustme

from gitfleet import testing
from gitfleet.testing import server
from github_api import api  # noqa: F401 (a fixture)

pytest_plugins = ["gitfleet.testing.fixtures"]

FIXTURES = Path(__file__).parent / "fixtures"
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
    """Remove the developer's configuration, identity, proxies and tokens."""
    for name in list(os.environ):
        if name.startswith("GIT_") or name.lower().endswith(("_proxy", "ssl_cert_file")):
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
    """A repository that takes seconds to read, for tests that stop the reading."""
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


class GitServer(testing.GitServer):
    """A git server with the tests' certificate, and with errors and redirects at some paths."""

    def __init__(self, root, certificate=None):
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
        super().__init__(root, tls=context, handler=_Handler)


class _Handler(server.Handler):
    def respond(self, target, body):
        path = target.partition("?")[0]
        if path.startswith("/status/"):
            return self.answer(int(path.split("/")[2]))
        if path.startswith("/stall/"):
            return threading.Event().wait(30)
        if path.startswith("/moved/"):
            return self.answer(301, [("Location", target.replace("/moved/", "/", 1))])
        if path.startswith("/guarded/") and self.headers.get("Authorization") is None:
            return self.answer(401, [("WWW-Authenticate", 'Basic realm="git"')])
        if path.startswith(("/elsewhere/", "/guarded/")):
            return self.answer(302, [("Location", "https://" + target.split("/", 2)[2])])
        if path.startswith("/private/"):
            self.credentials = USER, TOKEN
            target = target.removeprefix("/private")
        return super().respond(target, body)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority for the tests, and the PEM file with its certificate."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    return authority, bundle


@pytest.fixture(scope="session")
def bundle(authority):
    return authority[1]


@pytest.fixture
def https_server(fixtures, authority):
    certificate = authority[0].issue_cert("localhost")
    with GitServer(fixtures["history"].parent.parent, certificate) as started:
        yield started


@pytest.fixture
def http_server(fixtures):
    with GitServer(fixtures["history"].parent.parent) as started:
        yield started


@pytest.fixture
def closed_port():
    """A port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
