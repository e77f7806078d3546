"""Mine fleets of git repositories: git's exact line counts and blame, as Arrow tables.

    >>> import gitfleet
    >>> repo = gitfleet.Repository(".")  # doctest: +SKIP
    >>> repo.commits(max_count=100).to_polars()  # doctest: +SKIP
    >>> gitfleet.mine(["https://github.com/pallets/flask"], "dataset")  # doctest: +SKIP

Names are loaded when they are first used, so that importing the package costs little.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gitfleet._gitfleet import __version__

if TYPE_CHECKING:
    from gitfleet.exceptions import GitFleetError
    from gitfleet.fleet import Cloned, Fleet, RefUpdate, Updated
    from gitfleet.manager import RepoManager
    from gitfleet.mining import Mined, mine, mine_async
    from gitfleet.models.repo import CloneStatus, CloneTask
    from gitfleet.progress import Progress
    from gitfleet.providers.github import GitHubClient
    from gitfleet.providers.token_manager import TokenManager
    from gitfleet.records import Records
    from gitfleet.repository import Reference, Repository

__all__ = [
    "CloneStatus",
    "CloneTask",
    "Cloned",
    "Fleet",
    "GitFleetError",
    "GitHubClient",
    "Mined",
    "Progress",
    "Records",
    "RefUpdate",
    "Reference",
    "RepoManager",
    "Repository",
    "TokenManager",
    "Updated",
    "__version__",
    "mine",
    "mine_async",
]

_HOMES = {
    "CloneStatus": "gitfleet.models.repo",
    "CloneTask": "gitfleet.models.repo",
    "Cloned": "gitfleet.fleet",
    "Fleet": "gitfleet.fleet",
    "GitFleetError": "gitfleet.exceptions",
    "GitHubClient": "gitfleet.providers.github",
    "Mined": "gitfleet.mining",
    "Progress": "gitfleet.progress",
    "Records": "gitfleet.records",
    "RefUpdate": "gitfleet.fleet",
    "Reference": "gitfleet.repository",
    "RepoManager": "gitfleet.manager",
    "Repository": "gitfleet.repository",
    "TokenManager": "gitfleet.providers.token_manager",
    "Updated": "gitfleet.fleet",
    "mine": "gitfleet.mining",
    "mine_async": "gitfleet.mining",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'gitfleet' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
