"""States of clones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["CloneStatus", "CloneTask"]


@dataclass(frozen=True)
class CloneStatus:
    """How far a clone is.

    Example:
        >>> CloneStatus("cloning", progress=40)
        CloneStatus(status_type='cloning', progress=40, error=None)
    """

    status_type: Literal["queued", "cloning", "completed", "failed"]
    """Its state."""
    progress: int | None = None
    """0 to 99 while cloning; it never goes back."""
    error: str | None = None
    """Why it failed."""


@dataclass(frozen=True)
class CloneTask:
    """One repository of a `RepoManager`.

    Example:
        >>> CloneTask("https://h/o/r", CloneStatus("queued")).temp_dir is None
        True
    """

    url: str
    """The address, without credentials."""
    status: CloneStatus
    """How far it is."""
    temp_dir: str | None = None
    """Where the clone lies, once completed."""
