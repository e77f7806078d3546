"""Malicious servers, and secrets that must not leak."""

import json
import os
import struct
import subprocess
import sys
import zlib
from hashlib import sha1
from pathlib import Path

import pytest

import gitfleet as package
from run_command import COMMAND, gitfleet, outcomes
from servers import LyingServer, git_daemon

from conftest import TOKEN, USER, GitServer, make

ID = "1" * 40
HEAD = [f"{ID} HEAD symref-target:refs/heads/main\n", f"{ID} refs/heads/main\n"]
QUICK = ["--retries", "0", "--json"]


def peak_kib(*args):
    """Run a command; return its outcomes and its peak memory."""
    code = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, *COMMAND, *map(os.fspath, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    *lines, peak = done.stdout.splitlines()
    return [json.loads(line) for line in lines], int(peak)


def failure(done):
    (failed,) = done
    assert failed["status"] == "failed", failed
    return failed["error"]


def test_endless_list_of_refs_ends(tmp_path):
    server = LyingServer([], endless=f"{ID} refs/heads/" + "x" * 200 + "\n")
    done, peak = peak_kib("clone", "--bare", server.url, "-o", tmp_path / "out", *QUICK)
    error = failure(done)
    assert error["kind"] == "limit_exceeded"
    assert "list of its refs" in error["message"]
    assert peak < 512 << 10
    server.close()


@pytest.mark.parametrize("band", ["\x01", "\x02"])
def test_endless_pack_ends_at_the_limits(band, tmp_path):
    server = LyingServer(HEAD, endless=band + "x" * 60000)
    for limit, what in (("--max-size", "bytes received"), ("--max-time", "seconds")):
        args = ["clone", "--bare", server.url, "-o", tmp_path / "out", limit, "2", *QUICK]
        done, peak = peak_kib(*args)
        error = failure(done)
        if band == "\x02":
            assert error["kind"] == "limit_exceeded", error
            assert what in error["message"]
        assert peak < 256 << 10
    assert not list(tmp_path.rglob(".gitfleet-*"))
    server.close()


def test_the_servers_own_words_are_told(tmp_path):
    server = LyingServer(HEAD, words="upload-pack: disk on fire\x1b[31m\n")
    error = failure(
        outcomes(gitfleet("clone", "--bare", server.url, "-o", tmp_path, *QUICK, check=False))
    )
    assert "disk on fire" in error["message"]
    assert "\x1b" not in error["message"]
    server.close()


def packed(*objects):
    """A pack of undeltified objects: pairs of type and bytes."""
    body = b"PACK" + struct.pack(">II", 2, len(objects))
    for kind, data in objects:
        size, head = len(data) >> 4, [(kind << 4) | (len(data) & 15)]
        while size:
            head[-1] |= 0x80
            head.append(size & 0x7F)
            size >>= 7
        body += bytes(head) + zlib.compress(data, 1)
    return body + sha1(body).digest()


def test_pack_bomb_ends_at_the_limit(tmp_path):
    bomb = packed((3, bytes((2 << 30) + 1)))
    server = LyingServer(HEAD, bomb)
    done, peak = peak_kib("clone", "--bare", server.url, "-o", tmp_path / "out", *QUICK)
    assert failure(done)["kind"] in ("limit_exceeded", "refused", "network")
    assert peak < 512 << 10
    server.close()


def tree(*entries):
    return b"".join(mode + b" " + name + b"\0" + bytes.fromhex(ref) for mode, name, ref in entries)


@pytest.mark.parametrize(
    "name",
    [
        *(b"..", b".git", b".GIT", b"a/../../x", b"git~1", b".g\xe2\x80\x8cit", b".git."),
        *(b".git\\x", b".Git .\\x", b"GIT~1\\x", b".git::$INDEX_ALLOCATION", b".git:x\\y"),
    ],
)
def test_paths_with_tricks_write_nothing_outside(name, tmp_path):
    def ref(kind, data):
        return sha1(f"{kind} {len(data)}".encode() + b"\0" + data).hexdigest()

    blob = b"[core]\n\tfsmonitor = touch owned\n"
    inner = tree((b"100644", b"config", ref("blob", blob)))
    outer = tree((b"40000", name, ref("tree", inner)))
    who = "A <a@example.org> 0 +0000"
    commit = f"tree {ref('tree', outer)}\nauthor {who}\ncommitter {who}\n\nx\n".encode()
    pack = packed((3, blob), (2, inner), (2, outer), (1, commit))
    server = LyingServer([line.replace(ID, ref("commit", commit)) for line in HEAD], pack)
    out = tmp_path / "deep" / "out"
    error = failure(outcomes(gitfleet("clone", server.url, "-o", out, *QUICK, check=False)))
    assert error["kind"] == "refused", error
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "config" in path.name]
    server.close()


