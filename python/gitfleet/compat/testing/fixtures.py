"""Fixtures for pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.testing.fixtures import mock_git_repo, mock_git_repo_with_branches

__all__ = ["mock_git_repo", "mock_git_repo_with_branches"]

__getattr__, __dir__ = exports(
    "gitfleet.compat.testing.fixtures",
    {"gitfleet.testing.fixtures": "mock_git_repo mock_git_repo_with_branches"},
    __all__,
)
