"""Ways to a host: proxies, credentials, certificates, ssh programs."""

import datetime
import os
import ssl
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gitfleet.testing import server
from proxy import Proxy
from run_command import gitfleet, outcomes

REPOSITORY = "/owner/history/.git"


def attempt(url, into, *args, **environment):
    command = [
        "clone",
        "--bare",
        url,
        "-o",
        into,
        "--json",
        "--retries",
        "1",
        "--retry-wait",
        "0.1",
    ]
    (outcome,) = outcomes(gitfleet(*command, *args, check=False, **environment))
    return outcome


def said(outcome):
    return outcome["error"]["kind"], outcome["error"]["message"]


@pytest.mark.parametrize(
    ("scheme", "environment", "is_proxied"),
    [
        ("https", {"HTTPS_PROXY": "PROXY"}, True),
        ("https", {"https_proxy": "PROXY", "HTTPS_PROXY": "http://127.0.0.1:1"}, True),
        ("https", {"ALL_PROXY": "PROXY"}, True),
        ("https", {"http_proxy": "PROXY"}, False),
        ("https", {"HTTPS_PROXY": "PROXY", "NO_PROXY": "localhost"}, False),
        ("https", {"HTTPS_PROXY": "PROXY", "no_proxy": "a.example, localhost:PORT"}, False),
        ("https", {"HTTPS_PROXY": "PROXY", "no_proxy": "localhost:1"}, True),
        ("https", {"HTTPS_PROXY": "PROXY", "NO_PROXY": "*"}, False),
        ("https", {"HTTPS_PROXY": "", "ALL_PROXY": "http://127.0.0.1:1"}, False),
        ("http", {"http_proxy": "PROXY"}, True),
        ("http", {"HTTPS_PROXY": "PROXY"}, False),
        ("http", {"http_proxy": "PROXY", "NO_PROXY": "127.0.0.0/8,localhost"}, False),
    ],
)
def test_proxy_is_that_of_git(
    http_server, https_server, bundle, tmp_path, git, scheme, environment, is_proxied
):
    origin = https_server if scheme == "https" else http_server
    url = origin.url + REPOSITORY
    port = origin.url.rpartition(":")[2]
    with Proxy() as proxy:
        environment = {
            name: value.replace("PROXY", proxy.url).replace("PORT", port)
            for name, value in environment.items()
        }
        outcome = attempt(url, tmp_path / "ours", "--ca-bundle", bundle, **environment)
        assert "error" not in outcome, outcome
        assert bool(proxy.targets) == is_proxied
        if "localhost:" in "".join(environment.values()):
            return  # curl, and so git, knows no ports here
        proxy.targets.clear()
        command = ["git", "clone", "-q", "--bare", url, tmp_path / "theirs"]
        environment |= {"GIT_SSL_CAINFO": os.fspath(bundle)}
        subprocess.run(command, check=True, env=os.environ | environment)
        assert bool(proxy.targets) == is_proxied


def test_proxy_of_the_command_line_counts_first(https_server, bundle, tmp_path):
    url = https_server.url + REPOSITORY
    broken = {"HTTPS_PROXY": "http://127.0.0.1:1"}
    with Proxy() as proxy:
        for number, (args, count) in enumerate([
            (["--proxy", ""], 0),
            (["--proxy", proxy.url], 1),
            (["--proxy", proxy.url, "--no-proxy", "localhost"], 0),
        ]):  # fmt: skip
            proxy.targets.clear()
            into = tmp_path / str(number)
            outcome = attempt(url, into, "--ca-bundle", bundle, *args, **broken)
            assert "error" not in outcome, outcome
            assert bool(proxy.targets) == bool(count)


