"""pytest fixtures: a ``conftest.py`` names this module in its ``pytest_plugins``."""

from __future__ import annotations

import shutil
from pathlib import Path  # noqa: TC003 (pytest reads the annotations)
from typing import TYPE_CHECKING

import pytest

from gitfleet.testing.repositories import SampleRepository
from gitfleet.testing.server import GitServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "git_repository",
    "git_repository_with_branches",
    "git_server",
    "mock_git_repo",
    "mock_git_repo_with_branches",
]


@pytest.fixture
def git_repository(tmp_path: Path) -> SampleRepository:
    """A repository of three commits by two people, with a renamed file and a binary one."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    repo = SampleRepository(tmp_path / "served" / "owner" / "sample")
    code = "".join(f"line {number}\n" for number in range(20))
    repo.commit({"README.md": "# Sample\n", "src/old.py": code}, "First")
    changed = code.replace("line 7\n", "line seven\n")
    repo.commit(
        {"src/old.py": None, "src/new.py": changed}, "Rename", author="Ann <ann@example.org>"
    )
    repo.commit({"logo.bin": b"\x00\x01", "README.md": "# Sample\n\nText.\n"}, "Third")
    return repo


@pytest.fixture
def git_repository_with_branches(git_repository: SampleRepository) -> SampleRepository:
    """`git_repository` with a merged branch, an unmerged branch, and the tag ``v1``."""
    git_repository.git("tag", "v1")
    for branch in ("merged", "open"):
        git_repository.git("checkout", "-q", "-b", branch, "v1")
        git_repository.commit({f"{branch}.txt": f"{branch}\n"}, f"Work on {branch}")
    git_repository.git("checkout", "-q", "main")
    git_repository.merge("merged")
    return git_repository


@pytest.fixture
def git_server(tmp_path: Path) -> Iterator[GitServer]:
    """A server over ``tmp_path / "served"``, where the fixtures make their repositories.

    ``f"{git_server.url}/owner/sample/.git"`` is the URL of `git_repository`.
    """
    (tmp_path / "served").mkdir(exist_ok=True)
    with GitServer(tmp_path / "served") as server:
        yield server


@pytest.fixture
def mock_git_repo(git_repository: SampleRepository) -> Path:
    """The path of `git_repository`, under the name of the former mock."""
    return git_repository.path


@pytest.fixture
def mock_git_repo_with_branches(git_repository_with_branches: SampleRepository) -> Path:
    """The path of `git_repository_with_branches`, under the name of the former mock."""
    return git_repository_with_branches.path
