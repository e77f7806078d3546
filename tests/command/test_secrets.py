"""Secrets: the environment of every program that is run, and a token wherever there may be one."""

import os
import stat
import subprocess
import sys

import pytest

from proxy import Proxy
from run_command import COMMAND, gitfleet

from conftest import GitServer

CANARY = "c4n4ry-0f-th3-t3st"
REPOSITORY = "/private/owner/history/.git"
#: Variables that hold secrets of GitFleet, of git, and of programs that have nothing to do with it.
SECRET_VARIABLES = [
    *("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
    *("GITFLEET_TOKEN_LOCALHOST", "GITFLEET_TOKEN_EXAMPLE_ORG", "GITFLEET_TOKEN"),
    *("GIT_PASSWORD", "GIT_ASKPASS_TOKEN", "GIT_CONFIG_VALUE_0", "GIT_CONFIG_PARAMETERS"),
    *("AWS_SECRET_ACCESS_KEY", "CI_JOB_TOKEN", "SSHPASS", "NPM_TOKEN", "DATABASE_URL"),
    *("HTTPS_PROXY_PASSWORD", "MY_OWN_SECRET", "PGPASSWORD", "ANTHROPIC_API_KEY"),
]


@pytest.fixture
def spies(tmp_path):
    """Programs in front of `PATH` that note their environment and their arguments."""
    directory = tmp_path / "spies"
    directory.mkdir()
    for name, answer in {
        "ssh": "exit 1",
        "git": "printf 'username=u\\npassword=p\\n'",
        "gh": "echo t0ken",
        "credential": "printf 'u\\np\\n'",
    }.items():
        path = directory / name
        note = f'env > {directory}/{name}.env; echo "$@" > {directory}/{name}.args'
        path.write_text(f"#!/bin/sh\n{note}\n{answer}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return directory


def test_environment_of_every_program_has_no_secret(spies, https_server, bundle, tmp_path):
    environment = dict.fromkeys(SECRET_VARIABLES, CANARY)
    environment["PATH"] = f"{spies}:{os.environ['PATH']}"
    del environment["GITFLEET_TOKEN_LOCALHOST"]  # would be used before the programs are asked
    environment["SSL_CERT_FILE"] = os.fspath(bundle)
    url = https_server.url + REPOSITORY
    for number, args in enumerate([
        ["clone", "ssh://git@example.org/o/r"],
        ["clone", url, "--git-credentials"],
        ["clone", url, "--credential-command", spies / "credential"],
        ["mine", "git@example.org:o/r"],
    ]):  # fmt: skip
        into = ["-o", tmp_path / f"{number}", "--retries", "0"]
        done = gitfleet(*args, *into, check=False, **environment)
        assert done.returncode == 1
        assert CANARY not in done.stdout + done.stderr
    seen = {path.stem: path.read_text() for path in spies.glob("*.env")}
    assert seen.keys() == {"ssh", "git", "credential"}
    for name, text in seen.items():
        sys.stdout.write(f"--- the environment of {name}\n{text}\n")
        assert CANARY not in text + (spies / f"{name}.args").read_text()
        assert "PATH=" in text


def test_environment_of_gh_has_no_secret(spies, fixtures, authority, tmp_path):
    """`gh` is asked only for github.com: a proxy leads to a server with that name."""
    certificate = authority[0].issue_cert("github.com")
    with GitServer(fixtures["history"].parent.parent, certificate) as github:
        port = github.host.partition(":")[2]
        with Proxy(to=f"127.0.0.1:{port}") as proxy:
            environment = dict.fromkeys(SECRET_VARIABLES, CANARY)
            for name in ("GITHUB_TOKEN", "GH_TOKEN"):
                del environment[name]
            environment |= {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority[1])}
            environment["PATH"] = f"{spies}:{os.environ['PATH']}"
            url = "https://github.com" + REPOSITORY
            done = gitfleet("clone", url, "-o", tmp_path / "out", check=False, **environment)
    assert done.returncode == 1, done.stderr
    text = (spies / "gh.env").read_text()
    sys.stdout.write(f"--- the environment of gh\n{text}\n")
    assert CANARY not in text + (spies / "gh.args").read_text() + done.stderr
    assert "t0ken" not in done.stdout + done.stderr


#: Places of a token on a command line, in files and in variables.
PLACES = {
    "user of a URL": ["clone", "https://CANARY@HOST/REPO"],
    "password of a URL": ["clone", "https://me:CANARY@HOST/REPO"],
    "query": ["clone", "https://HOST/REPO?access_token=CANARY"],
    "fragment": ["clone", "https://HOST/REPO#CANARY"],
    "scheme without colon": ["clone", "https//me:CANARY@HOST/REPO"],
    "scheme with a slash": ["clone", "https:/me:CANARY@HOST/REPO"],
    "owner of github:": ["mine", "github:me:CANARY@"],
    "ssh address": ["clone", "ssh://me:CANARY@localhost:1/REPO"],
    "path in place of a clone": ["update", "https://me:CANARY@HOST/REPO"],
    "path to verify": ["verify", "https://me:CANARY@HOST/REPO"],
    "repository to read": ["commits", "https://me:CANARY@HOST/REPO"],
    "proxy": ["clone", "https://HOST/REPO", "--proxy", "http://me:CANARY@127.0.0.1:1"],
    "unknown proxy": ["clone", "https://HOST/REPO", "--proxy", "htp://me:CANARY@127.0.0.1:1"],
    "variable": ["clone", "https://HOST/REPO"],
    "netrc": ["clone", "https://HOST/REPO"],
    "credential command": ["clone", "https://HOST/REPO", "--credential-command", "PROGRAM"],
    "origin of a clone": ["update", "CLONE"],
    "list": ["clone", "--from", "LIST"],
    "API": ["repos", "me", "--api-url", "http://me:CANARY@127.0.0.1:1"],
    "owner": ["repos", "me:CANARY@github.com"],
}


@pytest.fixture
def prepared(https_server, bundle, tmp_path, git):
    """A directory with the token in files; returns what the words in `PLACES` stand for."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nprintf 'me\\n{CANARY}\\n'\n")
    program.chmod(0o755)
    address = f"https://me:{CANARY}@{https_server.host}{REPOSITORY}"
    (tmp_path / "list").write_text(f"{address}\nhttp//x:{CANARY}@y\n")
    git(tmp_path, "init", "-q", "clone")
    git(tmp_path / "clone", "remote", "add", "origin", address)
    return {
        "CANARY": CANARY,
        "HOST": https_server.host,
        "REPO": REPOSITORY[1:],
        "PROGRAM": os.fspath(program),
        "CLONE": os.fspath(tmp_path / "clone"),
        "LIST": os.fspath(tmp_path / "list"),
        "OUT": os.fspath(tmp_path / "out"),
    }


@pytest.mark.parametrize("place", PLACES)
def test_canary_is_found_nowhere(place, prepared, bundle, tmp_path):
    environment = {"HOME": os.fspath(tmp_path), "SSL_CERT_FILE": os.fspath(bundle)}
    if place == "netrc":
        (tmp_path / ".netrc").write_text(f"machine localhost login me password {CANARY}\n")
    if place == "variable":
        environment["GITFLEET_TOKEN_LOCALHOST"] = CANARY
    args = " ".join(PLACES[place])
    args += " -o OUT --retries 0" if PLACES[place][0] in ("clone", "mine") else ""
    for word, value in prepared.items():
        args = args.replace(word, value)
    for more in [], ["--json"]:
        if more and PLACES[place][0] in ("commits", "repos"):
            continue
        done = subprocess.run(
            [*COMMAND, *args.split(), *more],
            capture_output=True,
            env=os.environ | environment,
            check=False,
            timeout=60,
        )
        assert done.returncode in (1, 2), done
        assert done.stdout + done.stderr
        assert CANARY.encode() not in done.stdout + done.stderr
    for path in (tmp_path / "out").rglob("*"):
        assert CANARY not in path.name
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
