"""Clones and updates over every transport, through faults and kills, as the command does them."""

import base64
import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from run_command import COMMAND, gitfleet, outcomes, refs
from servers import LyingServer, Proxy, git_daemon, sshd, sshd_program

from conftest import TOKEN, USER, GitServer, make, run_git


def assert_nothing_half_made(root):
    assert not list(root.rglob(".gitfleet-*"))


@pytest.fixture
def origin(tmp_path):
    """A bare repository that a test may change."""
    work = make(tmp_path / "made", "history")
    path = tmp_path / "served" / "owner" / "history.git"
    subprocess.run(["git", "clone", "-q", "--mirror", work, path], check=True)
    for name in ("uploadpack.allowFilter", "http.receivepack"):
        run_git(path, "config", name, "true")
    return path


@pytest.fixture
def daemon(origin):
    with git_daemon(origin.parent.parent) as start:
        yield f"{start}/owner/history.git"


@pytest.fixture(params=["http", "git", "ssh"])
def url(request, origin, tmp_path):
    """The URL of one repository over each transport, and the options that the transport needs."""
    root = origin.parent.parent
    if request.param == "http":
        server = GitServer(root)
        yield f"{server.url}/owner/history.git", []
        server.close()
    elif request.param == "git":
        with git_daemon(root) as start:
            yield f"{start}/owner/history.git", []
    else:
        if sshd_program() is None:
            pytest.skip("sshd is not installed")
        directory = tmp_path / "ssh"
        directory.mkdir()
        with sshd(directory) as (start, command):
            yield f"{start}{origin}", ["--ssh-command", command]


@pytest.mark.parametrize("shape", ["--bare", "--mirror", "files"])
def test_clone_equals_gits(url, shape, origin, tmp_path, git):
    address, options = url
    args = [] if shape == "files" else [shape]
    (made,) = outcomes(
        gitfleet("clone", address, "-o", tmp_path / "out", "--json", *args, *options)
    )
    path = Path(made["path"])
    git(path, "fsck", "--full")
    theirs = tmp_path / "theirs"
    subprocess.run(["git", "clone", "-q", *args, origin, theirs], check=True)
    assert refs(path) == refs(theirs)
    assert git(path, "rev-parse", "HEAD") == git(theirs, "rev-parse", "HEAD")
    assert git(path, "config", "remote.origin.url") == address
    if shape == "files":
        assert git(path, "status", "--porcelain") == ""
        assert git(path, "rev-parse", "--abbrev-ref", "@{upstream}") == "origin/main"
    else:
        assert git(path, "config", "--get-all", "remote.origin.fetch")


def test_update_brings_a_clone_to_its_origin(url, origin, tmp_path, git):
    address, options = url
    (made,) = outcomes(gitfleet("clone", "--bare", address, "-o", tmp_path, "--json", *options))
    path = made["path"]
    (same,) = outcomes(gitfleet("update", path, "--json", *options))
    assert (same["status"], same["refs"]) == ("unchanged", [])
    git(origin, "branch", "new", "HEAD~1")
    git(origin, "branch", "-f", "moved", "HEAD")
    elsewhere = git(origin, "commit-tree", "-m", "another root", "main^{tree}")
    git(origin, "branch", "-f", "side", elsewhere)
    git(origin, "tag", "-f", "fresh", "main~1")
    git(origin, "symbolic-ref", "HEAD", "refs/heads/new")
    (updated,) = outcomes(gitfleet("update", path, "--json", *options))
    assert refs(path) == refs(origin, "refs/heads", "refs/tags")
    assert updated["new_default_branch"] == "refs/heads/new"
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/new"
    changes = {ref["name"]: ref["change"] for ref in updated["refs"]}
    assert changes["refs/heads/new"] == "created"
    assert changes["refs/heads/side"] == "rewritten"
    assert updated["was_rewritten"]
    git(origin, "branch", "-D", "side")
    git(origin, "branch", "side/deeper", "main")
    (pruned,) = outcomes(gitfleet("update", path, "--json", *options))
    assert {ref["name"]: ref["change"] for ref in pruned["refs"]} == {
        "refs/heads/side": "deleted",
        "refs/heads/side/deeper": "created",
    }
    assert refs(path) == refs(origin, "refs/heads", "refs/tags")
    git(path, "fsck", "--full")


