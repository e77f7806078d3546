"""SyncGitHubClient: the client for programs without asyncio."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from gitfleet.providers.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from gitfleet.providers.github import GitHubClient

__all__ = ["SyncGitHubClient"]

T = TypeVar("T")


class SyncGitHubClient:
    """`GitHubClient` without asyncio: calls wait, and listings are lists.

    Works inside a running event loop too, as in notebooks.

    Example:
        >>> from gitfleet import GitHubClient
        >>> [repo.name for repo in GitHubClient("a token").sync.repositories("octo-org")]
        ['alpha', 'beta']
    """

    __slots__ = ("_client",)

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

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


def _wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, wherever we are."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    done: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            done.append(asyncio.run(coroutine))
        except BaseException as error:  # noqa: BLE001 (it is raised again below)
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return done[0]
