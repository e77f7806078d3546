"""mine(): repositories in, a dataset of Parquet files out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gitfleet import _gitfleet
from gitfleet._arguments import count, flag, several, text
from gitfleet._history import history
from gitfleet._network import network
from gitfleet.progress import Progress, listener

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterable, Sequence

    from gitfleet.exceptions import GitFleetError

__all__ = ["Mined", "mine", "mine_async"]

Table = Literal["commits", "changes", "blame"]
_TABLES: tuple[Table, ...] = ("commits", "changes", "blame")


@dataclass(frozen=True)
class Mined:
    """What became of one target.

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
    """What a reader of the numbers should know."""
    seconds: float = 0.0
    """Wall time, the clone included."""
    was_finished: bool = False
    """Whether an earlier run had done it, and nothing has moved since."""
    error: GitFleetError | None = None
    """Why it failed; None if it did not."""


def mine(
    targets: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    tables: Sequence[Table] = _TABLES,
    rev: str | None = None,
    since: str | datetime.datetime | float | None = None,
    until: str | datetime.datetime | float | None = None,
    max_count: int | None = None,
    first_parent: bool = False,
    renames: bool | Literal["copies"] = True,
    merges: Literal["none", "first-parent", "each-parent"] | None = None,
    missing: Literal["allow", "fetch", "error"] = "allow",
    mailmap: bool = True,
    keep_clones: str | os.PathLike[str] | None = None,
    jobs: int = 0,
    threads: int = 0,
    retries: int = 4,
    progress: Callable[[Progress], object] | None = None,
    trust: bool = False,
    token: str | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
    timeout: float = 60.0,
) -> list[Mined]:
    """Mine repositories into a dataset; one failure does not stop the others.

    Each repository gets a directory ``output/repos/<host>/<owner>/<name>`` with a Parquet file per
    table and an ``outcome.json``. It appears when it is complete. Calling again does what is
    missing and what has moved, nothing else.

    Args:
        targets: Directories, and https, http, git://, ssh and file URLs; one or many.
        output: The dataset: a missing or empty directory, or one made with the same options.
        tables: Which tables to write.
        rev: Where to start, and what is blamed. Defaults to ``HEAD``.
        since: See `Repository.commits`; so are the next seven.
        until: See above.
        max_count: See above.
        first_parent: See above.
        renames: See above.
        merges: See above.
        missing: See above.
        mailmap: See above.
        keep_clones: Keep clones of remote targets below this directory, and use those there.
        jobs: Repositories mined at once; 0 is one for every two cores.
        threads: Threads of all of them together; 0 is one per core.
        retries: How often a clone that failed for reasons that may pass is tried again.
        progress: Called with each `Progress`, on other threads.
        trust: Read local repositories even if they belong to another user.
        token: For github.com. Defaults to ``GITHUB_TOKEN`` or ``GH_TOKEN`` of the environment.
        ca_bundle: PEM file of the authorities to trust. Defaults to ``SSL_CERT_FILE``, else the
            system's.
        proxy: Defaults to ``HTTPS_PROXY`` or ``ALL_PROXY``.
        timeout: Seconds after which a silent server is given up.

    Returns:
        One outcome per target, in the order given; a failure is its ``error``.

    Raises:
        InvalidInputError: Two targets would share a directory. Nothing has been mined then.
        DestinationExistsError: `output` holds something else, or was made with other options.
        KeyboardInterrupt: On Ctrl-C; finished repositories stay.

    Example:
        >>> outcomes = mine(["projects/alpha", "projects/absent"], "data")
        >>> [outcome.error is None for outcome in outcomes]
        [True, False]
        >>> outcomes[0].rows
        {'blame': 6, 'changes': 5, 'commits': 3}
    """
    job = _job(locals())
    return [Mined(**outcome) for outcome in _gitfleet.mine(job)]


async def mine_async(
    targets: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    tables: Sequence[Table] = _TABLES,
    rev: str | None = None,
    since: str | datetime.datetime | float | None = None,
    until: str | datetime.datetime | float | None = None,
    max_count: int | None = None,
    first_parent: bool = False,
    renames: bool | Literal["copies"] = True,
    merges: Literal["none", "first-parent", "each-parent"] | None = None,
    missing: Literal["allow", "fetch", "error"] = "allow",
    mailmap: bool = True,
    keep_clones: str | os.PathLike[str] | None = None,
    jobs: int = 0,
    threads: int = 0,
    retries: int = 4,
    progress: Callable[[Progress], object] | None = None,
    trust: bool = False,
    token: str | None = None,
    ca_bundle: str | os.PathLike[str] | None = None,
    proxy: str | None = None,
    timeout: float = 60.0,
) -> list[Mined]:
    """Call `mine` without blocking the event loop; cancelling the task stops the work.

    Example:
        >>> import asyncio
        >>> (mined,) = asyncio.run(mine_async("projects/beta", "data"))
        >>> mined.rows["commits"]
        3
    """
    job = _job(locals())
    return [Mined(**outcome) for outcome in await _gitfleet.mine_async(job)]


def _job(given: dict[str, Any]) -> _gitfleet.MineJob:
    keep = given["keep_clones"]
    return {
        "targets": several("targets", given["targets"]),
        "output": os.fspath(given["output"]),
        "tables": several("tables", given["tables"]),
        "keep_clones": None if keep is None else os.fspath(keep),
        "jobs": count("jobs", given["jobs"]),
        "threads": count("threads", given["threads"]),
        "retries": count("retries", given["retries"]),
        "progress": listener(given["progress"]),
        "trust": flag("trust", given["trust"]),
        "network": network(
            token=given["token"],
            ca_bundle=given["ca_bundle"],
            proxy=given["proxy"],
            timeout=given["timeout"],
        ),
        "rev": text("rev", given["rev"], or_none=True),
        "history": history(
            {
                "since": given["since"],
                "until": given["until"],
                "max_count": given["max_count"],
                "first_parent": given["first_parent"],
                "renames": given["renames"],
                "merges": given["merges"],
                "missing": given["missing"],
                "mailmap": given["mailmap"],
            }
        ),
    }