def test_shallow_and_single_branch_clones_equal_gits(daemon, origin, tmp_path, git):
    for args in (["--depth", "2"], ["--single-branch"], ["--single-branch", "--branch", "side"]):
        name = "".join(args)
        out = tmp_path / f"ours{name}"
        (made,) = outcomes(gitfleet("clone", "--bare", daemon, "-o", out, "--json", *args))
        theirs = tmp_path / f"theirs{name}"
        subprocess.run(["git", "clone", "-q", "--bare", *args, daemon, theirs], check=True)
        assert refs(made["path"]) == refs(theirs)
        assert git(made["path"], "rev-list", "--all") == git(theirs, "rev-list", "--all")
        git(made["path"], "fsck", "--full")


def test_partial_clone_is_one_to_git(daemon, tmp_path, git):
    args = ["clone", "--bare", "--filter", "blob:none", daemon, "-o", tmp_path, "--json"]
    (made,) = outcomes(gitfleet(*args))
    path = made["path"]
    assert git(path, "rev-list", "--all", "--objects", "--missing=print", "--quiet") != ""
    git(path, "fsck", "--full")
    (same,) = outcomes(gitfleet("update", path, "--json"))
    assert same["status"] == "unchanged"


def test_clone_warns_of_submodules_and_lfs(tmp_path, git):
    work = tmp_path / "with-submodule"
    git(tmp_path, "init", "-q", "-b", "main", work)
    (work / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ../x\n')
    (work / ".gitattributes").write_text("*.bin filter=lfs\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "one")
    (made,) = outcomes(gitfleet("clone", "--bare", work, "-o", tmp_path / "out", "--json"))
    said = " ".join(made["warnings"])
    assert "submodules" in said
    assert "LFS" in said


def test_finished_clone_is_kept_updated_or_refused(daemon, origin, tmp_path, git):
    gitfleet("clone", "--bare", daemon, "-o", tmp_path / "out")
    (kept,) = outcomes(gitfleet("clone", "--bare", daemon, "-o", tmp_path / "out", "--json"))
    assert kept["status"] == "unchanged"
    git(origin, "branch", "new")
    again = ["clone", "--bare", daemon, "-o", tmp_path / "out", "--json", "--existing"]
    (updated,) = outcomes(gitfleet(*again, "update"))
    assert "refs/heads/new" in refs(updated["path"])
    refused = gitfleet(*again, "refuse", check=False)
    assert refused.returncode == 1
    assert outcomes(refused)[0]["error"]["kind"] == "destination_exists"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ext::sh -c true", "remote helpers"),
        ("-oProxyCommand=true", "option"),
        ("ssh://-oProxyCommand=true/x", "host"),
        ("host:-x", "host or path"),
        ("ftp://h/x", "ftp"),
        ("https://h/a\nb", "control character"),
    ],
)
def test_dangerous_urls_are_refused_by_name(address, says, tmp_path):
    done = gitfleet("clone", "-o", tmp_path, "--", address, check=False)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert not list(tmp_path.iterdir())


def test_limits_end_a_clone(daemon, tmp_path):
    for args, what in ((["--max-objects", "3"], "objects"), (["--min-free", "99999999"], "free")):
        done = gitfleet("clone", "--bare", daemon, "-o", tmp_path, "--json", *args, check=False)
        (failed,) = outcomes(done)
        assert failed["error"]["kind"] == "limit_exceeded"
        assert what in failed["error"]["message"]
        assert failed["attempts"] == 1
    assert not list(tmp_path.glob("127*"))
    assert_nothing_half_made(tmp_path)


