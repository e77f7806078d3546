"""Mine fleets of git repositories: git's exact line counts and blame, as Arrow tables.

    >>> import gitfleet
    >>> repo = gitfleet.Repository("projects/alpha")
    >>> repo.commits(max_count=100).to_polars()["summary"].to_list()
    ['Third', 'Second', 'First']
    >>> [mined.rows["changes"] for mined in gitfleet.mine([repo.path], "dataset")]
    [5]

Names are loaded when they are first used, so that importing the package costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._gitfleet import __version__
from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet import models, providers, utils
    from gitfleet.exceptions import GitFleetError
    from gitfleet.fleet import Cloned, Fleet, RefUpdate, Updated
    from gitfleet.manager import RepoManager
    from gitfleet.mining import Mined, mine, mine_async
    from gitfleet.models.common import (
        BranchInfo,
        CommitRef,
        ContributorInfo,
        ProviderType,
        RateLimitInfo,
        RepoDetails,
        RepoInfo,
        UserInfo,
    )
    from gitfleet.models.repo import (
        CloneStatusType,
        PydanticCloneStatus,
        PydanticCloneTask,
        convert_clone_tasks,
        to_pydantic_status,
        to_pydantic_task,
    )
    from gitfleet.progress import Progress
    from gitfleet.providers.base import GitProviderClient
    from gitfleet.providers.github import GitHubClient
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus
    from gitfleet.records import Records
    from gitfleet.repository import Reference, Repository
    from gitfleet.tasks import CloneStatus, CloneTask
    from gitfleet.tasks import CloneStatus as RustCloneStatus
    from gitfleet.tasks import CloneTask as RustCloneTask
    from gitfleet.utils.auth import CredentialManager
    from gitfleet.utils.converters import flatten_dataframe, to_dataframe, to_dict, to_json
    from gitfleet.utils.rate_limit import RateLimiter

__all__ = [
    "RUST_AVAILABLE",
    "BranchInfo",
    "CloneStatus",
    "CloneStatusType",
    "CloneTask",
    "Cloned",
    "CommitRef",
    "ContributorInfo",
    "CredentialManager",
    "Fleet",
    "GitFleetError",
    "GitHubClient",
    "GitProviderClient",
    "Mined",
    "Progress",
    "ProviderType",
    "PydanticCloneStatus",
    "PydanticCloneTask",
    "RateLimitInfo",
    "RateLimiter",
    "Records",
    "RefUpdate",
    "Reference",
    "RepoDetails",
    "RepoInfo",
    "RepoManager",
    "Repository",
    "RustCloneStatus",
    "RustCloneTask",
    "TokenInfo",
    "TokenManager",
    "TokenStatus",
    "Updated",
    "UserInfo",
    "__version__",
    "convert_clone_tasks",
    "flatten_dataframe",
    "mine",
    "mine_async",
    "models",
    "providers",
    "to_dataframe",
    "to_dict",
    "to_json",
    "to_pydantic_status",
    "to_pydantic_task",
    "utils",
]

RUST_AVAILABLE = True
"""The extension is always there: without it the package does not import."""

__getattr__, __dir__ = exports(
    "gitfleet",
    {
        "gitfleet.exceptions": "GitFleetError",
        "gitfleet.fleet": "Cloned Fleet RefUpdate Updated",
        "gitfleet.manager": "RepoManager",
        "gitfleet.mining": "Mined mine mine_async",
        "gitfleet.models": "",
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.repo": (
            "CloneStatusType PydanticCloneStatus PydanticCloneTask convert_clone_tasks "
            "to_pydantic_status to_pydantic_task"
        ),
        "gitfleet.models.services": "ProviderType",
        "gitfleet.progress": "Progress",
        "gitfleet.providers": "",
        "gitfleet.providers.base": "GitProviderClient",
        "gitfleet.providers.github": "GitHubClient",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
        "gitfleet.records": "Records",
        "gitfleet.repository": "Reference Repository",
        "gitfleet.tasks": (
            "CloneStatus CloneTask RustCloneStatus=CloneStatus RustCloneTask=CloneTask"
        ),
        "gitfleet.utils": "",
        "gitfleet.utils.auth": "CredentialManager",
        "gitfleet.utils.converters": "flatten_dataframe to_dataframe to_dict to_json",
        "gitfleet.utils.rate_limit": "RateLimiter",
    },
)
