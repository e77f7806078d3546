"""What clients of hosting services share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models.common import (
        BranchInfo,
        ContributorInfo,
        RateLimitInfo,
        RepoDetails,
        RepoInfo,
        UserInfo,
    )
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.base import AuthError, GitProviderClient, ProviderError, RateLimitError

__all__ = [
    "AuthError",
    "BranchInfo",
    "ContributorInfo",
    "GitProviderClient",
    "ProviderError",
    "ProviderType",
    "RateLimitError",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "UserInfo",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.providers.base",
    {
        "gitfleet.models.common": (
            "BranchInfo ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.base": "AuthError GitProviderClient ProviderError RateLimitError",
    },
    __all__,
)