def test_repeated_address_is_cloned_once_and_told(http_server, tmp_path):
    url = f"{http_server.url}/owner/history"
    done = gitfleet("clone", "--bare", f"{url}/.git", f"{url}/.git/", f"{url}/.git", "-o", tmp_path)
    assert len(list(tmp_path.glob("*/*/*"))) == 1
    assert done.stderr.count("it is the same repository as") == 2
    assert sum("info/refs" in target for _, target, _ in http_server.requests) <= 2


def test_credentials_are_read_from_their_sources(https_server, bundle, tmp_path):
    url = f"{https_server.url}/private/owner/history/.git"
    host = https_server.host
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login {USER} password {TOKEN}\n")
    script = tmp_path / "ask.sh"
    script.write_text(f'#!/bin/sh\n[ "$1" = {host} ] && printf "{USER}\\n{TOKEN}\\n"\n')
    script.chmod(0o755)
    clone = ["clone", "--bare", url, "--ca-bundle", bundle, "-o"]
    gitfleet(*clone, tmp_path / "a", NETRC=os.fspath(netrc))
    gitfleet(*clone, tmp_path / "b", "--credential-command", script)
    variable = "GITFLEET_TOKEN_" + host.upper().replace(":", "_PORT_")
    wrong = gitfleet(*clone, tmp_path / "c", check=False, **{variable: TOKEN})
    assert "refused the credentials" in wrong.stderr  # this server requires another user
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        if file not in (netrc, script):
            assert TOKEN.encode() not in file.read_bytes(), file
    assert TOKEN not in wrong.stderr + wrong.stdout


def test_credentials_do_not_follow_a_redirect_to_another_host(
    https_server, http_server, bundle, tmp_path
):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {http_server.host} login {USER} password {TOKEN}\n")
    url = f"{http_server.url}/elsewhere/{https_server.host}/private/owner/history/.git"
    done = gitfleet(
        "clone",
        "--bare",
        url,
        "--ca-bundle",
        bundle,
        "-o",
        tmp_path,
        check=False,
        NETRC=os.fspath(netrc),
    )
    assert done.returncode == 1
    assert https_server.requests
    assert not any(authorization for _, _, authorization in https_server.requests)


def test_credentials_are_sent_to_both_hosts_of_a_redirect(
    https_server, fixtures, authority, tmp_path
):
    certificate = authority[0].issue_cert("localhost")
    with GitServer(fixtures["history"].parent.parent, certificate) as other:
        netrc = tmp_path / "netrc"
        netrc.write_text(
            f"machine {https_server.host} login first password one\n"
            f"machine {other.host} login {USER} password {TOKEN}\n"
        )
        url = f"{https_server.url}/guarded/{other.host}/private/owner/history/.git"
        into = tmp_path / "clones"
        clone = ["clone", "--bare", url, "--ca-bundle", authority[1], "-o", into]
        gitfleet(*clone, NETRC=os.fspath(netrc))
        own = f"Basic {base64.b64encode(b'first:one').decode()}"
        assert own in {authorization for _, _, authorization in https_server.requests}
        assert own not in {authorization for _, _, authorization in other.requests}


def pack_of(path, *ids):
    command = ["git", "-C", path, "pack-objects", "--stdout", "-q"]
    given = "\n".join(ids).encode()
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout


