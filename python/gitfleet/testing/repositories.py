"""Repositories made commit by commit, with the same ids each time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SampleRepository"]

_FIRST_COMMIT_TIME = 1_700_000_000
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "TZ": "UTC",
}


class SampleRepository:
    r"""A repository with a working tree, made by the program ``git``.

    User name, time and settings of the machine have no effect: the same calls make the same ids.

    Args:
        path: A directory that does not exist, or is empty.

    Raises:
        FileNotFoundError: ``git`` is not installed.

    Example:
        >>> import tempfile
        >>> repo = SampleRepository(tempfile.mkdtemp())
        >>> repo.commit({"README": "first\n"}, "First", author="Ann <ann@example.org>")
        'b2bba64f6d06f163c4f9a55d4f8016dd112f55d7'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._commits = 0
        self.git("init", "-q", "-b", "main")

    def git(self, *args: str) -> str:
        """Run git in the repository; return its output without the last newline.

        Raises:
            subprocess.CalledProcessError: git failed; ``stderr`` has its messages.

        Example:
            >>> import tempfile
            >>> repo = SampleRepository(tempfile.mkdtemp())
            >>> repo.git("symbolic-ref", "HEAD")
            'refs/heads/main'
        """
        return self._run(args, {})

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        author: str = "A U Thor <author@example.org>",
        time: int | None = None,
    ) -> str:
        """Write files and commit them; return the commit's id.

        Args:
            files: Contents by path; None removes the file.
            message: The message.
            author: Author and committer, as ``Name <email>``.
            time: Seconds since the epoch; by default each commit is an hour after the one before.

        Example:
            >>> import tempfile
            >>> repo = SampleRepository(tempfile.mkdtemp())
            >>> _ = repo.commit({"a": "one", "b/c": b"two"}, "First")
            >>> _ = repo.commit({"a": None}, "Second")
            >>> repo.git("ls-files")
            'b/c'
        """
        for name, content in files.items():
            file = self.path / name
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all")
        self._commit(("commit", "-q", "--allow-empty", "-m", message), author, time)
        return self.git("rev-parse", "HEAD")

    def merge(self, branch: str, message: str = "Merge") -> str:
        """Merge a branch into the one that is checked out; return the commit's id.

        Example:
            >>> import tempfile
            >>> repo = SampleRepository(tempfile.mkdtemp())
            >>> _ = repo.commit({"a": "one"}, "First")
            >>> _ = repo.git("branch", "topic"), repo.commit({"b": "two"}, "Second")
            >>> _ = repo.git("checkout", "-q", "topic"), repo.commit({"c": "three"}, "Third")
            >>> commit = repo.merge("main")
            >>> len(repo.git("rev-list", "--parents", "-1", commit).split())
            3
        """
        self._commit(
            ("merge", "-q", "--no-ff", "-m", message, branch), "A U Thor <author@example.org>", None
        )
        return self.git("rev-parse", "HEAD")

    def _commit(self, args: tuple[str, ...], author: str, time: int | None) -> None:
        name, _, email = author.rstrip(">").partition(" <")
        date = f"@{_FIRST_COMMIT_TIME + 3600 * self._commits if time is None else time} +0000"
        self._commits += 1
        who: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            who |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email, f"GIT_{role}_DATE": date}
        self._run(args, who)

    def _run(self, args: tuple[str, ...], more: Mapping[str, str]) -> str:
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
        done = subprocess.run(  # noqa: S603 (what the caller asks for)
            ["git", "-C", os.fspath(self.path), *args],  # noqa: S607
            env={**inherited, **_ENVIRONMENT, **more},
            capture_output=True,
            check=True,
        )
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        return f"SampleRepository({os.fspath(self.path)!r})"
