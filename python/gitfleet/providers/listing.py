"""Listing: the items of a listing of a hosting service, page by page."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from typing_extensions import Self

    from gitfleet import _gitfleet

__all__ = ["Listing"]

T = TypeVar("T")


class Listing(Generic[T]):
    """A listing that is followed to its end: ``async for``, or ``await listing.collect()``.

    If an item is inserted while the listing is read, another item moves to the next page; it is
    still returned only once. If items are deleted meanwhile, another item may be missed, because
    GitHub's pages shift.

    Example:
        >>> import asyncio
        >>> from gitfleet.providers import GitHubClient
        >>> async def main() -> None:
        ...     listing = GitHubClient("a token").repositories("octo-org")
        ...     print(len(await listing.next_page()), listing.cursor)
        >>> asyncio.run(main())
        2 None
    """

    __slots__ = (
        "_around_request",
        "_convert",
        "_items",
        "_lock",
        "_open_pages",
        "_page_cursor",
        "_pages",
    )

    def __init__(
        self,
        opened: Callable[[], Coroutine[Any, Any, _gitfleet.Listing]],
        make: Callable[[dict[str, Any]], T],
        told: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._open_pages = opened
        self._convert = make
        self._around_request = told
        self._pages: _gitfleet.Listing | None = None
        self._items: collections.deque[T] = collections.deque()
        self._page_cursor: str | None = None
        self._lock = asyncio.Lock()

    async def pages(self) -> AsyncIterator[list[T]]:
        """Yield the items page by page.

        Example:
            >>> import asyncio
            >>> from gitfleet.providers import GitHubClient
            >>> async def main() -> None:
            ...     listing = GitHubClient("a token").repositories("octo-org")
            ...     async for page in listing.pages():
            ...         print([repo.name for repo in page])
            >>> asyncio.run(main())
            ['alpha', 'beta']
        """
        while (page := await self.next_page()) is not None:
            yield page

    async def next_page(self) -> list[T] | None:
        """Return the items of the next page; None at the end.

        If a call is cancelled, or its items are invalid, the next call returns the same page. If
        ``async for`` has read a part of a page, `next_page` returns the rest of that page.

        Example:
            >>> import asyncio
            >>> from gitfleet.providers import GitHubClient
            >>> async def main() -> None:
            ...     listing = GitHubClient("a token").repositories("octo-org")
            ...     while (page := await listing.next_page()) is not None:
            ...         print([repo.name for repo in page])
            >>> asyncio.run(main())
            ['alpha', 'beta']
        """
        async with self._lock:
            rest = list(self._items)
            self._items.clear()
            return rest or await self._fetch_page()

    async def _fetch_page(self) -> list[T] | None:
        with self._around_request():
            if self._pages is None:
                self._pages = await self._open_pages()
            page = await self._pages.next_page()
        items = None if page is None else [self._convert(item) for item in json.loads(page)]
        self._page_cursor = self._pages.cursor
        self._pages.take_page()
        return items

    async def collect(self) -> list[T]:
        """Return all items that are left.

        Example:
            >>> import asyncio
            >>> from gitfleet.providers import GitHubClient
            >>> async def main() -> None:
            ...     listing = GitHubClient("a token").repositories("octo-org")
            ...     print(len(await listing.collect()))
            >>> asyncio.run(main())
            2
        """
        return [item async for page in self.pages() for item in page]

    @property
    def cursor(self) -> str | None:
        """The cursor for `GitHubClient.resume`; None before the start and at the end.

        A cursor denotes a whole page: while ``async for`` is reading a page, it is the cursor of
        that page.

        Example:
            >>> import asyncio
            >>> from gitfleet.providers import GitHubClient
            >>> async def main() -> None:
            ...     client = GitHubClient("a token")
            ...     listing = client.branches("octo-org", "long")
            ...     first = await listing.next_page()
            ...     rest = await client.resume(listing.cursor).collect()
            ...     print(len(first), len(rest))
            >>> asyncio.run(main())
            100 50
        """
        if self._items:
            return self._page_cursor
        return self._pages.cursor if self._pages is not None else None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        async with self._lock:
            while not self._items:
                page = await self._fetch_page()
                if page is None:
                    raise StopAsyncIteration
                self._items.extend(page)
            return self._items.popleft()
