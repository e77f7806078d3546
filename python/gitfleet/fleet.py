"""Fleet: creates and updates many clones below one directory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gitfleet import _gitfleet
from gitfleet._hidden import Hidden
from gitfleet._signature import lists_options
from gitfleet.options import FleetOptions
from gitfleet.progress import Progress, listener, stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from typing_extensions import Unpack

    from gitfleet.exceptions import GitFleetError

__all__ = ["Cloned", "Fleet", "RefUpdate", "Updated"]


@dataclass(frozen=True)
class Cloned:
    """The outcome of cloning one address.

    Example:
        >>> (cloned,) = Fleet("clones", bare=True).clone("projects/alpha")
        >>> cloned.error is None, cloned.was_there, cloned.attempts
        (True, False, 1)
    """

    target: str
    """The address as given, without credentials."""
    path: str | None = None
    """The path of the clone; None if it failed."""
    head: str | None = None
    """The commit ``HEAD`` is at; None if there is none yet."""
    received_bytes: int = 0
    """Bytes received; 0 for a copy on this machine and for a clone that was kept as it was."""
    final_url: str | None = None
    """The URL that redirects led to; None without redirects."""
    was_there: bool = False
    """True if the clone existed before."""
    warnings: list[str] = field(default_factory=list)
    """Warnings, such as that submodules were not cloned."""
    attempts: int = 0
    """Number of attempts."""
    seconds: float = 0.0
    """Time spent on it, without the waits between attempts."""
    error: GitFleetError | None = None
    """The reason, if it failed; None otherwise."""


class RefUpdate(NamedTuple):
    """A ref that an update created, moved or deleted.

    Example:
        >>> import subprocess
        >>> fleet = Fleet("clones", bare=True)
        >>> (cloned,) = fleet.clone("projects/alpha")
        >>> _ = subprocess.run(["git", "-C", "projects/alpha", "branch", "next"], check=True)
        >>> [(ref.name, ref.change) for ref in fleet.update(cloned.path)[0].refs]
        [('refs/heads/next', 'created')]
    """

    name: str
    """Full name, as in ``refs/heads/main``."""
    change: Literal["created", "fast-forwarded", "rewritten", "deleted"]
    """The kind of change."""
    old_id: str | None
    """The id that it pointed to before."""
    new_id: str | None
    """The id that it points to now."""


@dataclass(frozen=True)
class Updated:
    """The outcome of updating one clone.

    Example:
        >>> fleet = Fleet("clones", bare=True)
        >>> (updated,) = fleet.update([cloned.path for cloned in fleet.clone("projects/alpha")])
        >>> updated.refs, updated.was_rewritten, updated.error
        ([], False, None)
    """

    target: str
    """The clone as given."""
    url: str | None = None
    """Its origin, without credentials; None if the update failed."""
    head: str | None = None
    """The commit ``HEAD`` is at now."""
    refs: list[RefUpdate] = field(default_factory=list)
    """Refs that changed; empty if nothing did."""
    was_rewritten: bool = False
    """True if a branch moved to a commit that is not a descendant of its old commit."""
    new_default_branch: str | None = None
    """The branch that ``HEAD`` names now, if the default branch of the remote has changed."""
    forwarded_branch: str | None = None
    """The branch that is checked out, if it and its files were updated to the commit of the
    origin's branch."""
    received_bytes: int = 0
    """Bytes received."""
    warnings: list[str] = field(default_factory=list)
    """Warnings, such as that files with local changes were not updated."""
    attempts: int = 0
    """Number of attempts."""
    seconds: float = 0.0
    """Time spent on it, without the waits between attempts."""
    error: GitFleetError | None = None
    """The reason, if it failed; None otherwise."""


