"""RateLimiter and rate_limited: limit the rate of a program's own calls."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from gitfleet._arguments import count
from gitfleet.exceptions import InvalidInputError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["RateLimitError", "RateLimiter", "rate_limited"]

T = TypeVar("T", bound="Callable[..., Awaitable[Any]]")


class RateLimitError(RateLimitedError):
    """A rate limit was reached.

    Attributes:
        reset_time: The time when it ends, in seconds since the epoch; None if it is not known.

    Example:
        >>> RateLimitError("used up", reset_time=1_700_000_000).reset_time
        1700000000
    """

    def __init__(self, message: str, reset_time: float | None = None) -> None:
        super().__init__(message, None, reset_time)
        self.reset_time = reset_time

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.reset_time))


class RateLimiter:
    """A limit on the calls per second for each key. Works across event loops and threads.

    Args:
        calls_per_second: The maximum rate.
        max_retries: The number of times that `rate_limited` tries again.

    Example:
        >>> async def main() -> None:
        ...     limiter = RateLimiter(calls_per_second=100)
        ...     for number in range(3):
        ...         await limiter.acquire("api")
        ...         print(number)
        >>> asyncio.run(main())
        0
        1
        2
    """

    def __init__(self, calls_per_second: float = 1.0, max_retries: int = 3) -> None:
        if not calls_per_second > 0:
            msg = f"calls_per_second {calls_per_second}: must be more than 0"
            raise InvalidInputError(msg)
        self.calls_per_second = calls_per_second
        self.max_retries = count("max_retries", max_retries)
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    async def acquire(self, key: str = "default") -> None:
        """Wait for this key's turn; callers get their turns in the order in which they call.

        Example:
            >>> limiter = RateLimiter(calls_per_second=50)
            >>> async def twice() -> float:
            ...     began = time.monotonic()
            ...     await limiter.acquire("api")
            ...     await limiter.acquire("api")
            ...     return time.monotonic() - began
            >>> asyncio.run(twice()) >= 0.02
            True
        """
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(key, now))
            self._next[key] = turn + 1 / self.calls_per_second
        if turn > now:
            try:
                await asyncio.sleep(turn - now)
            except asyncio.CancelledError:
                with self._lock:  # only the last turn can be given back
                    if self._next.get(key) == turn + 1 / self.calls_per_second:
                        self._next[key] = turn
                raise

    def reset(self, key: str = "default") -> None:
        """Forget when this key was last used.

        Example:
            >>> limiter = RateLimiter(calls_per_second=0.01)
            >>> asyncio.run(limiter.acquire("api"))
            >>> limiter.reset("api")
            >>> asyncio.run(limiter.acquire("api"))
        """
        with self._lock:
            self._next.pop(key, None)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())


def rate_limited(
    limiter: RateLimiter | None = None,
    key: str | None = None,
    retry_on_limit: bool = True,  # noqa: FBT001, FBT002 (former signature)
) -> Callable[[T], T]:
    """Limit the rate of calls of a coroutine function.

    Args:
        limiter: The limiter; one call a second by default.
        key: Functions with the same key share the rate; the function's name by default.
        retry_on_limit: True if a call that raises a `RateLimitedError` waits for its reset and is
            made again.

    Example:
        >>> @rate_limited(RateLimiter(calls_per_second=100))
        ... async def answer() -> int:
        ...     return 42
        >>> asyncio.run(answer())
        42
    """
    used_limiter = limiter or RateLimiter()

    def decorate(function: T) -> T:
        name = key or str(getattr(function, "__qualname__", "default"))

        @functools.wraps(function)
        async def limited(*args: Any, **options: Any) -> Any:
            for attempt in range(used_limiter.max_retries + 1):
                await used_limiter.acquire(name)
                try:
                    return await function(*args, **options)
                except RateLimitedError as error:
                    if not retry_on_limit or attempt == used_limiter.max_retries:
                        raise
                    until = error.reset_at.timestamp() if error.reset_at else 0.0
                    await asyncio.sleep(max(until - time.time(), 2.0**attempt))
            return None

        return limited  # type: ignore[return-value]

    return decorate
