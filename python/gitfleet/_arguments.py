"""Arguments as users write them: checked here, where their names are known."""

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
    """Refuse what is not a whole number, or too small; numbers of other packages are taken.

    Raises:
        InvalidInputError: It is not; the message names it.
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
    """Make a list of one or of many.

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
    """Make git's pathspecs of what may be globs as Python and shells have them.

    In both ``*.py`` finds files at any depth. ``**/`` stands for any number of directories, none
    included, which git knows only where it is told that it reads a glob.
    """
    made = several(name, given)
    return [f":(glob){one}" if _ANY_DEPTH.search(one) and one[:1] != ":" else one for one in made]


_ANY_DEPTH = re.compile(r"(?:^|/)\*\*(?:/|$)")
