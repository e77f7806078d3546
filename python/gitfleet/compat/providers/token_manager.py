"""Tokens that take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.models.services import ProviderType
    from gitfleet.providers.token_manager import TokenInfo, TokenManager, TokenStatus

__all__ = ["ProviderType", "TokenInfo", "TokenManager", "TokenStatus"]

__getattr__, __dir__ = exports(
    "gitfleet.compat.providers.token_manager",
    {
        "gitfleet.models.services": "ProviderType",
        "gitfleet.providers.token_manager": "TokenInfo TokenManager TokenStatus",
    },
    __all__,
)
