"""Repository: one repository on this machine."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, NamedTuple

from gitfleet import _gitfleet
from gitfleet._arguments import pathspecs
from gitfleet._signature import lists_options
from gitfleet.options import BlameOptions, HistoryOptions
from gitfleet.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from gitfleet.exceptions import GitFleetError

__all__ = ["Reference", "Repository"]


class Reference(NamedTuple):
    """A branch, tag or other ref.

    Example:
        >>> repo = Repository("projects/alpha")
        >>> [reference.name for reference in repo.refs()]
        ['refs/heads/main', 'refs/tags/v1']
    """

    name: str
    """Full name, such as ``refs/tags/v1``."""
    target_id: str
    """The id of the object it points to, which may be an annotated tag."""
    peeled_id: str
    """The id of the object after following annotated tags; otherwise the same as `target_id`."""


class Repository:
    """A git repository on this machine.

    The environment and the user's git configuration have no effect on the rows. Programs that the
    repository's configuration names, such as filters, are not run.

    Args:
        path: A working tree, a directory in one, a ``.git`` directory or a bare repository. As in
            git, the nearest repository at or above it is opened.
        trust: Open it even if it belongs to another user.
        threads: Threads its work may use; 0 is one per core.

    Raises:
        RepositoryNotFoundError: There is no repository at `path` or above it.
        InvalidInputError: It belongs to another user, and `trust` is False.
        UnsupportedError: It uses an extension that GitFleet does not know.

    Example:
        >>> repo = Repository("projects/alpha")
        >>> repo.name, repo.is_bare, repo.head()
        ('alpha', False, 'a17b58eb6be4f2b43eb84064915a436696fba5e9')
        >>> repo.rev_parse("HEAD~1") == repo.head()
        False
        >>> [ref.name for ref in repo.refs()]
        ['refs/heads/main', 'refs/tags/v1']
    """

    __slots__ = ("_open_arguments", "_repo")

    def __init__(
        self, path: str | os.PathLike[str] = ".", *, trust: bool = False, threads: int = 0
    ) -> None:
        self._repo = _gitfleet.Repository(path, trust=trust, threads=threads)
        self._open_arguments = (os.path.abspath(path), trust, threads)  # noqa: PTH100 (keeps symbolic links)

    @property
    def path(self) -> str:
        """The working tree, or the git directory of a bare repository.

        Example:
            >>> Repository("projects/alpha/src").path.endswith("projects/alpha")
            True
        """
        return os.fspath(self._repo.path)

    @property
    def name(self) -> str:
        """The value of the ``repo`` column: the directory's name, without ``.git``.

        Example:
            >>> Repository("projects/alpha").name
            'alpha'
        """
        return self._repo.name

    @property
    def is_bare(self) -> bool:
        """True if the repository has no working tree.

        Example:
            >>> Repository("projects/alpha").is_bare
            False
        """
        return self._repo.is_bare

    @property
    def is_shallow(self) -> bool:
        """True if a shallow clone cut off the history.

        Example:
            >>> Repository("projects/alpha").is_shallow
            False
        """
        return self._repo.is_shallow()

    def head(self) -> str | None:
        """Return the id of the commit ``HEAD`` is at; None if its branch does not exist yet.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> repo.head() == repo.rev_parse("main")
            True
        """
        return self._repo.head()

    async def head_async(self) -> str | None:
        """Call `head` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> repo = Repository("projects/alpha")
            >>> asyncio.run(repo.head_async()) == repo.head()
            True
        """
        return await self._repo.head_async()

    def refs(self) -> list[Reference]:
        """List all refs, sorted by name, as ``git for-each-ref`` does.

        Refs that cannot be read, such as empty files, are left out, each with a
        ``RuntimeWarning``.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> [ref.name for ref in repo.refs()]
            ['refs/heads/main', 'refs/tags/v1']
        """
        return self._references(self._repo.refs())

    async def refs_async(self) -> list[Reference]:
        """Call `refs` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> repo = Repository("projects/alpha")
            >>> asyncio.run(repo.refs_async()) == repo.refs()
            True
        """
        return self._references(await self._repo.refs_async())

    def _references(self, found: list[tuple[str, str, str]]) -> list[Reference]:
        for name, reason in self._repo.broken_refs():
            message = f"the ref {name} is left out: {reason}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)
        return [Reference(*ref) for ref in found]

    def rev_parse(self, revision: str) -> str:
        """Return the id of the commit that `revision` names.

        Raises:
            RevisionNotFoundError: `revision` does not exist, is ambiguous, or is not a commit.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> repo.rev_parse("v1") == repo.head()
            True
        """
        return self._repo.rev_parse(revision)

    async def rev_parse_async(self, revision: str) -> str:
        """Call `rev_parse` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> repo = Repository("projects/alpha")
            >>> asyncio.run(repo.rev_parse_async("v1")) == repo.rev_parse("v1")
            True
        """
        return await self._repo.rev_parse_async(revision)

    def files(
        self,
        patterns: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        *,
        rev: str = "HEAD",
    ) -> list[str]:
        """List the files of a revision; no working tree is needed.

        Args:
            patterns: One or several globs or paths, relative to the top of the repository:
                ``"*.py"`` is every Python file, however deep, ``"**/test/*"`` those in any
                directory ``test``. They are git's pathspecs; one with ``**`` is read as
                ``:(glob)``. Defaults to all files.
            rev: The revision.

        Returns:
            Paths with ``/``, sorted as git sorts them; links are files, submodules are not.

        Raises:
            RevisionNotFoundError: `rev` names no commit.
            InvalidInputError: A pattern cannot be read.

        Example:
            >>> Repository("projects/alpha").files("*.py")
            ['src/tool.py']
        """
        return self._repo.files(pathspecs("patterns", patterns), rev)

    async def files_async(
        self,
        patterns: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        *,
        rev: str = "HEAD",
    ) -> list[str]:
        """Call `files` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> asyncio.run(Repository("projects/alpha").files_async("*.py"))
            ['src/tool.py']
        """
        return await self._repo.files_async(pathspecs("patterns", patterns), rev)

    @lists_options(HistoryOptions)
    def commits(self, **options: Unpack[HistoryOptions]) -> Records:
        """List commits with lines added and deleted, as ``git log --numstat`` counts them.

        Args:
            **options: Which commits, and how lines are counted: see `HistoryOptions`.

        Returns:
            One row per commit, newest first as ``git log`` lists them; none for an empty
            repository. ``additions`` and ``deletions`` are null if content they need is missing.

        Raises:
            RevisionNotFoundError: `rev` names nothing.
            InvalidInputError: A date, path or pattern cannot be read.
            CorruptRepositoryError: While reading, at the first commit or tree that cannot be read.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> commits = repo.commits(paths=["*.py"], authors="Ann").to_pylist()
            >>> [(row["summary"], row["additions"], row["deletions"]) for row in commits]
            [('Second', 1, 1)]
        """
        return self._records("commits", self._repo.commits(**options))

    @lists_options(HistoryOptions)
    async def commits_async(self, **options: Unpack[HistoryOptions]) -> Records:
        """Do the same as `commits` without blocking the event loop.

        Returns:
            Records whose rows are all in memory; ``async for`` over `commits` holds only one batch
            in memory.

        Example:
            >>> import asyncio
            >>> records = asyncio.run(Repository("projects/alpha").commits_async(max_count=2))
            >>> len(records.to_pylist())
            2
        """
        return self._records("commits", await self._repo.commits_async(**options))

    @lists_options(HistoryOptions)
    def changes(self, **options: Unpack[HistoryOptions]) -> Records:
        """List the files each commit changed; arguments and errors are those of `commits`.

        Returns:
            One row per changed file, commits in the order of `commits`, files in path order. Counts
            are null for binary files, where git shows ``-``.

        Example:
            >>> changes = Repository("projects/alpha").changes(max_count=2).to_pylist()
            >>> for row in changes:
            ...     print(row["change_type"], row["old_path"], row["path"], row["additions"])
            modified None README.md 2
            added None logo.bin None
            renamed src/old.py src/tool.py 1
        """
        return self._records("changes", self._repo.changes(**options))

    @lists_options(HistoryOptions)
    async def changes_async(self, **options: Unpack[HistoryOptions]) -> Records:
        """Do the same as `changes` without blocking the event loop.

        Returns:
            Records whose rows are all in memory.

        Example:
            >>> import asyncio
            >>> records = asyncio.run(Repository("projects/alpha").changes_async(max_count=2))
            >>> len(records.to_pylist())
            3
        """
        return self._records("changes", await self._repo.changes_async(**options))

    @staticmethod
    def _records(name: str, stream: _gitfleet.RecordStream) -> Records:
        def check() -> None:
            if stream.missing_blobs:
                message = (
                    f"{stream.missing_blobs} changes have no line counts: the repository does not "
                    "have their content (a partial clone?)"
                )
                warnings.warn(message, RuntimeWarning, stacklevel=4)

        return Records(name, stream, check)

    @lists_options(BlameOptions)
    def blame(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
        *,
        failures: list[tuple[str, GitFleetError]] | None = None,
        **options: Unpack[BlameOptions],
    ) -> Records:
        """Name the commit of every line, as ``git blame`` does, for all files in one walk.

        Args:
            paths: Files and directories relative to the top of the repository. Defaults to all.
            failures: Gets a path and an exception for each file that cannot be blamed. Without it,
                the first of them is raised when the last row has been read.
            **options: How lines are blamed: see `BlameOptions`.

        Returns:
            Rows that cover each line of each file once, counting from 1. The rows of a file follow
            each other, in line order. Files are in the order in which they are finished: files
            whose lines are recent come first.

        Raises:
            RevisionNotFoundError: `rev` names nothing.
            InvalidInputError: An option is invalid, or options contradict each other.
            PathNotFoundError: A path does not exist at `rev`, and `failures` is None.

        Example:
            >>> rows = Repository("projects/alpha").blame("src", line_ranges=None).to_pylist()
            >>> [(row["start_line"], row["line_count"], row["author_name"]) for row in rows]
            [(1, 7, 'A U Thor'), (8, 1, 'Ann'), (9, 12, 'A U Thor')]
        """
        stream, failed = self._repo.blame(paths, failures is None, **options)
        return _blame_records(stream, failed, failures)

    @lists_options(BlameOptions)
    async def blame_async(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
        *,
        failures: list[tuple[str, GitFleetError]] | None = None,
        **options: Unpack[BlameOptions],
    ) -> Records:
        """Do the same as `blame` without blocking the event loop.

        Returns:
            Records whose rows are all in memory.

        Example:
            >>> import asyncio
            >>> records = asyncio.run(Repository("projects/alpha").blame_async("README.md"))
            >>> sum(row["line_count"] for row in records.to_pylist())
            3
        """
        stream, failed = await self._repo.blame_async(paths, failures is None, **options)
        return _blame_records(stream, failed, failures)

    def __repr__(self) -> str:
        return f"Repository({self.path!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_reopen, self._open_arguments)


def _blame_records(
    stream: _gitfleet.RecordStream,
    failed: _gitfleet.Failures,
    failures: list[tuple[str, GitFleetError]] | None,
) -> Records:
    if failures is None:
        return Records("blame", stream)
    return Records("blame", stream, lambda: failures.extend(failed.all()))


def _reopen(path: str, trust: bool, threads: int) -> Repository:  # noqa: FBT001 (for pickle)
    return Repository(path, trust=trust, threads=threads)
