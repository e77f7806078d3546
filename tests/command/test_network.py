"""Network failures as the command reports them: one line, exit code 1."""

import os
import subprocess
import sys
import time

import pytest

import gitfleet
from gitfleet.exceptions import AuthenticationError, NetworkError

from conftest import TOKEN, USER, GitServer


def clone(url, into, *args, **environment):
    command = [sys.executable, "-m", "gitfleet", "clone", "--bare", url, "-o", into, *args]
    command += ["--retries", "0"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment
    )
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return done, errors


def test_clone_over_https_is_whole(https_server, bundle, fixtures, tmp_path, git):
    done, _ = clone(f"{https_server.url}/owner/history/.git", tmp_path, "--ca-bundle", bundle)
    assert done.returncode == 0, done.stderr
    path = done.stdout.split(" to ")[1].strip()
    theirs = git(fixtures["history"], "for-each-ref", "refs/heads", "refs/tags")
    assert git(path, "for-each-ref") == theirs
    git(path, "fsck", "--full")


def test_clone_follows_a_redirect_to_a_sha256_repository(https_server, bundle, tmp_path, git):
    done, _ = clone(f"{https_server.url}/moved/owner/sha256/.git", tmp_path, "--ca-bundle", bundle)
    assert done.returncode == 0, done.stderr
    git(done.stdout.split(" to ")[1].strip(), "fsck", "--full")


def test_certificates_are_named_by_the_environment(https_server, bundle, tmp_path):
    url = f"{https_server.url}/owner/history/.git"
    done, _ = clone(url, tmp_path, SSL_CERT_FILE=os.fspath(bundle))
    assert done.returncode == 0, done.stderr


def test_clone_over_plain_http_works(http_server, tmp_path):
    done, _ = clone(f"{http_server.url}/owner/history/.git", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/owner/absent/.git", "repository not found"),
        ("/status/403/x", "403"),
        ("/status/404/x", "404"),
        ("/status/429/x", "rate limited"),
        ("/status/500/x", "500"),
        ("/private/owner/history/.git", "credentials"),
    ],
)
def test_server_errors_are_reported_in_one_line(https_server, bundle, tmp_path, path, says):
    done, errors = clone(https_server.url + path, tmp_path, "--ca-bundle", bundle)
    assert done.returncode == 1
    assert len(errors) == 1, done.stderr
    assert says in errors[0]
    assert https_server.host.split(":")[0] in errors[0] or "429" in path
    assert not [name for name in os.listdir(tmp_path) if not name.startswith("localhost")]
    assert not list(tmp_path.rglob(".gitfleet-*")), "a temporary directory was left"


def test_connection_failures_are_named(closed_port, https_server, bundle, authority, tmp_path):
    untrusted = f"{https_server.url}/owner/history/.git"
    other_name = f"https://127.0.0.1:{https_server.host.split(':')[1]}/owner/history/.git"
    cases = [
        (f"https://localhost:{closed_port}/o/r", "refused"),
        ("https://no-such-host.invalid/o/r", "no-such-host.invalid"),
        (other_name, "certificate"),
    ]
    for url, says in cases:
        done, errors = clone(url, tmp_path, "--ca-bundle", bundle)
        assert (done.returncode, len(errors)) == (1, 1), done.stderr
        assert url in errors[0]
        assert says in errors[0].lower(), errors
    import trustme

    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    done, errors = clone(untrusted, tmp_path, "--ca-bundle", stranger)
    assert (done.returncode, len(errors)) == (1, 1)
    assert "certificate" in errors[0].lower()
    done, errors = clone(untrusted, tmp_path, "--ca-bundle", tmp_path / "absent.pem")
    assert (done.returncode, len(errors)) == (1, 1)
    assert "absent.pem" in errors[0]


def test_credentials_of_a_url_are_sent_and_not_stored(https_server, bundle, tmp_path):
    url = f"https://{USER}:{TOKEN}@{https_server.host}/private/owner/history/.git"
    done, _ = clone(url, tmp_path, "--ca-bundle", bundle)
    assert done.returncode == 0, done.stderr
    assert any(authorization for _, _, authorization in https_server.requests)
    wrong = f"https://{USER}:{TOKEN}x@{https_server.host}/private/owner/blame/.git"
    refused, errors = clone(wrong, tmp_path, "--ca-bundle", bundle)
    assert refused.returncode == 1
    assert "refused the credentials" in errors[0]
    for text in (done.stdout, done.stderr, refused.stdout, refused.stderr):
        assert TOKEN not in text
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert TOKEN.encode() not in file.read_bytes(), file


def test_token_is_sent_to_its_host_only(https_server, bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    url = f"{https_server.url}/private/owner/history/.git"
    outcome = gitfleet.mine(url, tmp_path, ca_bundle=bundle)[0]
    assert isinstance(outcome.error, AuthenticationError)
    assert not any(authorization for _, _, authorization in https_server.requests)


def test_credentials_are_not_sent_over_plain_http(fixtures, http_server, tmp_path):
    url = f"http://{USER}:{TOKEN}@{http_server.host}/private/owner/history/.git"
    done, errors = clone(url, tmp_path)
    assert (done.returncode, len(errors)) == (1, 1)
    assert not any(authorization for _, _, authorization in http_server.requests)


def test_silent_server_times_out(https_server, bundle, tmp_path):
    started = time.monotonic()
    done, errors = clone(
        f"{https_server.url}/stall/x", tmp_path, "--ca-bundle", bundle, "--timeout", "1"
    )
    assert (done.returncode, len(errors)) == (1, 1)
    assert "timed out" in errors[0]
    assert time.monotonic() - started < 20


def test_proxy_is_used(http_server, closed_port, tmp_path):
    outcome = gitfleet.mine(
        f"{http_server.url}/owner/history/.git",
        tmp_path,
        proxy=f"http://127.0.0.1:{closed_port}",
    )[0]
    assert isinstance(outcome.error, NetworkError)
    assert http_server.requests == []


def test_server_of_the_tests_stops(fixtures):
    server = GitServer(fixtures["history"].parent)
    server.close()
