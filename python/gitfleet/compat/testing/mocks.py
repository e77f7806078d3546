"""Names of the former mocks. The fixtures now make real repositories."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from gitfleet.compat import manager, tasks

if TYPE_CHECKING:
    from gitfleet.compat.manager import RepoManager as MockRepoManager
    from gitfleet.compat.tasks import CloneStatus as MockCloneStatus
    from gitfleet.compat.tasks import CloneTask as MockCloneTask

__all__ = [
    "MockCloneStatus",
    "MockCloneTask",
    "MockRepoManager",
    "create_test_blame_data",
    "create_test_commit_data",
]

_REPLACEMENTS = {
    "MockCloneStatus": tasks.CloneStatus,
    "MockCloneTask": tasks.CloneTask,
    "MockRepoManager": manager.RepoManager,
}


def __getattr__(name: str) -> Any:
    if name not in _REPLACEMENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    real = _REPLACEMENTS[name]
    msg = f"{name} is the real {real.__name__}; use it with the repositories of gitfleet.testing"
    warnings.warn(msg, DeprecationWarning, stacklevel=2)
    return real


def create_test_blame_data(num_lines: int = 10) -> list[dict[str, Any]]:
    """Make lines in the format of ``RepoManager.bulk_blame``, of commits that do not exist.

    Example:
        >>> create_test_blame_data(3)[-1]["line_content"]
        'line 3'
    """
    return [
        {
            "commit_id": f"{number % 3 + 1:040x}",
            "author_name": f"Author {number % 3 + 1}",
            "author_email": f"author{number % 3 + 1}@example.org",
            "orig_line_no": number,
            "final_line_no": number,
            "line_content": f"line {number}",
        }
        for number in range(1, num_lines + 1)
    ]


def create_test_commit_data(repo_name: str, num_commits: int = 5) -> list[dict[str, Any]]:
    """Make commits in the format of ``RepoManager.extract_commits``; they do not exist.

    Example:
        >>> [commit["additions"] for commit in create_test_commit_data("sample", 2)]
        [20, 10]
    """
    commits = []
    for number in range(num_commits, 0, -1):
        commit: dict[str, Any] = {
            "sha": f"{number:040x}",
            "repo_name": repo_name,
            "message": f"Commit {number}\n",
            "additions": 10 * number,
            "deletions": number,
            "is_merge": False,
        }
        for who in ("author", "committer"):
            commit |= {
                f"{who}_name": f"Author {number % 3 + 1}",
                f"{who}_email": f"author{number % 3 + 1}@example.org",
                f"{who}_timestamp": 1_700_000_000 + 3600 * number,
                f"{who}_offset": 0,
            }
        commits.append(commit)
    return commits
