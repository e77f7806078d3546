"""Fixtures for pytest."""

from gitfleet.testing.fixtures import mock_git_repo as mock_git_repo
from gitfleet.testing.fixtures import mock_git_repo_with_branches as mock_git_repo_with_branches
