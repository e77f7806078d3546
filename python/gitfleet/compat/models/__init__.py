"""The former package's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.compat.manager import RepoManager
    from gitfleet.compat.models.repo import (
        CloneStatusType,
        PydanticCloneStatus,
        PydanticCloneTask,
        convert_clone_tasks,
        to_pydantic_status,
        to_pydantic_task,
    )
    from gitfleet.compat.models.repo import to_pydantic_status as clone_status_to_pydantic
    from gitfleet.compat.models.repo import to_pydantic_task as clone_task_to_pydantic
    from gitfleet.compat.tasks import CloneStatus, CloneTask
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

__all__ = [
    "BranchInfo",
    "CloneStatus",
    "CloneStatusType",
    "CloneTask",
    "CommitRef",
    "ContributorInfo",
    "ProviderType",
    "PydanticCloneStatus",
    "PydanticCloneTask",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "RepoManager",
    "UserInfo",
    "clone_status_to_pydantic",
    "clone_task_to_pydantic",
    "convert_clone_tasks",
    "to_pydantic_status",
    "to_pydantic_task",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.models",
    {
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.services": "ProviderType",
        "gitfleet.compat.models.repo": (
            "CloneStatusType PydanticCloneStatus PydanticCloneTask convert_clone_tasks "
            "to_pydantic_status to_pydantic_task clone_status_to_pydantic=to_pydantic_status "
            "clone_task_to_pydantic=to_pydantic_task"
        ),
        "gitfleet.compat.tasks": "CloneStatus CloneTask",
        "gitfleet.compat.manager": "RepoManager",
    },
    __all__,
)
