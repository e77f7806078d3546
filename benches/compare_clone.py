"""Compares GitFleet with git: bare clones of many small repositories over http.

    compare_clone.py REPO --gitfleet BINARY [--count 200]

The repository is served under COUNT names by `git http-backend` behind a small server on 127.0.0.1,
which costs both tools the same;
its CPU time is not counted, but the wall time includes waiting for it. git runs as users run it,
one process for each repository, eight at a time. Every clone's refs are compared with those of the
repository.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gitfleet.testing import GitServer


def run(command: list[str], lines: str) -> tuple[float, float, float]:
    """Run a command with `lines` as input; return wall and CPU seconds, and MiB of memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    if process.stdin is not None:
        process.stdin.write(lines)
        process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed")
    wall = time.perf_counter() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def refs(path: Path) -> bytes:
    """List the branches and tags of a clone."""
    return subprocess.run(
        ["git", "-C", str(path), "for-each-ref", "refs/heads", "refs/tags"],
        capture_output=True,
        check=True,
    ).stdout


def main() -> None:
    """Serve the repository, clone it with git and with GitFleet, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repo")
    parser.add_argument("--gitfleet", required=True)
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        first = root / "served" / "o" / "0.git"
        command = ["git", "clone", "-q", "--mirror", args.repo, str(first)]
        subprocess.run(command, check=True)
        for number in range(1, args.count):
            shutil.copytree(first, first.parent / f"{number}.git", copy_function=os.link)
        server = GitServer(root / "served")
        start = f"{server.url}/o"
        theirs, ours = root / "git", root / "gitfleet"
        theirs.mkdir()
        clone = f"git clone -q --bare {start}/{{}}.git {theirs}/{{}}"
        numbers = "".join(f"{number}\n" for number in range(args.count))
        git = run(["xargs", "-P8", "-I{}", "sh", "-c", clone], numbers)
        urls = "".join(f"{start}/{number}.git\n" for number in range(args.count))
        options = ["clone", "--bare", "-q", "-", "-o", str(ours), "--jobs-per-host", "8"]
        gitfleet = run([args.gitfleet, *options], urls)
        server.close()
        expected = refs(first)
        for path in [*theirs.iterdir(), *ours.glob("*/o/*")]:
            if refs(path) != expected:
                sys.exit(f"the refs of {path} differ")
        print(
            f"{'':28} {'wall s':>8} {'CPU s':>8} {'MiB':>7} {'git/x wall':>11} {'CPU of git':>11}"
        )
        for name, cost in (("git, 8 at a time", git), ("gitfleet", gitfleet)):
            wall, cpu, size = cost
            ratios = f"{git[0] / wall:11.2f} {cpu / git[1]:11.2f}"
            print(f"{name:28} {wall:8.2f} {cpu:8.2f} {size:7.0f} {ratios}")


if __name__ == "__main__":
    main()
