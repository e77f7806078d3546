"""Measures reading into Python: rows per second, delay of other threads, two threads, memory.

    compare_python.py [--lines 2000000] [--changes 5000000]

The repositories are made by `git fast-import`. All blamed rows are in memory before the clock
starts, so only their conversion is measured, not the blame. Memory is measured in a process of its
own.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gitfleet

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 200
COMMITS = 200_000
COMMIT = "commit refs/heads/main\ncommitter A <a@example.org> {time} +0000\ndata 1\nx\n"


def fast_import(path: Path, script: Any) -> Path:
    """Make a bare repository from fast-import commands."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=path, stdin=subprocess.PIPE
    ) as git:
        assert git.stdin is not None
        for command in script:
            git.stdin.write(command.encode())
        git.stdin.close()
    assert git.returncode == 0
    return path


def many_lines(lines: int) -> Any:
    """Yield the commands for one commit that adds `lines` lines."""
    yield COMMIT.format(time=1_700_000_000)
    for file in range(FILES):
        text = "".join(f"line {number} of file {file}\n" for number in range(lines // FILES))
        yield f"M 100644 inline dir{file % 10}/file{file}.txt\ndata {len(text)}\n{text}\n"


def many_changes(changes: int, per_commit: int = 1000) -> Any:
    """Yield the commands for commits that change the same files back and forth."""
    yield "blob\nmark :1\ndata 6\none\n1\n\n" + "blob\nmark :2\ndata 6\ntwo\n2\n\n"
    for commit in range(changes // per_commit):
        yield COMMIT.format(time=1_700_000_000 + commit)
        mark = commit % 2 + 1
        yield "".join(f"M 100644 :{mark} d{file % 40}/f{file}\n" for file in range(per_commit))


def many_commits(commits: int) -> Any:
    """Yield the commands for commits that change nothing."""
    for commit in range(commits):
        yield COMMIT.format(time=1_700_000_000 + commit)


def ticked(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return the seconds of `work`, the longest delay in ms of a 5 ms ticker, and the result."""
    longest, stop = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.005)
            now = time.perf_counter()
            longest, last = max(longest, now - last - 0.005), now

    ticking = threading.Thread(target=tick)
    ticking.start()
    time.sleep(0.05)
    began = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - began
    stop.set()
    ticking.join()
    return seconds, longest * 1000, result


def row(name: str, rows: int, work: Callable[[], Any]) -> None:
    """Print a line of the table."""
    gc.collect()  # so that earlier garbage is not collected while `work` runs
    seconds, held_up, _ = ticked(work)
    print(f"{name:34} {rows:>10,} {seconds:8.2f} {rows / seconds:>13,.0f} {held_up:>8.1f}")


def readers(path: Path, lines: int) -> None:
    """Print the rows per second of each reader."""
    for package in ("pandas", "polars", "pyarrow"):
        importlib.import_module(package)  # before the clock starts
    repo = gitfleet.Repository(path)

    def ready() -> gitfleet.Records:
        return asyncio.run(repo.blame_async(lines=True))

    print(f"{'':34} {'rows':>10} {'s':>8} {'rows/s':>13} {'held ms':>8}")
    row("blame itself", lines, ready)
    for name in ("to_pyarrow", "to_polars", "to_pandas", "to_pylist"):
        records = ready()
        row(name, lines, getattr(records, name))
    history = fast_import(path.parent / "commits.git", many_commits(COMMITS))
    # Rows of commits contain lists of parents, which Python's garbage collector must traverse.
    records = gitfleet.Repository(history).commits()
    row("commits to_pylist, walk included", COMMITS, records.to_pylist)
    manager = gitfleet.compat.RepoManager([])
    row("extract_commits", COMMITS, lambda: asyncio.run(manager.extract_commits(history)))
    row(
        "RepoManager.blame, as dictionaries",
        lines // FILES,
        lambda: asyncio.run(manager.blame(path, "dir0/file0.txt")),
    )


def threads(path: Path) -> None:
    """Time one call, and two at once on two threads."""
    repo = gitfleet.Repository(path, threads=1)

    def call() -> None:
        repo.blame([f"dir{number}" for number in range(4)]).to_pyarrow()

    began = time.perf_counter()
    call()
    one = time.perf_counter() - began
    both = [threading.Thread(target=call) for _ in range(2)]
    began = time.perf_counter()
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    two = time.perf_counter() - began
    print(f"one call {one:.2f} s, two at once {two:.2f} s: {2 * one / two:.2f} x")


def memory(path: Path, count: int) -> None:
    """Stream to Parquet in this process, and print its peak memory.

    Mapped files are counted separately: the system takes their pages back when it needs them.
    """
    target = path.parent / "changes.parquet"
    own = mapped = 0
    stop = threading.Event()

    def look() -> None:
        nonlocal own, mapped
        while not stop.wait(0.02):
            status = Path("/proc/self/status").read_text(encoding="ascii")
            own = max(own, int(status.split("RssAnon:")[1].split()[0]))
            mapped = max(mapped, int(status.split("RssFile:")[1].split()[0]))

    looking = threading.Thread(target=look)
    looking.start()
    began = time.perf_counter()
    rows = gitfleet.Repository(path).changes(max_count=count, renames=False).write_parquet(target)
    seconds = time.perf_counter() - began
    stop.set()
    looking.join()
    print(
        f"{rows:,} change rows to Parquet: {seconds:.1f} s, {rows / seconds:,.0f} rows/s, "
        f"{own / 1024:.0f} MiB and {mapped / 1024:.0f} MiB of files mapped"
    )


def main() -> None:
    """Run all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--changes", type=int, default=5_000_000)
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        memory(Path(args.memory[0]), int(args.memory[1]))
        return
    with tempfile.TemporaryDirectory() as directory:
        lines = fast_import(Path(directory) / "lines.git", many_lines(args.lines))
        readers(lines, args.lines)
        threads(lines)
        changes = fast_import(Path(directory) / "changes.git", many_changes(args.changes))
        for commits in (args.changes // 5000, args.changes // 1000):
            again = [sys.executable, __file__, "--memory", str(changes), str(commits)]
            subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