def test_pack_with_missing_objects_breaks_nothing(daemon, origin, tmp_path, git):
    head = git(origin, "rev-parse", "HEAD")
    lines = [f"{head} HEAD symref-target:refs/heads/main\n", f"{head} refs/heads/main\n"]
    empty = pack_of(origin)
    for pack in (pack_of(origin, head), empty):
        server = LyingServer(lines, pack)
        done = gitfleet(
            "clone", "--bare", server.url, "-o", tmp_path / "new", "--json", check=False
        )
        (failed,) = outcomes(done)
        assert failed["error"]["kind"] == "refused", failed
        assert "left out" in failed["error"]["message"]
        server.close()
    assert_nothing_half_made(tmp_path)
    (made,) = outcomes(gitfleet("clone", "--bare", daemon, "-o", tmp_path, "--json"))
    before = refs(made["path"])
    other = git(origin, "commit-tree", "-m", "never sent", "main^{tree}")
    server = LyingServer([line.replace(head, other) for line in lines], empty)
    git(made["path"], "config", "remote.origin.url", server.url)
    (failed,) = outcomes(gitfleet("update", made["path"], "--json", check=False))
    assert failed["error"]["kind"] == "refused"
    assert refs(made["path"]) == before
    server.close()


@pytest.mark.parametrize(
    "lines",
    [
        ["{} HEAD\n", "{} refs/heads/../../x\n"],
        ["{} refs/heads/a\n", "{} refs/heads/a/b\n"],
        ["{} HEAD symref-target:refs/heads/x\n[core]\n"],
        ["unborn HEAD symref-target:refs/heads/x\nfoo\n"],
    ],
)
def test_refnames_that_would_do_harm_are_refused(lines, origin, tmp_path, git):
    head = git(origin, "rev-parse", "HEAD")
    server = LyingServer([line.format(head) for line in lines], pack_of(origin, head))
    done = gitfleet(
        "clone",
        "--bare",
        server.url,
        "-o",
        tmp_path / "out",
        "--json",
        "--retries",
        "0",
        check=False,
    )
    (failed,) = outcomes(done)
    assert failed["status"] == "failed", failed
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    server.close()


def test_negative_refspec_keeps_local_refs(daemon, origin, tmp_path, git):
    (made,) = outcomes(gitfleet("clone", "--bare", daemon, "-o", tmp_path, "--json"))
    git(made["path"], "config", "--add", "remote.origin.fetch", "^refs/heads/local")
    git(made["path"], "branch", "local")
    git(origin, "branch", "-D", "side")
    gitfleet("update", made["path"])
    assert "refs/heads/local" in refs(made["path"])
    assert "refs/heads/side" not in refs(made["path"])


def test_detached_head_is_followed(daemon, origin, tmp_path, git):
    git(origin, "update-ref", "--no-deref", "HEAD", "main~1")
    (made,) = outcomes(gitfleet("clone", "--bare", daemon, "-o", tmp_path, "--json"))
    assert made["head"] == git(origin, "rev-parse", "HEAD")
    newer = git(origin, "commit-tree", "-p", "HEAD", "-m", "on no branch", "HEAD^{tree}")
    git(origin, "update-ref", "--no-deref", "HEAD", newer)
    (updated,) = outcomes(gitfleet("update", made["path"], "--json"))
    assert updated["head"] == newer
    git(made["path"], "fsck", "--full")


def test_unusable_refspec_is_refused_before_a_fetch(daemon, tmp_path):
    for args, says in (
        (["--refspec", "refs/heads/side"], "destination"),
        (["--refspec", "+refs/heads/side:refs/heads/side"], "choose a branch"),
    ):
        done = gitfleet("clone", daemon, "-o", tmp_path / "out", *args, check=False)
        assert done.returncode in (1, 2), done
        assert says in done.stderr
    assert_nothing_half_made(tmp_path)


@pytest.fixture(scope="module")
def small_ones(tmp_path_factory):
    """A thousand small repositories, and some that cannot be cloned."""
    root = tmp_path_factory.mktemp("fleet")
    first = root / "o" / "0.git"
    made = make(root / "made", "history")
    subprocess.run(["git", "clone", "-q", "--mirror", made, first], check=True)
    subprocess.run(["git", "-C", first, "gc", "-q"], check=True)
    for number in range(1, 1000):
        shutil.copytree(first, root / "o" / f"{number}.git", copy_function=os.link)
    broken = root / "o" / "broken.git"
    shutil.copytree(first, broken)
    for pack in broken.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:200])
    return root


