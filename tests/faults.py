"""Makes every system call of `gitfleet` fail in turn, or kills the program there.

What is left is checked: the result is right, or an error is told and the next run is right.

    python tests/faults.py [--sample N] [--case NAME ...] target/debug/gitfleet

Needs `strace` and `git`. `--sample N` takes about N points of each system call, spread evenly.
Every fault happens once, and for failures also from then on. Prints a line for each wrong point,
then the numbers; exits with 1 if any was wrong.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from gitfleet.testing import GitServer
from servers import git_daemon

WRITES = (
    "write",
    "pwrite64",
    "rename",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
    "fsync",
    "fdatasync",
    "ftruncate",
    "copy_file_range",
)
#: The errors that each system call is made to end with. Not `unlink`: a lock of a ref that cannot
#: be removed stays, because it may be another program's by the next run.
FAILURES = {
    "openat": ("EMFILE", "EIO", "EACCES"),
    "read": ("EIO",),
    "pread64": ("EIO",),
    "mmap": ("ENOMEM",),
    "getdents64": ("EIO",),
    "statx": ("EIO", "EACCES"),
    "write": ("ENOSPC",),
    "pwrite64": ("ENOSPC",),
    "rename": ("ENOSPC", "EIO"),
    "link": ("EIO",),
    "linkat": ("EIO",),
    "unlinkat": ("EIO",),
    "mkdir": ("ENOSPC",),
    "fsync": ("EIO",),
    "fdatasync": ("EIO",),
    "ftruncate": ("EIO",),
    "flock": ("EINTR",),
    "clone3": ("EAGAIN",),
}
#: The end of a program that the loader or the runtime could not start, and of one whose write to an
#: event descriptor failed, which no system does.
NOT_OURS = ("failed to allocate an alternative stack", "failed to wake I/O driver")
#: Exit codes of such a program if its messages cannot be written either.
UNTOLD = (-11, 70)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def git(*args, cwd):
    done = subprocess.run(
        ["git", *map(str, args)],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"git {args}: {done.stderr}")
    return done.stdout.strip()


def commit(repo, *names):
    for name in names:
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{name} {line}\n" for line in range(40)))
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", " ".join(names), cwd=repo)


class Update:
    """An update of a clone, from a path or over a protocol, bare or with files."""

    def __init__(self, is_bare, protocol=None):
        self.is_bare, self.protocol = is_bare, protocol

    def make(self, root, serve):
        origin = root / "origin"
        git("init", "-q", "-b", "main", origin, cwd=root)
        commit(origin, "a", "b/c", "d/e/f")
        git("branch", "old", cwd=origin)
        git("tag", "-a", "-m", "t", "v1", cwd=origin)
        url = serve(self.protocol, origin)
        git("clone", "-q", *["--bare"] * self.is_bare, url, "clone", cwd=root)
        if self.is_bare:
            heads = "+refs/heads/*:refs/heads/*"
            git("config", "remote.origin.fetch", heads, cwd=root / "clone")
        commit(origin, "a", "d/e/g", "h")
        git("rm", "-q", "b/c", cwd=origin)
        git("commit", "-q", "-m", "removed", cwd=origin)
        git("branch", "-D", "-q", "old", cwd=origin)
        git("branch", "new", "HEAD~1", cwd=origin)
        git("tag", "-a", "-m", "t", "v2", cwd=origin)

    def move(self, root, serve):
        """Points a copy of the template to its own origin."""
        url = serve(self.protocol, root / "origin")
        git("config", "remote.origin.url", url, cwd=root / "clone")

    def command(self, root):
        return ["update", root / "clone", "--retries", "0", "--min-free", "0"]

    def fault(self, root):
        """Return the first difference from a complete update, or ``None``."""
        clone, origin = root / "clone", root / "origin"
        fsck = subprocess.run(
            ["git", "fsck", "--full"],
            cwd=clone,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        if fsck.returncode or "missing" in fsck.stdout + fsck.stderr:
            return "fsck: " + (fsck.stdout + fsck.stderr).strip()[:200]
        kinds = [("refs/heads/", "refs/heads/" if self.is_bare else "refs/remotes/origin/")]
        kinds.append(("refs/tags/", "refs/tags/"))
        for theirs, ours in kinds:
            there = refs(origin, theirs)
            here = {name: tip for name, tip in refs(clone, ours).items() if name != "HEAD"}
            if here != there:
                return f"{ours}: {here}, not {there}"
        if not self.is_bare:
            if git("status", "--porcelain", cwd=clone):
                return "status: " + git("status", "--porcelain", cwd=clone)
            if git("rev-parse", "HEAD", cwd=clone) != git("rev-parse", "HEAD", cwd=origin):
                return "HEAD was not moved"
        return not_whole(clone)

    def places(self, root):
        return [root / "clone"]


class Clone:
    """A clone, from a path or over a protocol."""

    def __init__(self, protocol=None):
        self.protocol = protocol

    def make(self, root, serve):
        origin = root / "origin"
        git("init", "-q", "-b", "main", origin, cwd=root)
        commit(origin, "a", "b/c", "d/e/f")
        commit(origin, "a", "d/e/g")
        (root / "clones").mkdir()
        self.move(root, serve)

    def move(self, root, serve):
        self.url = serve(self.protocol, root / "origin")

    def command(self, root):
        return ["clone", self.url, "-o", root / "clones", "--retries", "0", "--min-free", "0"]

    def fault(self, root):
        clones = [path.parent for path in (root / "clones").glob("*/*/*/.git")]
        clones = [path for path in clones if not path.name.startswith(".gitfleet-")]
        if len(clones) != 1:
            return f"{len(clones)} clones"
        if git("status", "--porcelain", cwd=clones[0]):
            return "status: " + git("status", "--porcelain", cwd=clones[0])
        if git("rev-parse", "HEAD", cwd=clones[0]) != git("rev-parse", "HEAD", cwd=root / "origin"):
            return "HEAD is another"
        git("fsck", "--full", cwd=clones[0])
        return not_whole(clones[0])

    def places(self, root):
        return [root / "clones"]


class Mine:
    """Mining a repository on this machine."""

    tables = ("commits", "changes", "blame")

    def make(self, root, _serve):
        origin = root / "origin"
        git("init", "-q", "-b", "main", origin, cwd=root)
        for number in range(4):
            commit(origin, "a", f"b/{number}")
        (origin / ".mailmap").write_text("B <b@example.org> A <a@example.org>\n")
        (origin / ".gitattributes").write_text("b/1 -diff\n")
        git("add", "-A", cwd=origin)
        git("commit", "-q", "-m", "attributes", cwd=origin)
        git("repack", "-dq", cwd=origin)
        commit(origin, "c")
        git("commit-graph", "write", "--reachable", cwd=origin)
        (origin / "a").write_text("another first line\n" + (origin / "a").read_text())
        git("commit", "-q", "-a", "-m", "not in the graph", cwd=origin)
        # The rows depend on the attributes, the configuration and the replacement.
        (origin / ".git/info/attributes").write_text("b/0 diff=special\n")
        git("config", "diff.special.binary", "true", cwd=origin)
        (root / "names").write_text("C <c@example.org> <a@example.org>\n")
        git("config", "mailmap.file", root / "names", cwd=origin)
        replaced = ("HEAD~2^{tree}", "-p", "HEAD~3", "-m", "replaced")
        replacement = git("commit-tree", *replaced, cwd=origin).strip()
        git("replace", "HEAD~2", replacement, cwd=origin)
        subprocess.run([*program(), "mine", origin, "-o", root / "whole", "-q"], check=True)

    def move(self, root, serve):
        pass

    def command(self, root):
        return ["mine", root / "origin", "-o", root / "data"]

    def fault(self, root):
        for table in self.tables:
            found = list((root / "data/repos").rglob(f"{table}.parquet"))
            whole = list((root / "whole").rglob(f"{table}.parquet"))
            if len(found) != 1 or found[0].read_bytes() != whole[0].read_bytes():
                return f"{table}: not the rows of a run without faults"
        return not_whole(root / "data")

    def places(self, root):
        return [root / "data"]


class Export:
    """A Parquet file of commits and their changes."""

    def make(self, root, serve):
        Mine().make(root, serve)
        command = [*program(), "changes", root / "origin", "-o", root / "whole.parquet"]
        subprocess.run(command, check=True)

    def move(self, root, serve):
        pass

    def command(self, root):
        return ["changes", root / "origin", "-o", root / "out.parquet"]

    def fault(self, root):
        if (root / "out.parquet").read_bytes() != (root / "whole.parquet").read_bytes():
            return "not the rows of a run without faults"
        return None

    def places(self, root):
        return [root]


CASES = {
    "update-bare-path": lambda: Update(is_bare=True),
    "update-files-path": lambda: Update(is_bare=False),
    "update-bare-git": lambda: Update(is_bare=True, protocol="git"),
    "update-files-git": lambda: Update(is_bare=False, protocol="git"),
    "update-bare-http": lambda: Update(is_bare=True, protocol="http"),
    "update-files-http": lambda: Update(is_bare=False, protocol="http"),
    "clone-path": Clone,
    "clone-git": lambda: Clone("git"),
    "clone-http": lambda: Clone("http"),
    "mine": Mine,
    "export": Export,
}


def refs(repo, below):
    lines = git("for-each-ref", "--format=%(refname) %(objectname)", below, cwd=repo).splitlines()
    return {name[len(below) :]: tip for name, tip in (line.split() for line in lines)}


def leftovers(directory):
    """Temporary files and locks in a directory; `None` if there are none."""
    known = {"gitfleet.lock", "gate.lock"}
    for path in directory.rglob("*"):
        is_left = re.search(r"\.lock$|^\.?tmp|^\.gitfleet-|\.part$", path.name)
        if is_left and path.name not in known:
            return f"left {path.relative_to(directory)}"
        if path.parent.name == ".staging" and path.name != "gate.lock":
            return f"left {path.relative_to(directory)}"
    return None


def program():
    return [PROGRAM]


@contextlib.contextmanager
def servers(root):
    """Servers for all directories below `root`: a function from protocol and directory to URL."""
    with git_daemon(root) as daemon, GitServer(root) as server:
        starts = {"git": daemon, "http": server.url}

        def serve(protocol, place):
            if protocol is None:
                return place
            return f"{starts[protocol]}/{place.relative_to(root)}/.git"

        yield serve


def not_whole(path):
    """What `gitfleet verify` says of a clone or a dataset; `None` if it is whole."""
    command = [*program(), "verify", "-q", path]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    return f"verify: {done.stderr}" if done.returncode else None


def run(root, case, inject=None):
    """One run of the program; returns exit code, output, and whether a fault was injected."""
    command = [*program(), *map(str, case.command(root))]
    log = root / "strace.log"
    if inject:
        call = inject.split(":")[0]
        options = ["-f", "-qq", "-o", log, "-e", f"trace={call}", "-e", f"inject={inject}"]
        command = ["strace", *map(str, options), *command]
    done = subprocess.run(
        command,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    text = log.read_text(errors="replace") if inject else ""
    log.unlink(missing_ok=True)
    happened = "(INJECTED)" in text or "killed by SIGKILL" in text
    return done.returncode, done.stdout + done.stderr, happened


def calls(root, case):
    """Return the largest number of calls by one thread, for each system call."""
    log = root / "strace.log"
    names = ",".join(sorted({*WRITES, *FAILURES}))
    command = [*program(), *map(str, case.command(root))]
    strace = ["strace", "-f", "-qq", "-o", log, "-e", f"trace={names}", *command]
    subprocess.run(map(str, strace), env=ENVIRONMENT, capture_output=True, check=True, timeout=120)
    count = collections.Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            count[found.groups()] += 1
    most = collections.Counter()
    for (_, call), number in count.items():
        most[call] = max(most[call], number)
    return most


def points(most, sample):
    """The faults to inject."""
    for call, number in sorted(most.items()):
        step = max(1, number // sample) if sample else 1
        for at in range(1, number + 1, step):
            if call in WRITES:
                yield f"{call}:signal=KILL:when={at}"
            for error in FAILURES.get(call, ()):
                yield f"{call}:error={error}:when={at}"
                if error != "EINTR":  # a call that is always interrupted never ends
                    yield f"{call}:error={error}:when={at}+"


def try_point(template, name, serve, inject):  # noqa: PLR0911 (one for each way to be wrong)
    """Return the failure of a check at one point, or ``None``; and whether the fault happened."""
    case = CASES[name]()
    with tempfile.TemporaryDirectory(dir=template.parents[1]) as place:
        root = pathlib.Path(place) / "work"
        shutil.copytree(template, root, symlinks=True)
        case.move(root, serve)
        try:
            code, text, happened = run(root, case, inject)
            is_untold = code in UNTOLD and text in ("", "error: ")
            if is_untold or any(words in text for words in NOT_OURS):
                return None, False
            if "panicked" in text or code in (70, 101, 134, 139, -6, -11):
                return f"{code}: {text[-300:]}", happened
            if code == 0 and "warning" not in text and (wrong := case.fault(root)):
                return f"exit 0, but {wrong}", happened
            code, text, _ = run(root, case)
            if code:
                return f"the next run ends with {code}: {text[-300:]}", happened
            left = next(filter(None, map(leftovers, case.places(root))), None)
            if wrong := case.fault(root) or left:
                return f"after the next run: {wrong}", happened
        except (subprocess.TimeoutExpired, RuntimeError, OSError) as error:
            return str(error)[:300], True
    return None, happened


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", help="a regular expression that the points have to match")
    args = parser.parse_args()
    global PROGRAM  # noqa: PLW0603 (a constant of the run)
    PROGRAM = os.path.abspath(args.program)
    failed = 0
    with tempfile.TemporaryDirectory() as place, servers(pathlib.Path(place)) as serve:
        for name in args.case or CASES:
            template = pathlib.Path(place) / name / "template" / "work"
            template.mkdir(parents=True)
            CASES[name]().make(template, serve)
            counting = pathlib.Path(place) / name / "counting" / "work"
            shutil.copytree(template, counting, symlinks=True)
            case = CASES[name]()
            case.move(counting, serve)
            todo = list(points(calls(counting, case), args.sample))
            if args.only:
                todo = [point for point in todo if re.search(args.only, point)]
            happened = wrong = 0
            with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
                tried = pool.map(functools.partial(try_point, template, name, serve), todo)
                for point, (what, did) in zip(todo, tried, strict=True):
                    happened += did
                    if what:
                        wrong += 1
                        print(f"{name}: {point}: {what}", flush=True)
            print(f"{name}: {happened} faults at {len(todo)} points, {wrong} wrong", flush=True)
            failed += wrong
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
