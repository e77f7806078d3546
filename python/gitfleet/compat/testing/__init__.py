"""Names of the former package's mocks; the use of a mock class issues a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.compat.testing.mocks import *

__all__ = [
    "MockCloneStatus",
    "MockCloneTask",
    "MockRepoManager",
    "create_test_blame_data",
    "create_test_commit_data",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.testing", {"gitfleet.compat.testing.mocks": " ".join(__all__)}, __all__
)
