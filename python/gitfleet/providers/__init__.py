"""Hosting services: their clients, tokens and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.base import (
        AuthError,
        GitProviderClient,
        NotFoundError,
        PermissionDeniedError,
        ProviderError,
        RateLimitError,
    )
    from gitfleet.providers.github import App, GitHubClient, GitHubError
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus

__all__ = [
    "App",
    "AuthError",
    "GitHubClient",
    "GitHubError",
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
        "gitfleet.providers.base": (
            "AuthError GitProviderClient NotFoundError PermissionDeniedError ProviderError "
            "RateLimitError"
        ),
        "gitfleet.providers.github": "App GitHubClient GitHubError",
        "gitfleet.providers.listing": "",
        "gitfleet.providers.sync": "",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
    },
)
