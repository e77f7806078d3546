"""Checks of arguments; error messages contain the name of the argument."""

from __future__ import annotations

import operator
import os
import re
from typing import TYPE_CHECKING

from gitfleet.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["count", "pathspecs", "several"]


def count(name: str, value: object, least: int = 0) -> int:
    """Return an integer argument; integers of other packages, such as numpy's, are accepted.

    Raises:
        InvalidInputError: The value is invalid; the message names the argument.
    """
    try:
        whole = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        whole = -1
    if isinstance(value, bool) or not least <= whole < 1 << 63:
        msg = f"{name} {value!r}: must be a whole number, {least} or more"
        raise InvalidInputError(msg)
    return whole


def several(
    name: str, given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
) -> list[str]:
    """Make a list of one item or of several items.

    Raises:
        TypeError: Something is neither text nor a path; the message names it.
    """
    msg = f"{name} {given!r}: must be text, a path, or several of them"
    if isinstance(given, (str, os.PathLike)):
        given = [given]
    elif isinstance(given, bytes):
        raise TypeError(msg)
    try:
        made = [os.fspath(one) for one in given]
    except TypeError:
        raise TypeError(msg) from None
    if not all(isinstance(one, str) for one in made):
        raise TypeError(msg)
    return made


def pathspecs(
    name: str, given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
) -> list[str]:
    """Convert paths and globs, as Python and shells write them, to git's pathspecs.

    In the input and in pathspecs, ``*.py`` matches files at any depth. ``**/`` matches any number
    of directories, including none. git supports it only in a pathspec marked ``:(glob)``.
    """
    made = several(name, given)
    return [f":(glob){one}" if _DOUBLE_STAR.search(one) and one[:1] != ":" else one for one in made]


_DOUBLE_STAR = re.compile(r"(?:^|/)\*\*(?:/|$)")
