"""What histories and blame are asked for, as the extension takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from gitfleet._arguments import count, flag, refuse_unknown, several, text
from gitfleet._network import network

if TYPE_CHECKING:
    import datetime
    import os
    from collections.abc import Iterable, Sequence

    from gitfleet import _gitfleet

__all__ = ["BlameOptions", "HistoryOptions", "blame", "history"]


class HistoryOptions(TypedDict, total=False):
    """Keyword arguments of `Repository.commits` and `Repository.changes`, described there."""

    rev: str | Iterable[str] | None
    all_refs: bool
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    since: str | datetime.datetime | float | None
    until: str | datetime.datetime | float | None
    authors: str | Iterable[str] | None
    committers: str | Iterable[str] | None
    grep: str | Iterable[str] | None
    pattern_syntax: Literal["basic", "extended", "fixed"]
    ignore_case: bool
    merge_commits: Literal["include", "exclude", "only"]
    skip: int
    max_count: int | None
    order: Literal["date", "topo"]
    first_parent: bool
    renames: bool | Literal["copies"]
    merges: Literal["none", "first-parent", "each-parent"] | None
    missing: Literal["allow", "fetch", "error"]
    mailmap: bool


def history(options: HistoryOptions) -> _gitfleet.History:
    """Fill in what was not given.

    Raises:
        TypeError: For a name that is no option, as for any unknown keyword argument.
    """
    refuse_unknown(options, HistoryOptions.__annotations__)
    renames = options.get("renames", True)
    most = options.get("max_count")
    return {
        "rev": _some("rev", options.get("rev")),
        "all_refs": flag("all_refs", options.get("all_refs", False)),
        "paths": _some("paths", options.get("paths")),
        "since": options.get("since"),
        "until": options.get("until"),
        "authors": _some("authors", options.get("authors")),
        "committers": _some("committers", options.get("committers")),
        "grep": _some("grep", options.get("grep")),
        "pattern_syntax": text("pattern_syntax", options.get("pattern_syntax", "basic")),
        "ignore_case": flag("ignore_case", options.get("ignore_case", False)),
        "merge_commits": text("merge_commits", options.get("merge_commits", "include")),
        "skip": count("skip", options.get("skip", 0)),
        "max_count": None if most is None else count("max_count", most),
        "order": text("order", options.get("order", "date")),
        "first_parent": flag("first_parent", options.get("first_parent", False)),
        "renames": renames if isinstance(renames, str) else ("on" if renames else "off"),
        "merges": text("merges", options.get("merges"), or_none=True),
        "missing": text("missing", options.get("missing", "allow")),
        "mailmap": flag("mailmap", options.get("mailmap", True)),
        "network": network() if options.get("missing") == "fetch" else None,
    }


class BlameOptions(TypedDict, total=False):
    """Keyword arguments of `Repository.blame` and `Repository.blame_async`, described there."""

    rev: str | None
    working_tree: bool
    line_ranges: str | tuple[int, int] | Iterable[str | tuple[int, int]] | None
    lines: bool
    ignore_whitespace: bool
    ignore_revs: str | Iterable[str] | None
    ignore_revs_files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    configured_ignores: bool
    first_parent: bool
    since: str | datetime.datetime | float | None
    mailmap: bool
    fetch_missing: bool


def blame(options: BlameOptions) -> _gitfleet.Blame:
    """Fill in what was not given.

    Raises:
        TypeError: For a name that is no option, as for any unknown keyword argument.
    """
    refuse_unknown(options, BlameOptions.__annotations__)
    fetches = options.get("fetch_missing", False)
    return {
        "rev": text("rev", options.get("rev"), or_none=True),
        "working_tree": flag("working_tree", options.get("working_tree", False)),
        "line_ranges": _ranges(options.get("line_ranges")),
        "lines": flag("lines", options.get("lines", False)),
        "ignore_whitespace": flag("ignore_whitespace", options.get("ignore_whitespace", False)),
        "ignore_revs": _some("ignore_revs", options.get("ignore_revs")),
        "ignore_revs_files": _some("ignore_revs_files", options.get("ignore_revs_files")),
        "configured_ignores": flag("configured_ignores", options.get("configured_ignores", False)),
        "first_parent": flag("first_parent", options.get("first_parent", False)),
        "since": options.get("since"),
        "mailmap": flag("mailmap", options.get("mailmap", True)),
        "network": network() if flag("fetch_missing", fetches) else None,
    }


def _ranges(given: str | tuple[int, int] | Iterable[str | tuple[int, int]] | None) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str):
        return [given]
    several = list(given)
    if _is_pair(several):
        return [f"{several[0]},{several[1]}"]
    ranges: list[str] = []
    for one in several:
        if isinstance(one, str):
            ranges.append(one)
        elif isinstance(one, (tuple, list)) and _is_pair(one):
            ranges.append(f"{one[0]},{one[1]}")
        else:
            msg = f"line_ranges: {one!r} is no range; write (10, 20) or '10,20' or a list of them"
            raise TypeError(msg)
    return ranges


def _is_pair(ends: Sequence[object]) -> bool:
    return len(ends) == 2 and all(type(end) is int for end in ends)  # noqa: PLR2004


def _some(
    name: str, given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
) -> list[str]:
    return [] if given is None else several(name, given)
