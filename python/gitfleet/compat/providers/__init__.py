"""The former package's clients of hosting services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.base import AuthError, GitProviderClient, ProviderError, RateLimitError
    from gitfleet.providers.github import GitHubClient, GitHubError
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus

__all__ = [
    "AuthError",
    "GitHubClient",
    "GitHubError",
    "GitProviderClient",
    "ProviderError",
    "ProviderType",
    "RateLimitError",
    "TokenInfo",
    "TokenManager",
    "TokenStatus",
]

__getattr__, __dir__ = exports(
    "gitfleet.compat.providers",
    {
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.base": "AuthError GitProviderClient ProviderError RateLimitError",
        "gitfleet.providers.github": "GitHubClient GitHubError",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
    },
    __all__,
)
