"""Progress of long work, as a callback hears it and as an asynchronous iterator."""

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
    """How far the work on one repository has come.

    A callback gets these on threads of GitFleet's, at most ten times a second for each repository,
    and each change of phase. What it raises stops the work and is raised by the call.

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
    """What it is going through; the last one says how it ended."""
    done: int = 0
    """Units done: objects, commits or files, as the phase has it."""
    total: int | None = None
    """Units in all, once known."""
    bytes: int = 0
    """Bytes received so far."""
    error: str | None = None
    """Why it failed."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows about this repository.

        Example:
            >>> Progress("https://h/o/r", "receiving", done=120, total=400).has_ended
            False
        """
        return self.phase in {"done", "unchanged", "failed"}


def listener(callback: Callable[[Progress], object] | None) -> Callable[..., object] | None:
    """Make what the extension calls of what users give."""
    if callback is None:
        return None
    if not callable(callback):
        msg = f"progress {callback!r}: must be callable"
        raise TypeError(msg)
    return lambda *fields: callback(Progress(*fields))


async def stream(
    start: Callable[[Callable[[Progress], object]], Awaitable[object]],
) -> AsyncGenerator[Progress, None]:
    """Run what `start` starts and yield what it tells; leaving early stops it."""
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
