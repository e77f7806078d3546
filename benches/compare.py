"""Compares GitFleet with git, libgit2, pygit2 and PyDriller: line counts of a whole history.

    compare.py REPO --gitfleet BINARY --libgit2 BINARY [--runs 3] [--sample 500]

Every tool's answer is compared with git's, commit by commit, before its time is printed. For a tool
that counts differently, the number of commits that differ is printed. PyDriller, which starts git
for each commit, is run on a sample and its time is scaled. Wall and CPU seconds are the best of the
runs; memory is the peak resident set, mapped pack files included.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

Counts = dict[str, tuple[int, int]]


class Run(NamedTuple):
    """The wall and CPU seconds and the peak memory, in MiB, of a command."""

    wall: float
    cpu: float
    mebibytes: float


def run(command: list[str], output: Path) -> Run | None:
    """Run a command to its end; return its cost, including its children, or None if it failed."""
    with output.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return None
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def git_counts(output: Path) -> Counts:
    """Read the output of `git log --numstat`."""
    counts: Counts = {}
    commit = ""
    for line in output.read_bytes().split(b"\n"):
        if line.startswith(b"\x01"):
            commit = line[1:].decode()
            counts[commit] = (0, 0)
        elif b"\t" in line:
            added, deleted = (0 if n == b"-" else int(n) for n in line.split(b"\t")[:2])
            counts[commit] = (counts[commit][0] + added, counts[commit][1] + deleted)
    return counts


def csv_counts(output: Path) -> Counts:
    """Read the CSV that the other tools print."""
    with output.open(newline="") as lines:
        return {
            row["commit_id"]: (int(row["additions"] or 0), int(row["deletions"] or 0))
            for row in csv.DictReader(lines)
        }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo")
    parser.add_argument("--gitfleet", required=True)
    parser.add_argument("--libgit2", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sample", type=int, default=500)
    args = parser.parse_args()
    rivals = [sys.executable, str(Path(__file__).parent / "rivals.py")]
    columns = ["--format", "csv", "--columns", "commit_id,additions,deletions"]
    log = ["git", "-C", args.repo, "log", "--numstat", "--format=%x01%H"]
    everything = str(sys.maxsize)

    print(f"{'':34}  wall s   CPU s     MiB  git/x  answers")
    for renames in ("on", "off"):
        tools = [
            ("git", [*log, "-M" if renames == "on" else "--no-renames"]),
            ("gitfleet", [args.gitfleet, "commits", args.repo, "--renames", renames, *columns]),
        ]
        if renames == "off":  # the others have other rules for renames
            tools += [
                ("libgit2", [args.libgit2, args.repo]),
                ("pygit2", [*rivals, "pygit2", args.repo, everything]),
                (
                    f"PyDriller (of {args.sample})",
                    [*rivals, "pydriller", args.repo, str(args.sample)],
                ),
            ]
        wanted: Counts = {}
        git_wall = 0.0
        for name, command in tools:
            with tempfile.TemporaryDirectory() as directory:
                output = Path(directory) / "answer"
                runs = 1 if "PyDriller" in name or name == "pygit2" else args.runs
                costs = [cost for _ in range(runs) if (cost := run(command, output))]
                if len(costs) < runs:
                    if name in {"git", "gitfleet"}:
                        sys.exit(f"{name} failed")
                    print(f"{name}, renames {renames}: failed")
                    continue
                found = git_counts(output) if name == "git" else csv_counts(output)
            wanted = wanted or found
            differ = sum(wanted.get(commit) != counts for commit, counts in found.items())
            scale = len(wanted) / len(found)
            wall = min(cost.wall for cost in costs) * scale
            cpu = min(cost.cpu for cost in costs) * scale
            memory = max(cost.mebibytes for cost in costs)
            git_wall = git_wall or wall
            answers = f"{len(found)} equal" if not differ else f"{differ} of {len(found)} differ"
            if name == "gitfleet" and (differ or len(found) != len(wanted)):
                sys.exit(f"gitfleet and git disagree: {answers}")
            label = f"{name}, renames {renames}"
            print(
                f"{label:34} {wall:7.2f} {cpu:7.2f} {memory:7.0f} {git_wall / wall:6.2f}  {answers}"
            )


if __name__ == "__main__":
    main()