def peak_of_children():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


@pytest.mark.timeout(900)
def test_clone_of_a_thousand_through_a_bad_network(small_ones, tmp_path, git):
    server = GitServer(small_ones)
    fates = {"reset": 0.10, "503": 0.05, "cut": 0.02, "stall": 0.01, "429": 0.02}
    proxy = Proxy(int(server.host.split(":")[1]), fates)
    names = [str(number) for number in range(1000)]
    urls = [f"http://{proxy.host}/o/{name}.git" for name in names]
    hopeless = {"absent": "404", "broken": ""}
    urls += [f"http://{proxy.host}/o/{name}.git" for name in hopeless]
    urls += [f"http://{proxy.host}/private/o/0.git"]
    listed = tmp_path / "urls"
    listed.write_text("\n".join(urls))
    done = gitfleet(
        *("clone", "--bare", "--from", listed, "-o", tmp_path / "out", "--json", "--timeout", "2"),
        *("--retries", "9", "--retry-wait", "0.2", "--jobs-per-host", "8"),
        check=False,
    )
    found = outcomes(done)
    assert done.returncode == 1
    assert [outcome["target"] for outcome in found] == urls
    failed = [outcome for outcome in found if outcome["status"] == "failed"]
    assert [outcome["target"] for outcome in failed] == urls[1000:], failed
    kinds = [outcome["error"]["kind"] for outcome in failed]
    assert kinds[0] == "repository_not_found"
    assert kinds[2] == "authentication_failed"
    assert max(outcome["attempts"] for outcome in found) > 1
    assert all(proxy.met.values()), proxy.met
    theirs = refs(small_ones / "o" / "0.git", "refs/heads", "refs/tags")
    for outcome in found[:1000]:
        git(outcome["path"], "fsck", "--full")
        assert refs(outcome["path"]) == theirs
    assert_nothing_half_made(tmp_path)
    assert peak_of_children() < 512 << 10  # KiB
    proxy.close()
    server.close()


@pytest.mark.timeout(300)
def test_clone_completes_after_kills(small_ones, tmp_path, git):
    server = GitServer(small_ones)
    out = tmp_path / "out"
    urls = [f"{server.url}/o/{number}.git" for number in range(200)]
    listed = tmp_path / "urls"
    listed.write_text("\n".join(urls))
    command = ["clone", "--bare", "--from", listed, "-o", out, "--json"]
    chance = random.Random(7)
    for _ in range(20):
        run = subprocess.Popen([*COMMAND, *map(os.fspath, command)], stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 0.9))
        run.send_signal(signal.SIGKILL)
        run.wait()
    finished = {path.name for path in out.glob("*/o/[0-9]*") if path.is_dir()}
    server.requests.clear()
    found = outcomes(gitfleet(*command))
    kept = {Path(outcome["path"]).name for outcome in found if outcome["status"] == "unchanged"}
    assert finished <= kept
    asked = {path.split("/o/")[1].split(".git")[0] for _, path, _ in server.requests}
    assert not asked & kept, "a finished clone was fetched again"
    for outcome in found:
        git(outcome["path"], "fsck", "--full")
    assert len(found) == 200
    assert_nothing_half_made(tmp_path)
    server.close()


def test_interrupt_ends_a_stalled_clone_within_a_second(https_server, bundle, tmp_path):
    command = [
        "clone",
        "--bare",
        f"{https_server.url}/stall/x",
        "--ca-bundle",
        bundle,
        "-o",
        tmp_path,
    ]
    run = subprocess.Popen([*COMMAND, *map(os.fspath, command)], stderr=subprocess.PIPE)
    while not https_server.requests:
        time.sleep(0.02)
    since = time.monotonic()
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130
    assert time.monotonic() - since < 2
    assert not list(tmp_path.iterdir())
