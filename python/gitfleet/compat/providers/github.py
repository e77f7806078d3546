"""The client of GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

RUST_AVAILABLE = True

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
    from gitfleet.providers.github import App, GitHubClient, GitHubError, GitHubNetworkError, T
    from gitfleet.providers.github import GitHubClient as RustGitHubClient
    from gitfleet.providers.token_manager import TokenInfo, TokenManager

__all__ = [
    "RUST_AVAILABLE",
    "App",
    "AuthError",
    "BranchInfo",
    "ContributorInfo",
    "GitHubClient",
    "GitHubError",
    "GitHubNetworkError",
    "GitProviderClient",
    "ProviderError",
    "ProviderType",
    "RateLimitError",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "RustGitHubClient",
    "T",
    "TokenInfo",
    "TokenManager",
    "UserInfo",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.providers.github",
    {
        "gitfleet.models.common": (
            "BranchInfo ContributorInfo RateLimitInfo RepoDetails RepoInfo UserInfo"
        ),
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.base": "AuthError GitProviderClient ProviderError RateLimitError",
        "gitfleet.providers.github": (
            "App GitHubClient GitHubError GitHubNetworkError RustGitHubClient=GitHubClient T"
        ),
        "gitfleet.providers.token_manager": "TokenInfo TokenManager",
    },
    __all__,
)
