"""TokenManager: tokens of several services, and their states.

GitHub counts requests per user, not per token, and its terms forbid sharing tokens to get past its
limits. Several tokens of one person have the same quota as one token. Tokens of different people
may be used together if each of them agreed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gitfleet._extras import needs
from gitfleet.models.services import ProviderType

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = ["TokenInfo", "TokenManager", "TokenStatus"]


@dataclass
class TokenStatus:
    """The state of a token.

    Example:
        >>> TokenStatus(remaining_calls=10).is_available
        True
    """

    is_valid: bool = True
    """True if the service still accepts the token."""
    remaining_calls: int | None = None
    """Remaining calls; None if unknown."""
    reset_time: int | None = None
    """Time of the reset of the limit, in seconds since the epoch."""
    last_used: float | None = None
    """When it was last used, in seconds since the epoch."""

    @property
    def is_rate_limited(self) -> bool:
        """Return True if no calls remain until the reset.

        Example:
            >>> TokenStatus(remaining_calls=0, reset_time=1_700_000_000).is_rate_limited
            False
        """
        if self.remaining_calls is None or self.remaining_calls > 0:
            return False
        return self.reset_time is None or self.reset_time > time.time()

    @property
    def is_available(self) -> bool:
        """Return True if the token can be used now.

        Example:
            >>> TokenStatus(is_valid=False).is_available
            False
        """
        return self.is_valid and not self.is_rate_limited


@dataclass
class TokenInfo:
    """A token; `repr` leaves it out, and `to_dict` shows it as ``**********``.

    Example:
        >>> TokenInfo("a token", ProviderType.GITHUB, username="ann").username
        'ann'
    """

    token: str = field(repr=False, metadata={"secret": True})
    provider: ProviderType
    username: str | None = None
    status: TokenStatus = field(default_factory=TokenStatus)

    def __post_init__(self) -> None:
        self.provider = ProviderType(self.provider)

    @property
    def secret_token(self) -> SecretStr:
        """The token as a pydantic ``SecretStr``.

        Example:
            >>> TokenInfo("a token", ProviderType.GITHUB).secret_token
            SecretStr('**********')
        """
        with needs("pydantic", "models"):
            from pydantic import SecretStr
        return SecretStr(self.token)


class TokenManager:
    """Tokens of several services. A client that uses a manager keeps the token states up to date.

    Example:
        >>> manager = TokenManager()
        >>> manager.add_token("a token", ProviderType.GITHUB, username="ann")
        >>> manager.count_available_tokens(ProviderType.GITHUB)
        1
    """

    def __init__(self) -> None:
        self.tokens: dict[ProviderType, list[TokenInfo]] = {}
        self._next_index: dict[ProviderType, int] = {}
        self._lock = threading.Lock()

    def add_token(
        self, token: str, provider: ProviderType | str, username: str | None = None
    ) -> None:
        """Add a token; if it was added before, nothing changes.

        Raises:
            ValueError: The token is empty, or not a string.

        Example:
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> manager
            TokenManager(github: 1)
        """
        provider = ProviderType(provider)
        if not isinstance(token, str) or not token:
            raise ValueError("token: must be text, and not empty")
        with self._lock:
            known = self.tokens.setdefault(provider, [])
            if all(one.token != token for one in known):
                known.append(TokenInfo(token, provider, username))

    async def get_next_available_token(self, provider: ProviderType | str) -> TokenInfo | None:
        """Return the next available token, in rotation; None if there is none.

        Example:
            >>> import asyncio
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> asyncio.run(manager.get_next_available_token("github")).token
            'a token'
        """
        provider = ProviderType(provider)
        with self._lock:
            known = self.tokens.get(provider, [])
            start = self._next_index.get(provider, 0)
            for step in range(len(known)):
                at = (start + step) % len(known)
                if known[at].status.is_available:
                    self._next_index[provider] = at + 1
                    known[at].status.last_used = time.time()
                    return known[at]
        return None

    async def update_rate_limit(
        self, token: str, provider: ProviderType | str, remaining: int, reset_time: int
    ) -> None:
        """Record the state of a token's limit.

        Example:
            >>> import asyncio, time
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> later = int(time.time()) + 600
            >>> asyncio.run(manager.update_rate_limit("a token", "github", 0, later))
            >>> manager.count_available_tokens("github")
            0
        """
        for one in self.get_all_tokens(provider):
            if one.token == token:
                one.status.remaining_calls, one.status.reset_time = remaining, reset_time

    async def mark_token_invalid(self, token: str, provider: ProviderType | str) -> None:
        """Record that a service does not accept a token any more.

        Example:
            >>> import asyncio
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> asyncio.run(manager.mark_token_invalid("a token", "github"))
            >>> manager.get_all_tokens("github")[0].status.is_valid
            False
        """
        for one in self.get_all_tokens(provider):
            if one.token == token:
                one.status.is_valid = False

    def get_all_tokens(self, provider: ProviderType | str) -> list[TokenInfo]:
        """Return every token of a service, in the order they were added.

        Example:
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> [info.token for info in manager.get_all_tokens("github")]
            ['a token']
        """
        with self._lock:
            return list(self.tokens.get(ProviderType(provider), []))

    def count_available_tokens(self, provider: ProviderType | str) -> int:
        """Return how many tokens of a service can be used now.

        Example:
            >>> manager = TokenManager()
            >>> manager.add_token("a token", "github")
            >>> manager.count_available_tokens("github"), manager.count_available_tokens("gitlab")
            (1, 0)
        """
        return sum(one.status.is_available for one in self.get_all_tokens(provider))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        counts = ", ".join(f"{name.value}: {len(known)}" for name, known in self.tokens.items())
        return f"TokenManager({counts})"