def test_failure_of_a_proxy_names_the_proxy(https_server, bundle, closed_port, tmp_path):
    def through(proxy):
        url = https_server.url + REPOSITORY
        return attempt(url, tmp_path, "--ca-bundle", bundle, HTTPS_PROXY=proxy)

    kind, message = said(through("http://me:secret@no-such-host.invalid:3128"))
    assert kind == "network"
    assert "proxy http://no-such-host.invalid:3128" in message
    assert "secret" not in message
    kind, message = said(through(f"http://127.0.0.1:{closed_port}"))
    assert kind == "network"
    assert f"proxy http://127.0.0.1:{closed_port}" in message
    for status, words in ((403, "does not let"), (407, "wants credentials")):
        with Proxy(status) as proxy:
            outcome = through(proxy.url)
            assert outcome["attempts"] == 1
            kind, message = said(outcome)
            assert kind == "refused"
            assert f"proxy {proxy.url} {words}" in message
    assert said(through("ftp://proxy"))[0] == "invalid_input"


LIMIT = b"too many anonymous downloads, log in or come back later"


def packet(text):
    return b"%04x" % (len(text) + 4) + text


class LimitingHandler(server.Handler):
    """Limits strangers in the way that the first part of the path names."""

    wanted = "Basic eC1hY2Nlc3MtdG9rZW46dG9rZW4="

    def respond(self, target, body):  # noqa: PLR0911
        way, _, rest = target.removeprefix("/").partition("/")
        if self.headers.get("Authorization") == self.wanted:
            return super().respond("/" + rest, body)
        kind = "advertisement" if self.command == "GET" else "result"
        headers = [("Content-Type", f"application/x-git-upload-pack-{kind}")]
        if way.isdigit():
            return self.answer(int(way), [("Retry-After", "1")], LIMIT)
        if way == "error" and self.command == "GET":
            start = packet(b"# service=git-upload-pack\n") + b"0000"
            return self.answer(200, headers, start + packet(b"ERR " + LIMIT))
        if way == "fetch" and b"command=fetch" in body:
            return self.answer(200, headers, packet(b"ERR " + LIMIT))
        if way == "bearer":
            return self.answer(401, [("WWW-Authenticate", 'Bearer realm="git"')])
        if way == "both":
            both = 'Basic realm="git", Bearer realm="git"'
            return self.answer(401, [("WWW-Authenticate", both)])
        if way == "list" and b"command=ls-refs" in body:
            return self.answer(200, headers, packet(b"ERR " + LIMIT))
        return super().respond("/" + rest, body)


@pytest.mark.parametrize("way", ["403", "429", "503", "error", "list", "fetch", "bearer", "both"])
def test_token_is_used_where_strangers_are_limited(fixtures, tmp_path, way, monkeypatch):
    if way in {"bearer", "both"}:
        monkeypatch.setattr(LimitingHandler, "wanted", "Bearer token")
    with server.GitServer(fixtures["history"].parent.parent, handler=LimitingHandler) as started:
        url = f"{started.url}/{way}{REPOSITORY}"
        port = started.url.rpartition(":")[2]
        if way not in {"bearer", "both"}:
            kind, message = said(attempt(url, tmp_path / "stranger"))
            is_limit = way != "403" or "until" in message
            assert kind == "rate_limited" if is_limit else kind == "authentication_failed"
            assert LIMIT.decode() in message
        token = {f"GITFLEET_TOKEN_LOCALHOST_PORT_{port}": "token"}
        outcome = attempt(url, tmp_path / "known", "--allow-clear-text", **token)
        assert "error" not in outcome, outcome
        assert outcome["attempts"] == 1


def test_token_belongs_to_the_user_in_the_address(fixtures, tmp_path, monkeypatch):
    monkeypatch.setattr(LimitingHandler, "wanted", "Basic bWU6dG9rZW4=")  # me:token
    with server.GitServer(fixtures["history"].parent.parent, handler=LimitingHandler) as started:
        port = started.url.rpartition(":")[2]
        url = f"{started.url}/both{REPOSITORY}".replace("://", "://me@")
        token = {f"GITFLEET_TOKEN_LOCALHOST_PORT_{port}": "token"}
        outcome = attempt(url, tmp_path / "known", "--allow-clear-text", **token)
        assert "error" not in outcome, outcome
        monkeypatch.setattr(LimitingHandler, "wanted", "Basic bWU6")  # a token as the user name
        outcome = attempt(url, tmp_path / "token", "--allow-clear-text")
        assert "error" not in outcome, outcome