def test_refs_by_the_hundred_thousand_are_handled(tmp_path, git):
    path = make(tmp_path / "served" / "o" / "r", "history")
    head = git(path, "rev-parse", "HEAD")
    git(path, "pack-refs", "--all")
    packed_refs = path / ".git" / "packed-refs"
    lines = packed_refs.read_text().splitlines()
    many = sorted(f"{head} refs/heads/many/{number}" for number in range(100_000))
    first = next(at for at, line in enumerate(lines) if "refs/heads/m" in line)
    lines[first + 1 : first + 1] = many
    packed_refs.write_text("\n".join(["# pack-refs with:", *lines[1:], ""]))
    with git_daemon(tmp_path / "served") as start:
        args = ["clone", "--bare", f"{start}/o/r", "-o", tmp_path / "out", *QUICK]
        (made,), peak = peak_kib(*args)
    assert made["status"] == "done"
    assert git(made["path"], "for-each-ref") == git(path, "for-each-ref")
    assert peak < 512 << 10


FAILURES = {
    "success": ("/private/owner/history/.git", []),
    "absent": ("/private/owner/absent/.git", []),
    "redirected": ("/elsewhere/", []),
    "too large": ("/private/owner/history/.git", ["--max-objects", "1"]),
    "unreachable": (None, ["--connect-timeout", "1"]),
    "clear text": ("http", []),
    "refused": ("/private/owner/history/.git", []),
}


@pytest.mark.parametrize("case", FAILURES)
@pytest.mark.parametrize("source", ["address", "netrc", "command"])
def test_token_is_found_nowhere(
    case, source, fixtures, https_server, bundle, closed_port, tmp_path
):
    """A token is not in files, in output, or in the input of other programs."""
    where, more = FAILURES[case]
    token = TOKEN if case != "refused" else "wr0ng-canary-77ab"
    plain = GitServer(fixtures["history"].parent.parent)
    host = {None: f"localhost:{closed_port}", "http": plain.host}.get(where, https_server.host)
    scheme = "http" if where == "http" else "https"
    path = where if where and where.startswith("/") else "/private/owner/history/.git"
    if case == "redirected":
        path += f"{plain.host}/owner/history/.git"
    environment, args = {"SSL_CERT_FILE": str(bundle)}, []
    address = f"{scheme}://{host}{path}"
    spy = tmp_path / "spy"
    spy.mkdir()
    if source == "address":
        address = f"{scheme}://{USER}:{token}@{host}{path}"
    elif source == "netrc":
        netrc = tmp_path / "netrc"
        machine = host if case == "clear text" else "localhost"
        netrc.write_text(f"machine {machine} login {USER} password {token}\n")
        environment["NETRC"] = str(netrc)
    else:
        program = tmp_path / "program"
        program.write_text(
            f"#!/bin/sh\nenv > {spy}/env\necho \"$@\" > {spy}/args\nprintf '{USER}\\n{token}\\n'\n"
        )
        program.chmod(0o755)
        args = ["--credential-command", str(program)]
    out = tmp_path / "out"
    child = subprocess.Popen(
        [*COMMAND, "clone", "--bare", address, "-o", out, "--json", "--retries", "0", *more, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
        cwd=tmp_path,
    )
    stdout, stderr = child.communicate(timeout=60)
    (outcome,) = [json.loads(line) for line in stdout.splitlines()]
    assert (outcome["status"] == "done") == (case == "success"), (outcome, stderr)
    for said in (stdout, stderr):
        assert token.encode() not in said
    for file in [*out.rglob("*"), *spy.rglob("*")]:
        if file.is_file():
            assert token.encode() not in file.read_bytes(), file
    if source == "address":
        (made,) = package.Fleet(
            tmp_path / "again", bare=True, ca_bundle=bundle, retries=0, connect_timeout=1
        ).clone(address)
        assert token not in repr(made)
        assert token not in repr(made.error) + str(made.error) + str(vars(made.error or made))
    plain.close()


def test_child_programs_get_no_token(tmp_path, monkeypatch):
    """ssh gets no argument and no variable with a token."""
    spy = tmp_path / "ssh"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/env; echo "$@" > {tmp_path}/args; exit 1\n')
    spy.chmod(0o755)
    names = ["GITHUB_TOKEN", "GH_TOKEN", "GITFLEET_TOKEN_EXAMPLE_ORG"]
    names += ["GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"]
    for name in names:
        monkeypatch.setenv(name, TOKEN)
    done = gitfleet(
        "clone",
        "ssh://git@example.org/o/r",
        "-o",
        tmp_path / "out",
        "--ssh-command",
        spy,
        *QUICK,
        check=False,
    )
    assert done.returncode == 1
    for file in ("env", "args"):
        assert TOKEN not in Path(tmp_path / file).read_text()