class Fleet:
    """Many clones below one directory, each at ``<root>/<host>/<owner>/<name>``.

    One failure does not stop the others. A clone appears at its place when it is complete.
    Temporary failures are retried; if a host asks for a pause, no clone is started there until it
    ends.

    Args:
        root: The directory for the clones.
        **options: How repositories are cloned and hosts reached: see `FleetOptions`.

    Example:
        >>> fleet = Fleet("clones", bare=True, jobs=16)
        >>> made, refused = fleet.clone(["projects/alpha", "ftp://example.org/x"])
        >>> made.path.endswith("clones/local/projects/alpha"), made.error
        (True, None)
        >>> print(refused.error)
        not supported: scheme `ftp`; use https, http, ssh, git or a path
        >>> [updated.refs for updated in fleet.update([made.path])]
        [[]]
    """

    __slots__ = ("_fleet", "_options", "_root")

    @lists_options(FleetOptions)
    def __init__(self, root: str | os.PathLike[str], **options: Unpack[FleetOptions]) -> None:
        self._root = os.fspath(root)
        self._options = Hidden(options)
        self._fleet = _gitfleet.Fleet(self._root, **options)

    def clone(
        self,
        urls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Cloned]:
        """Clone each address.

        Args:
            urls: https, http, git://, ssh and file URLs, and directories; one or many.
            progress: Called with each `Progress`, on other threads.

        Returns:
            One outcome per address, in the order given; a failure is its ``error``. An address
            that repeats an earlier one has its outcome, with a warning.

        Raises:
            KeyboardInterrupt: On Ctrl-C; finished clones stay.

        Example:
            >>> [made.error for made in Fleet("one", bare=True).clone("projects/alpha")]
            [None]
        """
        return _clone_outcomes(self._fleet.clone(urls, listener(progress)))

    async def clone_async(
        self,
        urls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Cloned]:
        """Call `clone` without blocking the event loop; cancelling the task stops the work.

        Example:
            >>> import asyncio
            >>> (made,) = asyncio.run(Fleet("two", bare=True).clone_async("projects/alpha"))
            >>> made.was_there
            False
        """
        return _clone_outcomes(await self._fleet.clone_async(urls, listener(progress)))

    def watch(
        self, urls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    ) -> AsyncGenerator[Progress, None]:
        """Clone each address and yield progress; leaving the loop stops the work.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     async for event in Fleet("watched").watch(["projects/alpha"]):
            ...         if event.has_ended:
            ...             print(event.subject, event.phase)
            >>> asyncio.run(main())
            projects/alpha done
        """
        return stream(lambda put: self._fleet.clone_async(urls, listener(put)))

    def update(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Updated]:
        """Update clones, which may be in any directory, from their origins.

        Refs are moved by force, and refs that the origin no longer has are removed. The branch that
        is checked out and its files are updated unless they were changed locally; `update_files`
        changes that.

        Args:
            paths: Clones; one or many.
            progress: Called with each `Progress`, on other threads.

        Returns:
            One outcome per clone, in the order given; a failure is its ``error``. A path that is
            given twice is updated once.

        Raises:
            KeyboardInterrupt: On Ctrl-C; clones that are updated already stay updated.

        Example:
            >>> fleet = Fleet("three", bare=True)
            >>> (made,) = fleet.clone("projects/alpha")
            >>> [updated.head == made.head for updated in fleet.update(made.path)]
            [True]
        """
        return _update_outcomes(self._fleet.update(paths, listener(progress)))

    async def update_async(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        progress: Callable[[Progress], object] | None = None,
    ) -> list[Updated]:
        """Call `update` without blocking the event loop; cancelling the task stops the work.

        Example:
            >>> import asyncio
            >>> fleet = Fleet("clones", bare=True)
            >>> (cloned,) = fleet.clone("projects/alpha")
            >>> (updated,) = asyncio.run(fleet.update_async(cloned.path))
            >>> updated.head == cloned.head
            True
        """
        return _update_outcomes(await self._fleet.update_async(paths, listener(progress)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickle, (self._root, self._options.value))

    def __repr__(self) -> str:
        return f"Fleet({self._root!r})"


def _unpickle(root: str, options: FleetOptions) -> Fleet:
    return Fleet(root, **options)


def _clone_outcomes(outcomes: list[dict[str, Any]]) -> list[Cloned]:
    return [Cloned(**outcome) for outcome in outcomes]


def _update_outcomes(outcomes: list[dict[str, Any]]) -> list[Updated]:
    made = []
    for outcome in outcomes:
        refs = [RefUpdate(*ref) for ref in outcome.pop("refs", ())]
        made.append(Updated(**outcome, refs=refs))
    return made
