"""Hosting services: their clients, tokens and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.base import GitProviderClient
    from gitfleet.providers.errors import (
        AuthError,
        GitHubError,
        GitHubNetworkError,
        NotFoundError,
        PermissionDeniedError,
        ProviderError,
        RateLimitError,
    )
    from gitfleet.providers.github import App, GitHubClient
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus

__all__ = [
    "App",
    "AuthError",
    "GitHubClient",
    "GitHubError",
    "GitHubNetworkError",
    "GitProviderClient",
    "NotFoundError",
    "PermissionDeniedError",
    "ProviderError",
    "ProviderType",
    "RateLimitError",
    "TokenInfo",
    "TokenManager",
    "TokenStatus",
]

__getattr__, __dir__ = exports(
    "gitfleet.providers",
    {
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.base": "GitProviderClient",
        "gitfleet.providers.errors": (
            "AuthError GitHubError GitHubNetworkError NotFoundError PermissionDeniedError "
            "ProviderError RateLimitError"
        ),
        "gitfleet.providers.github": "App GitHubClient",
        "gitfleet.providers.listing": "",
        "gitfleet.providers.sync": "",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
    },
    __all__,
)
