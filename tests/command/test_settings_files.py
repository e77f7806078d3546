"""Settings files: none is read from the current directory or from a clone."""

import os
import subprocess

import pytest

from run_command import COMMAND, outcomes

#: What git and other tools would read, and what it would do: `SPY` is a program.
CONFIG = """
[core]
    sshCommand = SPY
    gitProxy = SPY
    fsmonitor = SPY
    hooksPath = HOOKS
    askPass = SPY
[credential]
    helper = SPY
[http]
    proxy = http://127.0.0.1:1
    sslCAInfo = /nonexistent
    sslVerify = false
    extraHeader = Authorization: Basic c2VjcmV0
[url "http://127.0.0.1:1/"]
    insteadOf = URL
[remote]
    pushDefault = elsewhere
[gitfleet]
    proxy = http://127.0.0.1:1
    credential-command = SPY
"""
TOML = (
    'proxy = "http://127.0.0.1:1"\ncredential-command = "SPY"\ntoken = "t"\ninsecure-host = ["*"]\n'
)
FILES = {
    ".gitconfig": CONFIG,
    ".config/git/config": CONFIG,
    "gitfleet.toml": TOML,
    ".gitfleet.toml": TOML,
    ".config/gitfleet/config.toml": TOML,
    "pyproject.toml": f"[tool.gitfleet]\n{TOML}",
    ".env": "HTTPS_PROXY=http://127.0.0.1:1\nGITFLEET_TOKEN_LOCALHOST=t\nGIT_SSH_COMMAND=SPY\n",
    ".netrc": "default login me password s3cret\n",
    "_netrc": "default login me password s3cret\n",
    ".curlrc": "proxy = http://127.0.0.1:1\n",
    ".ssh/config": "Host *\n  ProxyCommand SPY\n",
}


@pytest.fixture
def trap(tmp_path, http_server):
    """A directory that is a repository, with every file; and the file that `SPY` writes."""
    spied = tmp_path / "spied"
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\necho $0 >> {spied}\n")
    spy.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-merge", "reference-transaction", "post-index-change"):
        os.link(spy, hooks / name)

    def fill(text):
        known = {"SPY": spy, "HOOKS": hooks, "URL": http_server.url}
        for word, value in known.items():
            text = text.replace(word, os.fspath(value))
        return text

    place = tmp_path / "trap"
    for name, text in FILES.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fill(text))
    subprocess.run(["git", "init", "-q", place], check=True)
    with (place / ".git/config").open("a") as config:
        config.write(fill(CONFIG))
    return place, spied, fill(CONFIG)


def run(place, home, *args):
    environment = os.environ | {"HOME": os.fspath(home), "XDG_CONFIG_HOME": os.fspath(home / "x")}
    done = subprocess.run(
        [*COMMAND, *map(os.fspath, args), "--json", "--retries", "0"],
        capture_output=True,
        text=True,
        cwd=place,
        env=environment,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return outcomes(done)


def test_no_settings_file_of_the_current_directory_or_of_a_clone_is_read(
    trap, http_server, tmp_path, git
):
    place, spied, config = trap
    home = tmp_path / "home"
    home.mkdir()
    url = http_server.url + "/owner/history/.git"
    (cloned,) = run(place, home, "clone", url, "-o", tmp_path / "clones", "--git-credentials")
    run(place, home, "mine", url, "-o", tmp_path / "data")
    assert all(given is None for _, _, given in http_server.requests)
    git(cloned["path"], "update-ref", "-d", "refs/remotes/origin/main")  # so that there is work
    with open(os.path.join(cloned["path"], ".git/config"), "a") as own:
        own.write(config)
    for name in FILES:
        path = tmp_path / "clones" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((place / name).read_bytes())
    for directory in (place, tmp_path / "clones", cloned["path"]):
        run(directory, home, "update", cloned["path"], "--git-credentials")
    assert all(given is None for _, _, given in http_server.requests)
    assert not spied.exists(), spied.read_text()
