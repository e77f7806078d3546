"""Data models, without behaviour. pydantic is loaded when one is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models import common, rows
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
    from gitfleet.models.rows import BlameRow, ChangeRow, CommitRow

__all__ = [
    "BlameRow",
    "BranchInfo",
    "ChangeRow",
    "CommitRef",
    "CommitRow",
    "ContributorInfo",
    "ProviderType",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "UserInfo",
    "common",
    "rows",
]

__getattr__, __dir__ = exports(
    "gitfleet.models",
    {
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.rows": "BlameRow ChangeRow CommitRow",
        "gitfleet.models.services": "ProviderType",
    },
    __all__,
)
