"""Hosting services by name; needs no other package."""

from __future__ import annotations

import enum

__all__ = ["ProviderType"]


class ProviderType(str, enum.Enum):
    """A hosting service.

    Example:
        >>> ProviderType("github") is ProviderType.GITHUB
        True
    """

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"
