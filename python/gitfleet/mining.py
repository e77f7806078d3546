"""Mining of repositories into a dataset of Parquet files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitfleet import _gitfleet
from gitfleet._signature import lists_options
from gitfleet.options import MineOptions
from gitfleet.progress import Progress, listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Unpack

    from gitfleet.exceptions import GitFleetError

__all__ = ["Mined", "mine", "mine_async"]


@dataclass(frozen=True)
class Mined:
    """The outcome of mining one target.

    Example:
        >>> (mined,) = mine("projects/alpha", "data-of-commits", tables=["commits"])
        >>> mined.rows, mined.was_finished, mined.error
        ({'commits': 3}, False, None)
        >>> mine("projects/alpha", "data-of-commits", tables=["commits"])[0].was_finished
        True
    """

    target: str
    """The directory or address as given, without credentials."""
    path: str | None = None
    """The directory with the tables; None if it failed."""
    head: str | None = None
    """The commit that was mined; None if the repository is empty, or failed."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows per table."""
    warnings: list[str] = field(default_factory=list)
    """Warnings about the numbers, such as missing content."""
    seconds: float = 0.0
    """Wall time, the clone included."""
    was_finished: bool = False
    """True if an earlier run mined the target, and its revision is still the same."""
    error: GitFleetError | None = None
    """The reason, if it failed; None otherwise."""


@lists_options(MineOptions)
def mine(
    targets: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    progress: Callable[[Progress], object] | None = None,
    **options: Unpack[MineOptions],
) -> list[Mined]:
    """Mine repositories into a dataset; one failure does not stop the others.

    Each repository gets a directory ``output/repos/<host>/<owner>/<name>`` with a Parquet file per
    table and an ``outcome.json``. The directory appears when it is complete. A second call mines
    only repositories that are missing or have moved to another commit.

    Args:
        targets: Directories, https, http, git://, ssh and file URLs, ``github:OWNER`` and
            ``github:OWNER/NAME``; one or many.
        output: The dataset: a missing or empty directory, or one made with the same options.
        progress: Called with each `Progress`, on other threads.
        **options: What is mined, and how remote targets are reached: see `MineOptions`.

    Returns:
        One outcome per target, in the order given; a failure is its ``error``. A target that
        repeats an earlier one has its outcome, with a warning.

    Raises:
        InvalidInputError: Options contradict each other. Nothing has been mined then.
        DestinationExistsError: `output` contains other files, or a dataset made with other options.
        KeyboardInterrupt: On Ctrl-C; finished repositories stay.

    Example:
        >>> outcomes = mine(["projects/alpha", "projects/absent"], "data")
        >>> [outcome.error is None for outcome in outcomes]
        [True, False]
        >>> outcomes[0].rows
        {'blame': 6, 'changes': 5, 'commits': 3}
    """
    outcomes = _gitfleet.mine(targets, os.fspath(output), listener(progress), **options)
    return [Mined(**outcome) for outcome in outcomes]


@lists_options(MineOptions)
async def mine_async(
    targets: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    progress: Callable[[Progress], object] | None = None,
    **options: Unpack[MineOptions],
) -> list[Mined]:
    """Call `mine` without blocking the event loop; cancelling the task stops the work.

    Example:
        >>> import asyncio
        >>> (mined,) = asyncio.run(mine_async("projects/beta", "data"))
        >>> mined.rows["commits"]
        3
    """
    started = _gitfleet.mine_async(targets, os.fspath(output), listener(progress), **options)
    return [Mined(**outcome) for outcome in await started]
