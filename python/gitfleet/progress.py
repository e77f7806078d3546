"""Progress of long work, for a callback and as an asynchronous iterator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

__all__ = ["Progress"]

Phase = Literal[
    "connecting",
    "receiving",
    "resolving",
    "checking out",
    "commits",
    "blame",
    "finishing",
    "done",
    "unchanged",
    "failed",
]


class Progress(NamedTuple):
    """The progress of the work on one repository.

    A callback gets these on GitFleet's threads, at most ten times a second for each repository, and
    at each change of phase. An exception that it raises stops the work and is raised by the call.

    Example:
        >>> from gitfleet import Fleet
        >>> heard = []
        >>> _ = Fleet("heard", bare=True).clone("projects/alpha", progress=heard.append)
        >>> heard[-1].subject, heard[-1].phase
        ('projects/alpha', 'done')
    """

    subject: str
    """The address or directory as given, without credentials."""
    phase: Phase
    """The current phase; the phase of the last event tells how the work ended."""
    done: int = 0
    """Units done: objects, commits or files, depending on the phase."""
    total: int | None = None
    """The total number of units, once known."""
    bytes: int = 0
    """Bytes received so far."""
    error: str | None = None
    """The reason, if the work failed."""

    @property
    def has_ended(self) -> bool:
        """True if no further event follows for this repository.

        Example:
            >>> Progress("https://h/o/r", "receiving", done=120, total=400).has_ended
            False
        """
        return self.phase in {"done", "unchanged", "failed"}


def listener(callback: Callable[[Progress], object] | None) -> Callable[..., object] | None:
    """Convert a user's callback to the function that the extension calls."""
    if callback is None:
        return None
    if not callable(callback):
        msg = f"progress {callback!r}: must be callable"
        raise TypeError(msg)
    return lambda *fields: callback(Progress(*fields))


async def stream(
    start: Callable[[Callable[[Progress], object]], Awaitable[object]],
) -> AsyncGenerator[Progress, None]:
    """Run the work of `start` and yield its progress; leaving early stops the work."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Progress | None] = asyncio.Queue()

    def put(event: Progress | None) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    async def run() -> None:
        try:
            await start(put)
        finally:
            put(None)

    task = asyncio.ensure_future(run())
    try:
        while (event := await events.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])
