"""SyncGitHubClient: the client for programs without asyncio."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from gitfleet.providers.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gitfleet.providers._methods import Methods  # pyright: ignore[reportMissingModuleSource]
    from gitfleet.providers.base import GitProviderClient
else:
    Methods = object

__all__ = ["SyncGitHubClient"]

T = TypeVar("T")


class SyncGitHubClient(Methods):
    """`GitHubClient` without asyncio: calls wait, and listings are lists.

    Works inside a running event loop too, as in notebooks.

    Example:
        >>> from gitfleet.providers import GitHubClient
        >>> [repo.name for repo in GitHubClient("a token").sync.repositories("octo-org")]
        ['alpha', 'beta']
    """

    __slots__ = ("_client",)

    def __init__(self, client: GitProviderClient) -> None:
        self._client = client

    if not TYPE_CHECKING:  # type checkers use the methods of `Methods`

        def __getattr__(self, name: str) -> Callable[..., Any]:
            method = None if name.startswith("_") else getattr(self._client, name)
            if not callable(method):
                msg = f"there is no method {name!r}"
                raise AttributeError(msg)  # noqa: TRY004 (which is what hasattr looks for)

            def call(*args: Any, **options: Any) -> Any:
                made: Any = method(*args, **options)
                if isinstance(made, Listing):
                    made = made.collect()
                return _wait(made)

            return call


_POLL_SECONDS = 0.05
"""Seconds between two checks for an interruption of the caller."""


def _wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, inside or outside of an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    was_interrupted = threading.Event()
    stop: list[Callable[[], object]] = []

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            stop.append(lambda: loop.call_soon_threadsafe(task.cancel))
        if was_interrupted.is_set():
            coroutine.close()
            raise asyncio.CancelledError
        return await coroutine

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        work = thread.submit(asyncio.run, run())
        try:
            _wait_until_done_or_interrupted(work)
        except BaseException:
            was_interrupted.set()
            with contextlib.suppress(RuntimeError):  # the loop may be closed already
                for one in stop:
                    one()
            raise
        return work.result()


def _wait_until_done_or_interrupted(work: concurrent.futures.Future[Any]) -> None:
    """Wait, and end early on Ctrl-C.

    From Python 3.11 on, asyncio handles Ctrl-C by cancelling the main task of the loop, which need
    not be the task that waits here. As the loop is blocked, no other code can cancel a task, so a
    new cancellation means Ctrl-C.
    """
    tasks = asyncio.all_tasks()

    def cancels() -> int:
        return sum(getattr(task, "cancelling", int)() for task in tasks)

    before = cancels()
    while not concurrent.futures.wait([work], _POLL_SECONDS).done:
        if cancels() > before:
            raise KeyboardInterrupt
