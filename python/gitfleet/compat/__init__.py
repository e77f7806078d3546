"""The names of the former package, GitFleet, for programs that were written for it.

``import GitFleet`` gives this package, and ``GitFleet.models.repo`` is
``gitfleet.compat.models.repo``. Classes that still exist, such as ``GitHubClient``, are the same
objects as in `gitfleet`. New programs use `gitfleet.Repository`, `gitfleet.Fleet` and
`gitfleet.mine`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._gitfleet import __version__
from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.compat import models, providers, testing, utils
    from gitfleet.compat.manager import RepoManager
    from gitfleet.compat.models.repo import (
        CloneStatusType,
        PydanticCloneStatus,
        PydanticCloneTask,
        convert_clone_tasks,
        to_pydantic_status,
        to_pydantic_task,
    )
    from gitfleet.compat.tasks import CloneStatus, CloneTask
    from gitfleet.compat.tasks import CloneStatus as RustCloneStatus
    from gitfleet.compat.tasks import CloneTask as RustCloneTask
    from gitfleet.compat.utils.auth import CredentialManager
    from gitfleet.compat.utils.converters import flatten_dataframe, to_dataframe, to_dict, to_json
    from gitfleet.compat.utils.rate_limit import RateLimiter
    from gitfleet.models.common import (
        BranchInfo,
        CommitRef,
        ContributorInfo,
        RateLimitInfo,
        RepoDetails,
        RepoInfo,
        UserInfo,
    )
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.base import GitProviderClient
    from gitfleet.providers.github import GitHubClient
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus

__all__ = [
    "RUST_AVAILABLE",
    "BranchInfo",
    "CloneStatus",
    "CloneStatusType",
    "CloneTask",
    "CommitRef",
    "ContributorInfo",
    "CredentialManager",
    "GitHubClient",
    "GitProviderClient",
    "ProviderType",
    "PydanticCloneStatus",
    "PydanticCloneTask",
    "RateLimitInfo",
    "RateLimiter",
    "RepoDetails",
    "RepoInfo",
    "RepoManager",
    "RustCloneStatus",
    "RustCloneTask",
    "TokenInfo",
    "TokenManager",
    "TokenStatus",
    "UserInfo",
    "__version__",
    "convert_clone_tasks",
    "flatten_dataframe",
    "models",
    "providers",
    "testing",
    "to_dataframe",
    "to_dict",
    "to_json",
    "to_pydantic_status",
    "to_pydantic_task",
    "utils",
]

RUST_AVAILABLE = True
"""Always true: without the extension, the package cannot be imported."""

__getattr__, __dir__ = exports(
    "gitfleet.compat",
    {
        "gitfleet.compat.manager": "RepoManager",
        "gitfleet.compat.models": "",
        "gitfleet.compat.models.repo": (
            "CloneStatusType PydanticCloneStatus PydanticCloneTask convert_clone_tasks "
            "to_pydantic_status to_pydantic_task"
        ),
        "gitfleet.compat.providers": "",
        "gitfleet.compat.tasks": (
            "CloneStatus CloneTask RustCloneStatus=CloneStatus RustCloneTask=CloneTask"
        ),
        "gitfleet.compat.testing": "",
        "gitfleet.compat.utils": "",
        "gitfleet.compat.utils.auth": "CredentialManager",
        "gitfleet.compat.utils.converters": "flatten_dataframe to_dataframe to_dict to_json",
        "gitfleet.compat.utils.rate_limit": "RateLimiter",
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.base": "GitProviderClient",
        "gitfleet.providers.github": "GitHubClient",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
    },
    __all__,
)
