"""States of clones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CloneStatus", "CloneTask"]


@dataclass(frozen=True)
class CloneStatus:
    """The state of a clone.

    Example:
        >>> CloneStatus("cloning", progress=40)
        CloneStatus(status_type='cloning', progress=40, error=None)
    """

    status_type: Literal["queued", "cloning", "completed", "failed"]
    """The kind of state."""
    progress: int | None = None
    """Percent, 0 to 99, while cloning; it never decreases."""
    error: str | None = None
    """The reason, if the clone failed."""


@dataclass(frozen=True)
class CloneTask:
    """One repository of a `RepoManager`.

    Example:
        >>> CloneTask("https://h/o/r", CloneStatus("queued")).temp_dir is None
        True
    """

    url: str
    """The URL, without credentials."""
    status: CloneStatus
    """The state of the clone."""
    temp_dir: str | None = None
    """The directory of the clone, once completed."""
