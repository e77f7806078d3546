"""Optional packages, and the error for a missing one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["needs"]


@contextlib.contextmanager
def needs(module: str, extra: str) -> Iterator[None]:
    """Turn a missing `module` into an error that names the extra that installs it."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] != module:
            raise
        msg = f"this needs {module}: pip install 'gitfleet[{extra}]'"
        raise ImportError(msg, name=module) from error
