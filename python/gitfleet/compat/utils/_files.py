"""Files of secrets: for their owner alone, replaced as a whole, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["locked", "replace"]

_LONGEST_WAIT = 60.0
"""Seconds for another writer."""


def replace(path: Path, content: bytes) -> None:
    """Write a file with mode 0600 that is either the old or the new one, whenever it is read."""
    path = path.resolve()  # a link stays one
    _make_directory(path.parent)
    with tempfile.NamedTemporaryFile(
        prefix=".gitfleet-", dir=path.parent, delete=False
    ) as file:  # which has mode 0600
        new = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            file.close()
            new.replace(path)
        except BaseException:
            file.close()
            new.unlink(missing_ok=True)
            raise


def _make_directory(path: Path) -> None:
    """Make a directory and those above it, each its owner's alone."""
    missing = [parent for parent in (path, *path.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing a file; what a killed one left does no harm.

    The lock is on a file beside it, which stays: the system releases it with the process.
    """
    path = path.resolve()
    _make_directory(path.parent)
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + _LONGEST_WAIT
        while not _try_lock(descriptor):
            if time.monotonic() > until:
                msg = f"{path} is being changed by another process for {_LONGEST_WAIT:.0f} s"
                raise TimeoutError(msg)
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


try:
    import fcntl
except ImportError:  # Windows

    def _try_lock(descriptor: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
