"""Helpers: tokens at rest, conversions, a pace for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.utils import auth, converters, rate_limit
    from gitfleet.utils.auth import CredentialEntry, CredentialManager
    from gitfleet.utils.converters import flatten_dataframe, to_dataframe, to_dict, to_json
    from gitfleet.utils.rate_limit import RateLimiter, rate_limited

__all__ = [
    "CredentialEntry",
    "CredentialManager",
    "RateLimiter",
    "auth",
    "converters",
    "flatten_dataframe",
    "rate_limit",
    "rate_limited",
    "to_dataframe",
    "to_dict",
    "to_json",
]

__getattr__, __dir__ = exports(
    "gitfleet.utils",
    {
        "gitfleet.utils.auth": "CredentialEntry CredentialManager",
        "gitfleet.utils.converters": "flatten_dataframe to_dataframe to_dict to_json",
        "gitfleet.utils.rate_limit": "RateLimiter rate_limited",
    },
)
