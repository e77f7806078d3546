"""Files of secrets: accessible to their owner only, replaced atomically, one writer at a time."""

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

_LOCK_TIMEOUT = 60.0
"""Seconds to wait for another writer."""


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically by one with mode 0600; a reader sees the old or the new content."""
    path = path.resolve()  # a symbolic link is kept
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
    """Make a directory and its missing parents, each accessible to its owner only."""
    missing = [parent for parent in (path, *path.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that other processes must hold to change a file.

    The lock is on ``<path>.lock``, which is not removed. The system releases the lock when the
    process ends, also if it is killed.
    """
    path = path.resolve()
    _make_directory(path.parent)
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + _LOCK_TIMEOUT
        while not _try_lock(descriptor):
            if time.monotonic() > until:
                msg = f"{path}: another process has held its lock for {_LOCK_TIMEOUT:.0f} s"
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
