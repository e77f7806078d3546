"""Hosting services: their clients, tokens and errors."""

from gitfleet.models.common import ProviderType
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
