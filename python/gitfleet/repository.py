"""Repository: one repository on this machine."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, NamedTuple

from gitfleet import _gitfleet
from gitfleet._arguments import pathspecs, several
from gitfleet._history import blame, history
from gitfleet.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Unpack

    from gitfleet._history import BlameOptions, HistoryOptions
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
    """What it points to: a commit, or an annotated tag's own object."""
    peeled_id: str
    """The object an annotated tag leads to in the end; `target_id` for everything else."""


class Repository:
    """A working tree, a directory in one, a ``.git`` directory or a bare repository.

    Nothing but the repository's own files decides what is read: not the environment, not the user's
    git configuration. No program that its configuration names is run.

    Args:
        path: Where it is; the nearest repository at or above is opened, as git does.
        trust: Open it even if it belongs to another user.
        threads: Threads its work may use; 0 is one per core.

    Raises:
        RepositoryNotFoundError: There is none.
        InvalidInputError: It belongs to another user.
        UnsupportedError: It uses an extension that GitFleet does not know, such as reftable.

    Example:
        >>> repo = Repository("projects/alpha")
        >>> repo.name, repo.is_bare, repo.head()
        ('alpha', False, 'a17b58eb6be4f2b43eb84064915a436696fba5e9')
        >>> repo.rev_parse("HEAD~1") == repo.head()
        False
        >>> [ref.name for ref in repo.refs()]
        ['refs/heads/main', 'refs/tags/v1']
    """

    __slots__ = ("_made", "_repo")

    def __init__(
        self, path: str | os.PathLike[str] = ".", *, trust: bool = False, threads: int = 0
    ) -> None:
        self._repo = _gitfleet.Repository(os.fspath(path), trust=trust, threads=threads)
        self._made = (os.path.abspath(path), trust, threads)  # noqa: PTH100 (links stay)

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
        """What the ``repo`` column says: the directory's name, without ``.git``.

        Example:
            >>> Repository("projects/alpha").name
            'alpha'
        """
        return self._repo.name

    @property
    def is_bare(self) -> bool:
        """Whether it has no working tree.

        Example:
            >>> Repository("projects/alpha").is_bare
            False
        """
        return self._repo.is_bare

    @property
    def is_shallow(self) -> bool:
        """Whether its history was cut off by a shallow clone.

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

    def refs(self) -> list[Reference]:
        """List all refs, sorted by name, as ``git for-each-ref`` does.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> [ref.name for ref in repo.refs()]
            ['refs/heads/main', 'refs/tags/v1']
        """
        return [Reference(*ref) for ref in self._repo.refs()]

    def rev_parse(self, revision: str) -> str:
        """Return the id of the commit that `revision` names.

        Raises:
            RevisionNotFoundError: It names nothing, several things, or no commit.

        Example:
            >>> repo = Repository("projects/alpha")
            >>> repo.rev_parse("v1") == repo.head()
            True
        """
        return self._repo.rev_parse(revision)

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

    def commits(self, **options: Unpack[HistoryOptions]) -> Records:
        """List commits with lines added and deleted, as ``git log --numstat`` counts them.

        Args:
            **options: Any of these.

                - `rev`: Where to start and what to leave out: ``"main"``, ``"v1..v2"``, ``"^old"``,
                  ``"a...b"``, or several of them. Defaults to ``HEAD``.
                - `all_refs`: Start at every ref and ``HEAD``.
                - `paths`: Only commits that change these, and of those only the changes to these:
                  one or several of git's pathspecs, relative to the top of the repository. History
                  is simplified as in git.
                - `since`, `until`: Only commits whose committer date is at or after (before) this:
                  a date as git takes it (``"2024-05-01"``, ``"2 weeks ago"``), a datetime, or
                  seconds since the epoch.
                - `authors`, `committers`: Only commits whose ``Name <email>`` matches one of these
                  patterns, after the mailmap.
                - `grep`: Only commits with a line in the message that matches one of these.
                - `pattern_syntax`: ``"basic"`` regular expressions as git's and grep's,
                  ``"extended"`` or ``"fixed"``. `ignore_case`: Whether patterns match whatever the
                  case.
                - `merge_commits`: ``"include"``, ``"exclude"`` or ``"only"``.
                - `skip`, `max_count`: Leave out so many of the first; list at most so many.
                - `order`: ``"date"`` as ``git log``, or ``"topo"`` as ``git log --topo-order``.
                - `first_parent`: Follow only the first parent of merges.
                - `renames`: Whether renamed files are paired (True), not (False), or paired with
                  what they were copied from too (``"copies"``).
                - `merges`: What merges are compared with: ``"none"``, ``"first-parent"`` or
                  ``"each-parent"``. Defaults to what git does: nothing, or the first parent with
                  `first_parent`.
                - `missing`: What to do about content that the repository does not have, as in a
                  partial clone: ``"allow"`` leaves counts null and warns, ``"fetch"`` brings it
                  first from where the clone came from, ``"error"`` raises.
                - `mailmap`: Resolve names and e-mails through the repository's mailmap; the
                  ``raw_`` columns are as committed.

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
        return self._records("commits", self._repo.commits(history(options)))

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
        return self._records("changes", self._repo.changes(history(options)))

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
            **options: How lines are blamed.

                - `rev`: At which revision; defaults to ``HEAD``. A range such as ``v1..v2`` looks
                  no further back than its start.
                - `working_tree`: Blame the files as they are on disk; lines that are not committed
                  yet have an id of zeros.
                - `line_ranges`: Only these lines of the one file named: ``(10, 20)``, ``"10,+5"``
                  or ``"/start/,/end/"``, one or several, as git's ``-L`` has them.
                - `lines`: One row per line, with its ``content``, instead of one per run of lines.
                - `ignore_whitespace`: Compare lines without their white space.
                - `ignore_revs`: Commits to look past: their lines go to those they most resemble.
                - `ignore_revs_files`: Files that list such commits, a full id a line.
                - `configured_ignores`: Use what the repository's ``blame.ignoreRevsFile`` lists.
                - `first_parent`: Follow only the first parent of merges.
                - `since`: Look no further back than this date.
                - `mailmap`: Resolve names and e-mails through the repository's mailmap.
                - `fetch_missing`: Of a partial clone, first bring the content that is needed from
                  where the clone came from.

        Returns:
            Rows that cover each line of each file once, counting from 1. The rows of a file stand
            together, in line order; files come as they are finished, the youngest lines first.

        Raises:
            RevisionNotFoundError: `rev` names nothing.
            InvalidInputError: Options that make no sense, alone or together.
            PathNotFoundError: A path does not exist at `rev`, and `failures` is None.

        Example:
            >>> rows = Repository("projects/alpha").blame("src", line_ranges=None).to_pylist()
            >>> [(row["start_line"], row["line_count"], row["author_name"]) for row in rows]
            [(1, 7, 'A U Thor'), (8, 1, 'Ann'), (9, 12, 'A U Thor')]
        """
        stream, failed = self._repo.blame(_paths(paths), blame(options), failures is None)
        return _blamed(stream, failed, failures)

    async def blame_async(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
        *,
        failures: list[tuple[str, GitFleetError]] | None = None,
        **options: Unpack[BlameOptions],
    ) -> Records:
        """Do the same as `blame` without blocking the event loop.

        Returns:
            Records whose rows are all there: reading them waits for nothing.

        Example:
            >>> import asyncio
            >>> records = asyncio.run(Repository("projects/alpha").blame_async("README.md"))
            >>> sum(row["line_count"] for row in records.to_pylist())
            3
        """
        stream, failed = await self._repo.blame_async(
            _paths(paths), blame(options), failures is None
        )
        return _blamed(stream, failed, failures)

    def __repr__(self) -> str:
        return f"Repository({self.path!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_reopen, self._made)


def _blamed(
    stream: _gitfleet.RecordStream,
    failed: _gitfleet.Failures,
    failures: list[tuple[str, GitFleetError]] | None,
) -> Records:
    if failures is None:
        return Records("blame", stream)
    return Records("blame", stream, lambda: failures.extend(failed.all()))


def _paths(
    given: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None,
) -> list[str] | None:
    return None if given is None else several("paths", given)


def _reopen(path: str, trust: bool, threads: int) -> Repository:  # noqa: FBT001 (for pickle)
    return Repository(path, trust=trust, threads=threads)
