"""The client of GitHub."""

from gitfleet.compat.providers.base import *
from gitfleet.models.services import ProviderType as ProviderType
from gitfleet.providers.github import *
from gitfleet.providers.github import GitHubClient as RustGitHubClient
from gitfleet.providers.github import T as T
from gitfleet.providers.token_manager import TokenInfo as TokenInfo
from gitfleet.providers.token_manager import TokenManager as TokenManager

__all__ = ["RUST_AVAILABLE", "RustGitHubClient"]

RUST_AVAILABLE = True
