"""Compares GitFleet with git, libgit2 and gix: blame of a whole tree and of single files.

    compare_blame.py REPO --gitfleet BINARY --rival BINARY [--sample 40] [--seed 1]

git blames a sample of the files, one process each, with and without a commit-graph that has
changed-path filters; its time is scaled to the whole tree by the number of files. GitFleet
blames the whole tree, and its rows for the sampled files must equal git's, line by line. At the
end, both blame some of the sampled files one by one. For the other libraries, whose rules
differ, the number of equal lines is printed. Memory is the peak resident set, mapped pack files
included.
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import Run, run

Lines = dict[tuple[str, int], str]


def git(repo: str, *args: str) -> bytes:
    """Run git and return what it prints."""
    return subprocess.run(
        ["git", "-c", "core.quotePath=false", "-C", repo, *args],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout


def git_blame(repo: str, files: list[str]) -> tuple[Lines, list[float]]:
    """Blame files one by one, and time each."""
    lines: Lines = {}
    walls = []
    for file in files:
        start = time.perf_counter()
        output = git(repo, "blame", "--incremental", "HEAD", "--", file)
        walls.append(time.perf_counter() - start)
        for words in (line.split(b" ") for line in output.split(b"\n")):
            if len(words[0]) in (40, 64) and len(words) == 4:  # noqa: PLR2004
                first, count = int(words[2]), int(words[3])
                for line in range(first, first + count):
                    lines[file, line] = words[0].decode()
    return lines, walls


def our_lines(output: Path) -> Lines:
    """Read GitFleet's rows."""
    lines: Lines = {}
    with output.open(newline="", encoding="utf-8", errors="surrogateescape") as rows:
        for row in csv.DictReader(rows):
            first = int(row["start_line"])
            for line in range(first, first + int(row["line_count"])):
                lines[row["path"], line] = row["commit_id"]
    return lines


def rival_lines(output: Path) -> Lines:
    """Read the rows of the other libraries."""
    with output.open(newline="") as rows:
        return {(row["path"], int(row["line"])): row["commit_id"] for row in csv.DictReader(rows)}


def with_filters(repo: str, directory: str) -> str:
    """Make a repository with the same objects, and a commit-graph with changed-path filters."""
    clone = str(Path(directory) / "graph.git")
    source = str(Path(repo).resolve())
    subprocess.run(["git", "clone", "-q", "--bare", "--shared", source, clone], check=True)
    git(clone, "commit-graph", "write", "--reachable", "--changed-paths")
    return clone


def show(name: str, wall: float, cost: Run | None, theirs: float, answers: str) -> None:
    """Print a row of the table."""
    spent = f"{cost.cpu:8.2f} {cost.mebibytes:7.0f}" if cost else f"{'':16}"
    print(f"{name:42} {wall:8.2f} {spent} {theirs / wall:8.2f}  {answers}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repo")
    parser.add_argument("--gitfleet", required=True)
    parser.add_argument("--rival", required=True)
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    entries = git(args.repo, "ls-tree", "-r", "-z", "HEAD").decode().split("\0")
    files = [entry.split("\t", 1)[1] for entry in entries if entry and entry[:6] != "160000"]
    sample = random.Random(args.seed).sample(files, min(args.sample, len(files)))  # noqa: S311
    scale = len(files) / len(sample)
    print(f"{'':42} {'wall s':>8} {'CPU s':>8} {'MiB':>7} {'git/x':>8}  answers")
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory) / "answer"
        graph = with_filters(args.repo, directory)
        wanted, walls = git_blame(args.repo, sample)
        git_wall = sum(walls) * scale
        of = f"({len(sample)} of {len(files)} files)"
        show(f"git {of}", git_wall, None, git_wall, f"{len(wanted)} lines")
        _, graph_walls = git_blame(graph, sample)
        show("git, changed-path graph", sum(graph_walls) * scale, None, git_wall, "")
        ours = [args.gitfleet, "blame", "--format", "csv"]
        for name, repo in (("gitfleet", args.repo), ("gitfleet, changed-path graph", graph)):
            cost = run([*ours, repo], output)
            if cost is None:
                sys.exit("gitfleet failed")
            found = our_lines(output)
            if differ := sum(found.get(line) != commit for line, commit in wanted.items()):
                sys.exit(f"gitfleet and git disagree on {differ} lines")
            show(name, cost.wall, cost, git_wall, f"{len(wanted)} equal")
        few = sample[: max(1, len(sample) // 8)]
        for engine in ("gix", "libgit2"):
            cost = run([args.rival, engine, args.repo, *few], output)
            name = f"{engine} ({len(few)} files)"
            if cost is None:
                print(f"{name}: failed")
                continue
            theirs = rival_lines(output)
            asked = {line: commit for line, commit in wanted.items() if line[0] in set(few)}
            agree = sum(theirs.get(line) == commit for line, commit in asked.items())
            wall = cost.wall * len(files) / len(few)
            show(name, wall, cost, git_wall, f"{agree} of {len(asked)} equal")
        for file in few:
            for name, repo in (("", args.repo), (", changed-path graph", graph)):
                theirs_wall = min(git_blame(repo, [file])[1][0] for _ in range(3))
                costs = [cost for _ in range(3) if (cost := run([*ours, repo, file], output))]
                best = min(costs, key=lambda cost: cost.wall)
                show(f"{file[-30:]}{name}", best.wall, best, theirs_wall, "")


if __name__ == "__main__":
    main()
