"""Files of secrets: accessible to their owner only, replaced atomically, one writer at a time."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["locked", "read", "replace"]

_LOCK_TIMEOUT = 60.0
"""Seconds to wait for another writer."""


_LARGEST = 16 << 20
"""Bytes of the largest file that is read."""
_NO_FOLLOW = (
    getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


def read(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        ValueError: It is a symbolic link, a pipe or a device, or larger than 16 MiB.
        OSError: It cannot be read.
    """
    _refuse_link(path)
    descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            msg = f"{path} is not a regular file of at most 16 MiB; it was not read"
            raise ValueError(msg)
        return file.read(_LARGEST)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        msg = f"{path} is a symbolic link, which is not followed: name the file itself"
        raise ValueError(msg)


def replace(path: Path, content: bytes) -> None:
    """Replace a file atomically by one with mode 0600; a reader sees the old or the new content."""
    _refuse_link(path)
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
    _make_directory(path.parent)
    _refuse_link(Path(f"{path}.lock"))
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | _NO_FOLLOW, 0o600)
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
