"""Verification of clones and datasets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitfleet import _gitfleet
from gitfleet._signature import lists_options
from gitfleet.options import VerifyOptions
from gitfleet.progress import Progress, listener

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from typing_extensions import Unpack

    from gitfleet.exceptions import GitFleetError

__all__ = ["Verified", "verify", "verify_async"]


@dataclass(frozen=True)
class Verified:
    """The outcome of verifying one clone or dataset.

    Example:
        >>> (verified,) = verify("projects/alpha")
        >>> verified.is_whole, verified.counts["commits"]
        (True, 3)
    """

    target: str
    """The path as given."""
    counts: dict[str, int] = field(default_factory=dict)
    """The number of parts that were looked at: ``refs``, ``commits`` and ``files`` of a repository;
    ``repositories``, ``tables`` and ``rows`` of a dataset."""
    problems: list[str] = field(default_factory=list)
    """Missing and damaged parts, one each; empty if it is whole."""
    warnings: list[str] = field(default_factory=list)
    """Repositories of the dataset that could not be mined."""
    attempts: int = 0
    """Number of attempts."""
    seconds: float = 0.0
    """Time spent on it."""
    error: GitFleetError | None = None
    """The reason, if it could not be verified; None otherwise."""

    @property
    def is_whole(self) -> bool:
        """True if it could be verified, and nothing is missing or damaged.

        Example:
            >>> [verified.is_whole for verified in verify(["projects/alpha", "projects/absent"])]
            [True, False]
        """
        return self.error is None and not self.problems


@lists_options(VerifyOptions)
def verify(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    progress: Callable[[Progress], object] | None = None,
    **options: Unpack[VerifyOptions],
) -> list[Verified]:
    """Verify that clones and datasets are whole; one failure does not stop the others.

    In a repository, every object that its refs need must be stored, and the checksums of its files
    must be right. In a dataset, every table must have the rows, the size and the SHA-256 that
    ``outcome.json`` states. Nothing is changed, and nothing is fetched.

    Args:
        paths: Repositories and datasets; one or many.
        progress: Called with each `Progress`, on other threads.
        **options: See `VerifyOptions`.

    Returns:
        One outcome per path, in the order given.

    Raises:
        KeyboardInterrupt: On Ctrl-C.

    Example:
        >>> import gitfleet
        >>> _ = gitfleet.mine("projects/alpha", "data-to-verify")
        >>> [verified.is_whole for verified in verify(["projects/alpha", "data-to-verify"])]
        [True, True]
    """
    outcomes = _gitfleet.verify(paths, listener(progress), **options)
    return [Verified(**outcome) for outcome in outcomes]


@lists_options(VerifyOptions)
async def verify_async(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    progress: Callable[[Progress], object] | None = None,
    **options: Unpack[VerifyOptions],
) -> list[Verified]:
    """Call `verify` without blocking the event loop; cancelling the task stops the work.

    Example:
        >>> import asyncio
        >>> [verified.problems for verified in asyncio.run(verify_async("projects/alpha"))]
        [[]]
    """
    started = _gitfleet.verify_async(paths, listener(progress), **options)
    return [Verified(**outcome) for outcome in await started]
