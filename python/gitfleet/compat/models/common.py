"""The former package's models of users and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
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
    "CommitRef",
    "ContributorInfo",
    "ProviderType",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "UserInfo",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.models.common",
    {
        "gitfleet.models.common": (
            "BranchInfo CommitRef ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.services": "ProviderType",
    },
    __all__,
)
