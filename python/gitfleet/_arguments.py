"""Arguments as users write them: checked here, where their names are known."""

from __future__ import annotations

import contextlib
import operator
import os
import re
from typing import TYPE_CHECKING, Any

from gitfleet.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["count", "flag", "number", "pathspecs", "refuse_unknown", "several", "text"]


def count(name: str, value: object, least: int = 0) -> int:
    """Refuse what is no whole number, or too small; numbers of other packages are taken.

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


def flag(name: str, value: object) -> bool:
    """Refuse what is neither true nor false.

    Raises:
        TypeError: It is not; the message names it.
    """
    try:
        is_one = value in (True, False)
    except (TypeError, ValueError):  # as arrays and pandas' nothing have it
        is_one = False
    if not is_one:
        msg = f"{name} {value!r}: must be True or False"
        raise TypeError(msg)
    return bool(value)


def text(name: str, value: object, *, or_none: bool = False) -> Any:
    """Refuse what is no text.

    Raises:
        TypeError: It is not; the message names it.
    """
    if not isinstance(value, str) and not (or_none and value is None):
        msg = f"{name} {value!r}: must be text"
        raise TypeError(msg)
    return value


def number(name: str, value: object) -> float:
    """Refuse what is no number.

    Raises:
        TypeError: It is not; the message names it.
    """
    if not isinstance(value, (str, bytes, bool)):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return float(value)  # type: ignore[arg-type]
    msg = f"{name} {value!r}: must be a number"
    raise TypeError(msg)


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


def refuse_unknown(options: Iterable[str], names: Iterable[str]) -> None:
    """Refuse names that are no option.

    Raises:
        TypeError: As for any unknown keyword argument.
    """
    known = list(names)
    for name in options:
        if name not in known:
            msg = f"unexpected keyword argument {name!r}; there are {', '.join(known)}"
            raise TypeError(msg)
