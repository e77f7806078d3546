"""RepoManager: clones a list of repositories, reports their states, reads and removes them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, NoReturn

from gitfleet import _gitfleet
from gitfleet._arguments import count, pathspecs, several
from gitfleet._signature import lists_options
from gitfleet.compat.tasks import CloneStatus, CloneTask
from gitfleet.options import CloneOptions, HistoryOptions, RetryOptions
from gitfleet.progress import Progress, listener, stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable

    from typing_extensions import Self, Unpack


__all__ = ["RepoManager"]


class ManagerOptions(CloneOptions, RetryOptions, total=False):
    """Keyword arguments of `RepoManager`."""

    jobs: int
    """Clones at once; defaults to 8."""


class CleanupResult(dict[str, "bool | str"]):
    """The outcome for each address: True, or an error text.

    The former package documented `RepoManager.cleanup` as a coroutine, so a result can be awaited;
    awaiting it returns the result itself.

    Example:
        >>> import asyncio
        >>> async def main() -> None:
        ...     manager = RepoManager(["projects/alpha"])
        ...     await manager.clone_all()
        ...     print(manager.cleanup())
        >>> asyncio.run(main())
        {'projects/alpha': True}
    """

    def __await__(self) -> Generator[None, None, CleanupResult]:
        """Return the object itself; the cleanup has finished before."""
        return self
        yield


class RepoManager:
    """Clones repositories into temporary directories and reads them.

    The clones are removed by `cleanup`, at the end of a ``with`` or ``async with`` block, or when
    the manager is garbage-collected. All methods except `cleanup` need a running event loop;
    cancelling the task that awaits a method stops its work.

    Args:
        urls: The repositories to clone: https, http, git://, ssh and file URLs, and directories.
        github_username: The user name that is sent with `github_token`; GitHub accepts any name.
        github_token: The token for github.com; it is not sent to any other host, and never written
            to disk.
        clone_options: How repositories are cloned and hosts reached: see `CloneOptions`. Defaults
            to a working tree with all of history.
        progress: Called with each `Progress` of a clone, on other threads.
        **options: See `ManagerOptions`. `clone_options` takes precedence.

    Example:
        >>> import asyncio
        >>> async def main() -> None:
        ...     async with RepoManager(["projects/alpha", "projects/absent"]) as manager:
        ...         await manager.clone_all()
        ...         for url, task in (await manager.fetch_clone_tasks()).items():
        ...             print(url, task.status.status_type)
        ...         clone = (await manager.fetch_clone_tasks())["projects/alpha"].temp_dir
        ...         print(await manager.find_files(clone, "*.py"))
        ...         print(len(await manager.extract_commits(clone, max_count=2)))
        ...         print((await manager.blame(clone, "src/tool.py"))[7]["line_content"])
        >>> asyncio.run(main())
        projects/alpha completed
        projects/absent failed
        ['src/tool.py']
        2
        line seven
    """

    __slots__ = ("_manager", "_progress")

    @lists_options(ManagerOptions)
    def __init__(
        self,
        urls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        github_username: str = "",
        github_token: str = "",
        *,
        clone_options: CloneOptions | None = None,
        progress: Callable[[Progress], object] | None = None,
        **options: Unpack[ManagerOptions],
    ) -> None:
        if github_token:
            options["token"] = github_token
        self._progress = progress
        self._manager = _gitfleet.Manager(
            urls, github_username or None, **{**options, **(clone_options or {})}
        )

    def clone_all(self) -> asyncio.Future[None]:
        """Clone every address that has no clone yet; a failure is the state of its task.

        Returns:
            A future. ``done()`` returns whether the work has ended; ``fetch_clone_tasks`` returns
            its progress.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     with RepoManager(["projects/alpha"]) as manager:
            ...         future = manager.clone_all()
            ...         while not future.done():
            ...             await asyncio.sleep(0.01)
            ...         tasks = await manager.fetch_clone_tasks()
            ...         print(tasks["projects/alpha"].status.status_type)
            >>> asyncio.run(main())
            completed
        """
        return self._manager.clone_all(listener(self._progress))

    def clone_repos(
        self, urls: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
    ) -> asyncio.Future[None]:
        """Clone these addresses; they need not be among those the manager was made with.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     with RepoManager([]) as manager:
            ...         await manager.clone_repos(["projects/alpha", "projects/beta"])
            ...         print(len(await manager.fetch_clone_tasks()))
            >>> asyncio.run(main())
            2
        """
        return self._manager.clone_each(urls, listener(self._progress))

    def watch(self) -> AsyncGenerator[Progress, None]:
        """Clone every address and yield progress; leaving the loop stops the work.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     with RepoManager(["projects/alpha"]) as manager:
            ...         async for event in manager.watch():
            ...             if event.has_ended:
            ...                 print(event.subject, event.phase)
            >>> asyncio.run(main())
            projects/alpha done
        """

        def both(put: Callable[[Progress], object]) -> asyncio.Future[None]:
            def tell(event: Progress) -> None:
                if self._progress is not None:
                    self._progress(event)
                put(event)

            return self._manager.clone_all(listener(tell))

        return stream(both)

    async def clone(self, url: str | os.PathLike[str]) -> None:
        """Clone one address, which need not be among those the manager was made with.

        Raises:
            GitFleetError: The clone failed; the state of the task contains the error too.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     with RepoManager([]) as manager:
            ...         await manager.clone("projects/beta")
            ...         (task,) = (await manager.fetch_clone_tasks()).values()
            ...         print(task.status.status_type)
            >>> asyncio.run(main())
            completed
        """
        await self._manager.clone(os.fspath(url), listener(self._progress))

    async def fetch_clone_tasks(self) -> dict[str, CloneTask]:
        """Return every task by its address as given, in the order they were given.

        Example:
            >>> import asyncio
            >>> asyncio.run(RepoManager(["https://h/o/r"]).fetch_clone_tasks())["https://h/o/r"].status
            CloneStatus(status_type='queued', progress=None, error=None)
        """
        return {
            given: CloneTask(
                url,
                CloneStatus(state, percent, error),
                directory,
            )
            for given, (url, state, percent, error, directory) in self._manager.tasks().items()
        }

    @lists_options(HistoryOptions)
    async def extract_commits(
        self, repo_path: str | os.PathLike[str], **options: Unpack[HistoryOptions]
    ) -> list[dict[str, Any]]:
        """Return a repository's commits as dictionaries, newest first.

        `Repository.commits` returns the same data as a table.

        Args:
            repo_path: Where the repository is.
            **options: Those of `Repository.commits`: ``max_count``, ``since``, ``until``,
                ``paths``, ``rev`` and so on. Names and e-mails are as committed, unless
                ``mailmap=True``; objects that a partial clone lacks
                are fetched first (`missing="fetch"` is the default here).

        Returns:
            ``sha, repo_name, message, author_name, author_email, author_timestamp`` (seconds since
            the epoch), ``author_offset`` (minutes east), the same for ``committer_``, ``additions,
            deletions, is_merge``. A merge counts no lines.

        Raises:
            GitFleetError: The repository or a commit cannot be read.

        Example:
            >>> import asyncio
            >>> manager = RepoManager([])
            >>> newest = asyncio.run(manager.extract_commits("projects/alpha", max_count=1))[0]
            >>> newest["message"].rstrip(), newest["additions"], newest["author_timestamp"]
            ('Third', 2, 1700007200)
        """
        return await self._manager.extract_commits(
            os.fspath(repo_path), **_former_defaults(options)
        )

    @lists_options(HistoryOptions)
    async def yield_commits(
        self,
        repo_path: str | os.PathLike[str],
        *,
        batch_size: int = 1000,
        **options: Unpack[HistoryOptions],
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Do the same as `extract_commits`, handing commits over as they are found.

        Leaving the loop early, with ``aclose`` or by cancelling the task, stops the work.

        Args:
            repo_path: Where the repository is.
            batch_size: Commits in each list but the last.
            **options: Those of `extract_commits`.

        Yields:
            Up to `batch_size` commits, newest first.

        Raises:
            GitFleetError: The repository or a commit cannot be read.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     manager = RepoManager([])
            ...     async for commits in manager.yield_commits("projects/alpha", batch_size=2):
            ...         print([commit["message"].rstrip() for commit in commits])
            >>> asyncio.run(main())
            ['Third', 'Second']
            ['First']
        """
        count("batch_size", batch_size, 1)
        commits = await self._manager.commit_stream(
            os.fspath(repo_path), **_former_defaults(options)
        )
        try:
            while batch := await commits.next(batch_size):
                yield batch
        finally:
            commits.close()

    async def find_files(
        self,
        repo_path: str | os.PathLike[str],
        pattern: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = "*",
        *,
        rev: str = "HEAD",
    ) -> list[str]:
        """List the files of a revision that match a pattern; no working tree is needed.

        Args:
            repo_path: Where the repository is.
            pattern: One or several globs or paths: ``"*.py"`` is every Python file, however deep,
                ``"src/*.py"`` those below ``src``, ``"**/test/*"`` those in any directory ``test``.
                They are git's pathspecs; one with ``**`` is read as ``:(glob)``.
            rev: The revision.

        Returns:
            Paths relative to the top of the repository, with ``/``, sorted as git sorts them.

        Raises:
            RevisionNotFoundError: `rev` names no commit.

        Example:
            >>> import asyncio
            >>> manager = RepoManager([])
            >>> asyncio.run(manager.find_files("projects/alpha", ["*.py", "*.md"]))
            ['README.md', 'src/tool.py']
        """
        patterns = pathspecs("pattern", pattern)
        return await self._manager.find_files(os.fspath(repo_path), patterns, rev)

    async def blame(
        self, repo_path: str | os.PathLike[str], file_path: str | os.PathLike[str]
    ) -> list[dict[str, Any]]:
        """Blame a file at ``HEAD``.

        Returns:
            The dictionaries of `bulk_blame`, a line each, in order.

        Raises:
            PathNotFoundError: There is no such file.
            InvalidInputError: The path is a directory; `stream_blame` accepts directories.
            GitFleetError: Any other failure.

        Example:
            >>> import asyncio
            >>> manager = RepoManager([])
            >>> lines = asyncio.run(manager.blame("projects/alpha", "src/tool.py"))
            >>> lines[7]["author_name"], lines[7]["final_line_no"], lines[7]["line_content"]
            ('Ann', 8, 'line seven')
        """
        found: list[dict[str, Any]] = []
        async for lines in self._blame_batches(
            repo_path, [os.fspath(file_path)], 10_000, only_files=True
        ):
            found += lines
        for line in found:
            del line["path"]
        return found

    async def blame_all(
        self, file_path: str | os.PathLike[str]
    ) -> dict[str, list[dict[str, Any]] | str]:
        """Blame one file in every clone.

        Returns:
            For each address as given: the lines in the format of `blame`, or the text of an error.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     async with RepoManager(["projects/alpha", "projects/beta"]) as manager:
            ...         await manager.clone_all()
            ...         for url, lines in (await manager.blame_all("README.md")).items():
            ...             print(url, len(lines))
            >>> asyncio.run(main())
            projects/alpha 3
            projects/beta 3
        """
        given = os.fspath(file_path)
        blamed: dict[str, list[dict[str, Any]] | str] = {}
        for url, task in (await self.fetch_clone_tasks()).items():
            if task.temp_dir is not None:
                blamed[url] = (await self.bulk_blame(task.temp_dir, given))[given]
        return blamed

    async def bulk_blame(
        self,
        repo_path: str | os.PathLike[str],
        file_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    ) -> dict[str, list[dict[str, Any]] | str]:
        """Blame files at ``HEAD``, all of them in one walk; no working tree is needed.

        Returns:
            For each path as given: a list with a dictionary per line (``commit_id, author_name,
            author_email, orig_line_no, final_line_no`` counting from 1, ``line_content`` without
            its newline), or an error text if the file cannot be blamed.

        Example:
            >>> import asyncio
            >>> manager = RepoManager([])
            >>> blamed = asyncio.run(manager.bulk_blame("projects/alpha", ["README.md", "absent"]))
            >>> len(blamed["README.md"]), isinstance(blamed["absent"], str)
            (3, True)
        """
        paths = several("file_paths", file_paths)
        return await self._manager.bulk_blame(os.fspath(repo_path), paths)

    async def stream_blame(
        self,
        repo_path: str | os.PathLike[str],
        file_paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        batch_size: int = 1000,
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        """Blame files at ``HEAD``, handing lines over as files are finished.

        Leaving the loop early, with ``aclose`` or by cancelling the task, stops the work.

        Yields:
            Up to `batch_size` lines: the dictionaries of `bulk_blame`, each with its ``path``. The
            lines of a file come in order, one file after the other.

        Raises:
            GitFleetError: The error of the first file that could not be blamed; raised after the
                lines of all other files.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     manager = RepoManager([])
            ...     async for lines in manager.stream_blame("projects/alpha", "src", batch_size=8):
            ...         print(len(lines), lines[0]["path"])
            >>> asyncio.run(main())
            8 src/tool.py
            8 src/tool.py
            4 src/tool.py
        """
        count("batch_size", batch_size, 1)
        paths = several("file_paths", file_paths)
        async for lines in self._blame_batches(repo_path, paths, batch_size, only_files=False):
            yield lines

    async def _blame_batches(
        self,
        repo_path: str | os.PathLike[str],
        paths: list[str],
        batch_size: int,
        *,
        only_files: bool,
    ) -> AsyncGenerator[list[dict[str, Any]], None]:
        lines = await self._manager.blame_lines(os.fspath(repo_path), paths, only_files)
        try:
            while batch := await lines.next(batch_size):
                yield batch
        finally:
            lines.close()

    def cleanup(self) -> CleanupResult:
        """Stop running clones, and remove all clones.

        Returns:
            True or an error text per address that had a clone.

        Example:
            >>> import asyncio
            >>> async def main() -> None:
            ...     manager = RepoManager([])
            ...     await manager.clone("projects/beta")
            ...     print(manager.cleanup())
            >>> asyncio.run(main())
            {'projects/beta': True}
        """
        removed = self._manager.cleanup()
        return CleanupResult({url: error or True for url, error in removed.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Clones that are running take a moment to stop.
        await asyncio.get_running_loop().run_in_executor(None, self.cleanup)

    def __repr__(self) -> str:
        return f"RepoManager({len(self._manager.tasks())} repositories)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a RepoManager cannot be pickled; pickle the paths of its clones instead")


def _former_defaults(options: HistoryOptions) -> HistoryOptions:
    return {"mailmap": False, "missing": "fetch", **options}