def test_limit_stays_one_if_a_token_cannot_be_sent(fixtures, tmp_path):
    with server.GitServer(fixtures["history"].parent.parent, handler=LimitingHandler) as started:
        port = started.url.rpartition(":")[2]
        url = f"{started.url}/429{REPOSITORY}"
        token = {f"GITFLEET_TOKEN_LOCALHOST_PORT_{port}": "token"}
        assert said(attempt(url, tmp_path, **token))[0] == "rate_limited"
        assert said(attempt(url, tmp_path, "--credential-command", "false"))[0] == "rate_limited"


def test_credentials_are_sent_at_once_if_asked_for(fixtures, tmp_path):
    with server.GitServer(fixtures["history"].parent.parent, handler=LimitingHandler) as started:
        port = started.url.rpartition(":")[2]
        token = {f"GITFLEET_TOKEN_LOCALHOST_PORT_{port}": "token"}
        for when, first in (("when-asked", None), ("always", LimitingHandler.wanted)):
            started.requests.clear()
            options = ("--allow-clear-text", "--authenticate", when)
            outcome = attempt(f"{started.url}/any{REPOSITORY}", tmp_path / when, *options, **token)
            assert "error" not in outcome, outcome
            assert {sent for _, _, sent in started.requests} == {first}


def self_signed(path, is_authority, curve=None, days=30):
    """A certificate for localhost, as `openssl req -x509` makes it, and its key."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=40))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA512())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.mkdir()
    (path / "cert.pem").write_bytes(certificate.public_bytes(encoding))
    pkcs8 = serialization.PrivateFormat.PKCS8
    (path / "key.pem").write_bytes(key.private_bytes(encoding, pkcs8, plain))
    return path / "cert.pem", path / "key.pem"


def tls_server(fixtures, certificate, key, authority=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority)
    return server.GitServer(fixtures["history"].parent.parent, tls=context)


@pytest.mark.parametrize("is_authority", [True, False])
@pytest.mark.parametrize("curve", [None, ec.SECP384R1(), ec.SECP521R1()])
def test_self_signed_certificate_is_trusted_if_named(fixtures, tmp_path, is_authority, curve):
    certificate, key = self_signed(tmp_path / "tls", is_authority, curve)
    with tls_server(fixtures, certificate, key) as started:
        url = started.url.replace("127.0.0.1", "localhost") + REPOSITORY
        outcome = attempt(url, tmp_path / "ours", "--ca-bundle", certificate)
        assert "error" not in outcome, outcome
        other_name = attempt(
            url.replace("localhost", "127.0.0.1"), tmp_path / "x", "--ca-bundle", certificate
        )
        assert said(other_name)[0] == "refused"
        assert "certificate is for hosts of other names" in said(other_name)[1]
        unknown = attempt(url, tmp_path / "x")
        assert said(unknown)[0] == "refused"
        assert "--ca-bundle" in said(unknown)[1]
        assert unknown["attempts"] == 1


def test_named_certificate_that_has_expired_is_refused(fixtures, tmp_path):
    certificate, key = self_signed(tmp_path / "tls", True, days=-1)
    with tls_server(fixtures, certificate, key) as started:
        url = started.url.replace("127.0.0.1", "localhost") + REPOSITORY
        outcome = attempt(url, tmp_path / "ours", "--ca-bundle", certificate)
        assert "its certificate has expired" in said(outcome)[1]


def test_certificate_of_an_insecure_host_is_not_checked(fixtures, tmp_path):
    certificate, key = self_signed(tmp_path / "tls", True, days=-1)
    with tls_server(fixtures, certificate, key) as started:
        url = started.url.replace("127.0.0.1", "localhost") + REPOSITORY
        outcome = attempt(url, tmp_path / "ours", "--insecure-host", "LOCALHOST")
        assert "error" not in outcome, outcome
        assert any("--insecure-host" in warning for warning in outcome["warnings"])
        outcome = attempt(url, tmp_path / "other", "--insecure-host", "example.org")
        assert said(outcome)[0] == "refused"


def test_client_certificate_is_shown(fixtures, tmp_path):
    certificate, key = self_signed(tmp_path / "tls", True)
    mine, my_key = self_signed(tmp_path / "mine", True)
    both = tmp_path / "both.pem"
    both.write_bytes(mine.read_bytes() + my_key.read_bytes())
    with tls_server(fixtures, certificate, key, authority=mine) as started:
        url = started.url.replace("127.0.0.1", "localhost") + REPOSITORY
        trust = ("--ca-bundle", certificate)
        for number, (args, environment) in enumerate([
            (("--client-cert", both), {}),
            (("--client-cert", mine, "--client-key", my_key), {}),
            ((), {"GIT_SSL_CERT": os.fspath(mine), "GIT_SSL_KEY": os.fspath(my_key)}),
        ]):  # fmt: skip
            outcome = attempt(url, tmp_path / str(number), *trust, *args, **environment)
            assert "error" not in outcome, outcome
        outcome = attempt(url, tmp_path / "without", *trust)
        assert said(outcome)[0] == "refused"
        assert "client certificate" in said(outcome)[1]
        outcome = attempt(url, tmp_path / "bad", *trust, "--client-cert", mine)
        assert "no private key" in said(outcome)[1]


def test_server_without_tls_is_named(http_server, tmp_path):
    url = http_server.url.replace("http://", "https://") + REPOSITORY
    outcome = attempt(url, tmp_path)
    assert said(outcome)[0] == "refused"
    assert "plain http" in said(outcome)[1]


@pytest.fixture
def ssh(tmp_path):
    """A program that runs the command on this machine instead of a remote one."""
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o755)
    return os.fspath(program)


def test_ssh_program_is_run_as_git_runs_it(fixtures, tmp_path, ssh):
    path = fixtures["history"]
    for number, (url, environment) in enumerate([
        (f"git@[::1]:{path}", {"GIT_SSH_COMMAND": ssh}),
        (f"[host.test:22]:{path}", {"GIT_SSH_COMMAND": ssh}),
        (
            f"git@host.test:{path}",
            {
                "GIT_SSH_COMMAND": "$PROGRAM -i ~/key",
                "PROGRAM": ssh,
                "GITFLEET_PASS_ENV": "OTHER, PROGRAM",
            },
        ),
        (f"git@host.test:{path}", {"GIT_SSH_COMMAND": f"A=1; exec '{ssh}' -F 'a b'"}),
        (f"ssh://host.test{path}", {"GIT_SSH": ssh}),
        (f"git@host.test:{path}", {"GIT_SSH": "/no/such/ssh", "GIT_SSH_COMMAND": ssh}),
    ]):  # fmt: skip
        outcome = attempt(url, tmp_path / f"ours{number}", **environment)
        assert "error" not in outcome, outcome
        command = ["git", "clone", "-q", "--bare", url, tmp_path / f"theirs{number}"]
        variant = {"GIT_SSH_VARIANT": "ssh"}
        subprocess.run(command, check=True, env=os.environ | environment | variant)


@pytest.mark.parametrize("command", ["/no/such/ssh", "no-such-ssh -v", "/no/such/ssh -i 'a b'"])
def test_missing_ssh_program_is_told_at_once(tmp_path, command):
    outcome = attempt("git@host.test:o/r", tmp_path, GIT_SSH_COMMAND=command)
    assert said(outcome)[0] == "refused"
    assert command.split()[0] in said(outcome)[1]
    assert outcome["attempts"] == 1


def test_last_words_of_ssh_are_told(tmp_path, ssh):
    script = 'sh -c "exec >&-; sleep 0.5; echo kex_exchange: closed by the server >&2; exit 255"; :'
    outcome = attempt("git@host.test:o/r", tmp_path, "--ssh-command", script)
    assert "kex_exchange: closed by the server" in said(outcome)[1]
