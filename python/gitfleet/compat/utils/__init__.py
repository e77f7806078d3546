"""Helpers: stored tokens, conversions, and a rate limiter for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet.compat.utils import auth, converters, rate_limit
    from gitfleet.compat.utils.auth import CredentialEntry, CredentialManager
    from gitfleet.compat.utils.converters import flatten_dataframe, to_dataframe, to_dict, to_json
    from gitfleet.compat.utils.rate_limit import RateLimiter, RateLimitError, rate_limited

__all__ = [
    "CredentialEntry",
    "CredentialManager",
    "RateLimitError",
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
    "gitfleet.compat.utils",
    {
        "gitfleet.compat.utils.auth": "CredentialEntry CredentialManager",
        "gitfleet.compat.utils.converters": "flatten_dataframe to_dataframe to_dict to_json",
        "gitfleet.compat.utils.rate_limit": "RateLimitError RateLimiter rate_limited",
    },
    __all__,
)
