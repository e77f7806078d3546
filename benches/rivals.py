"""Prints commit_id, additions and deletions of each commit, as pygit2 or PyDriller counts them."""

import sys


def by_pygit2(path: str, most: int) -> None:
    """Count without renames; merges count nothing."""
    import pygit2

    repo = pygit2.Repository(path)
    for number, commit in enumerate(repo.walk(repo.head.target)):
        if number == most:
            break
        stats = None
        if len(commit.parents) == 1:
            stats = commit.parents[0].tree.diff_to_tree(commit.tree).stats
        elif not commit.parents:
            stats = commit.tree.diff_to_tree(swap=True).stats
        counts = (stats.insertions, stats.deletions) if stats else (0, 0)
        print(commit.id, *counts, sep=",")


def by_pydriller(path: str, most: int) -> None:
    """Print PyDriller's counts; GitPython asks git for them commit by commit."""
    from pydriller import Repository

    for number, commit in enumerate(Repository(path, order="reverse").traverse_commits()):
        if number == most:
            break
        counts = (0, 0) if commit.merge else (commit.insertions, commit.deletions)
        print(commit.hash, *counts, sep=",")


if __name__ == "__main__":
    name, path, most = sys.argv[1:]
    print("commit_id,additions,deletions")
    {"pygit2": by_pygit2, "pydriller": by_pydriller}[name](path, int(most))
