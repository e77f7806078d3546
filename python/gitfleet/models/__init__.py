"""Values, and nothing that does anything. pydantic is loaded when one is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models import common, repo, rows
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
    from gitfleet.models.rows import BlameRow, ChangeRow, CommitRow

__all__ = [
    "BlameRow",
    "BranchInfo",
    "ChangeRow",
    "CloneStatusType",
    "CommitRef",
    "CommitRow",
    "ContributorInfo",
    "ProviderType",
    "PydanticCloneStatus",
    "PydanticCloneTask",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "UserInfo",
    "common",
    "convert_clone_tasks",
    "repo",
    "rows",
    "to_pydantic_status",
    "to_pydantic_task",
]

__getattr__, __dir__ = exports(
    "gitfleet.models",
    {
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.repo": (
            "CloneStatusType PydanticCloneStatus PydanticCloneTask convert_clone_tasks "
            "to_pydantic_status to_pydantic_task"
        ),
        "gitfleet.models.rows": "BlameRow ChangeRow CommitRow",
        "gitfleet.models.services": "ProviderType",
    },
)
