"""Options: the keyword arguments of all functions that take many of them.

Every option may be left out; the defaults are those of the library, and the flags of the command
have the same defaults. An unknown name is a ``TypeError`` that lists the known ones.
"""

from __future__ import annotations

# The imports are needed at run time by `typing.get_type_hints`.
import datetime  # noqa: TC003
import os  # noqa: TC003
from collections.abc import Iterable, Mapping  # noqa: TC003
from typing import Literal, TypedDict

__all__ = [
    "BlameOptions",
    "CloneOptions",
    "FleetOptions",
    "HistoryOptions",
    "HostOptions",
    "MineOptions",
    "NetworkOptions",
    "VerifyOptions",
]


def __dir__() -> list[str]:
    return __all__


class CountingOptions(TypedDict, total=False):
    """Options that select commits, and control how their lines are counted."""

    since: str | datetime.datetime | float | None
    """Only commits whose committer date is at or after this: a date as git takes it
    (``"2024-05-01"``, ``"2 weeks ago"``), a datetime, or seconds since the epoch."""
    until: str | datetime.datetime | float | None
    """Only commits whose committer date is at or before this."""
    max_count: int | None
    """Largest number of commits; None, the default, is all."""
    first_parent: bool
    """Follow only the first parent of merges. Defaults to False."""
    renames: bool | Literal["on", "copies", "off"]
    """Detect renamed files (True, the default), copies too (``"copies"``), or none (False)."""
    diff_merges: Literal["none", "off", "first-parent", "1", "separate"] | None
    """Parents that merges are compared with, as git's ``--diff-merges``. Defaults to what git does:
    none, or the first parent with `first_parent`."""
    missing: Literal["allow-any", "fetch", "error"]
    """Treatment of content that the repository does not have, as in a partial clone:
    ``"allow-any"``, the default, leaves counts null and warns, ``"fetch"`` fetches it first from
    the origin of the clone, ``"error"`` raises."""
    mailmap: bool
    """Resolve names and e-mails through the repository's mailmap, the default; the ``raw_`` columns
    are as committed."""


class HistoryOptions(CountingOptions, total=False):
    """Keyword arguments of `Repository.commits` and `Repository.changes`.

    Example:
        >>> import gitfleet
        >>> options: HistoryOptions = {"authors": "Ann", "max_count": 1}
        >>> len(gitfleet.Repository("projects/alpha").commits(**options).to_pylist())
        1
    """

    rev: str | Iterable[str] | None
    """Revisions to start at and revisions to exclude: ``"main"``, ``"v1..v2"``, ``"^old"``,
    ``"a...b"``, or several of them. Defaults to ``HEAD``."""
    all_refs: bool
    """Start at every ref and ``HEAD``. Defaults to False."""
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    """Only commits that change these paths, and only the changes to these paths: git's pathspecs,
    relative to the top of the repository. History is simplified as in git. Defaults to all."""
    authors: str | Iterable[str] | None
    """Only commits whose author, as ``Name <email>`` after the mailmap, matches one of these
    patterns."""
    committers: str | Iterable[str] | None
    """Only commits whose committer matches one of these patterns."""
    grep: str | Iterable[str] | None
    """Only commits with a line in the message that matches one of these patterns."""
    pattern_syntax: Literal["basic", "extended", "fixed"]
    """Regular expressions as git's and grep's (``"basic"``, the default), extended ones, or plain
    text."""
    ignore_case: bool
    """Match patterns without regard to case. Defaults to False."""
    merge_commits: Literal["include", "exclude", "only"]
    """Treatment of merges: list them too (the default), leave them out, or list only them."""
    skip: int
    """Number of commits to leave out at the beginning. Defaults to 0."""
    order: Literal["date", "topo"]
    """The order of ``git log`` (``"date"``, the default), or of ``git log --topo-order``
    (``"topo"``)."""


class BlameOptions(TypedDict, total=False):
    """Keyword arguments of `Repository.blame` and `Repository.blame_async`.

    Example:
        >>> import gitfleet
        >>> options: BlameOptions = {"line_ranges": (8, 8), "lines": True}
        >>> rows = gitfleet.Repository("projects/alpha").blame("src/tool.py", **options)
        >>> rows.to_pylist()[0]["content"]
        'line seven'
    """

    rev: str | None
    """The revision; defaults to ``HEAD``. A range such as ``v1..v2`` looks no further back than its
    start."""
    working_tree: bool
    """Blame the files as they are on disk; lines that are not committed yet have an id of zeros."""
    line_ranges: str | tuple[int, int] | Iterable[str | tuple[int, int]] | None
    """Only these lines, one or several of ``(10, 20)``, ``"10,+5"`` and ``"/start/,/end/"``, as
    git's ``-L``; exactly one file must be named. Defaults to all."""
    lines: bool
    """One row per line, with its ``content``, instead of one per run of lines."""
    ignore_whitespace: bool
    """Compare lines without their white space."""
    ignore_revs: str | Iterable[str] | None
    """Commits to ignore: the search continues with the older line that each of their lines
    resembles most; lines that resemble none stay with them."""
    ignore_revs_files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None
    """Files that list commits to ignore, one full id per line."""
    configured_ignores: bool
    """Ignore the commits that the repository's ``blame.ignoreRevsFile`` lists."""
    first_parent: bool
    """Follow only the first parent of merges."""
    since: str | datetime.datetime | float | None
    """Look no further back than this date."""
    missing: Literal["error", "fetch"]
    """Treatment of content that the repository does not have: the files that need it fail
    (``"error"``, the default), or it is fetched first (``"fetch"``)."""
    mailmap: bool
    """Resolve names and e-mails through the repository's mailmap, the default."""


class HostOptions(TypedDict, total=False):
    """Options for connections to other machines.

    Example:
        >>> options: HostOptions = {"proxy": "socks5://localhost:1080", "timeout": 20}
    """

    ca_bundle: str | os.PathLike[str] | None
    """PEM file of the authorities to trust. Defaults to ``GIT_SSL_CAINFO`` or ``SSL_CERT_FILE``,
    else the system's."""
    client_cert: str | os.PathLike[str] | None
    """PEM file of the client certificate to show, followed by its chain. Defaults to
    ``GIT_SSL_CERT``."""
    client_key: str | os.PathLike[str] | None
    """PEM file of the key of `client_cert`. Defaults to ``GIT_SSL_KEY``, else the same file."""
    insecure_hosts: Iterable[str]
    """Hosts, without ports, whose certificates are not checked: anyone on the network path can then
    read and change what is sent."""
    proxy: str | None
    """The URL of the proxy, such as ``http://host:port``; an empty one is none. Defaults to
    ``http_proxy`` for http, ``HTTPS_PROXY`` for https, else ``ALL_PROXY``."""
    no_proxy: str | None
    """Hosts that are reached without a proxy, with commas between them: names, which include the
    hosts below them, addresses, networks such as ``10.0.0.0/8``, each with a port or without, or
    ``*``. Defaults to ``NO_PROXY``."""
    timeout: float
    """Seconds after which a silent server is given up; defaults to 60."""
    connect_timeout: float
    """Longest time to connect to a server, in seconds; defaults to 20."""
    min_rate: int
    """A server that sends fewer bytes per second, on average over `timeout`, counts as silent;
    defaults to 1."""
    allow_clear_text: bool
    """Send credentials over plain http too, where anyone on the network path can read them."""
    ssh_command: str | Iterable[str] | None
    """The ssh program with its arguments: a list, or text that a shell runs. Defaults to
    ``GIT_SSH_COMMAND``, ``GIT_SSH``, else ``ssh``."""
    credential_command: str | None
    """A program that prints a token for the host it is given."""
    git_credentials: bool
    """Ask git's credential helpers."""


class NetworkOptions(HostOptions, total=False):
    """Keyword arguments of everything that transfers repositories.

    Example:
        >>> options: NetworkOptions = {"credentials": {"git.example.org": "a token"}}
    """

    token: str | None
    """The token for github.com; it is not sent to any other host. Defaults to ``GITHUB_TOKEN`` or
    ``GH_TOKEN``."""
    credentials: Mapping[str, str | tuple[str, str]] | None
    """For each host, a token, or a user name and a password. They take precedence over credentials
    from the environment."""
    authenticate: Literal["when-asked", "always"]
    """When credentials are sent to a host over http: when it refuses or limits requests without
    them (``"when-asked"``, the default), or with the first request (``"always"``)."""
    trust: bool
    """Read repositories on this machine even if they belong to another user."""
    max_bytes: int | None
    """Give up on a repository after more than this number of received bytes."""
    max_objects: int | None
    """Give up on a repository with more than this number of objects."""
    max_time: float | None
    """Give up on an attempt that takes longer than this number of seconds."""
    min_free_bytes: int
    """Bytes that must stay free on the disk; defaults to 256 MiB."""


class CloneOptions(NetworkOptions, total=False):
    """Options for cloning.

    A repository on this machine is copied whole: options that would leave something out are refused
    for it.

    Example:
        >>> options: CloneOptions = {"bare": True, "filter": "blob:none"}
    """

    bare: bool
    """All branches and tags and no files, as ``git clone --bare``: enough for mining."""
    mirror: bool
    """Every ref of the remote and no files, as ``git clone --mirror``."""
    branch: str | None
    """The branch or tag to check out."""
    single_branch: bool
    """Fetch only the branch named by `branch`, or else the remote's default branch."""
    depth: int | None
    """Fetch only this number of commits of history, of one branch."""
    shallow_since: str | datetime.datetime | float | None
    """Fetch only history since then, of one branch."""
    filter: Literal["blob:none", "tree:0"] | None
    """Objects that a partial clone leaves out, to be fetched when they are needed."""
    tags: bool
    """Fetch tags; defaults to True."""
    refspecs: Iterable[str]
    """Refspecs instead of the usual ones, in git's syntax."""
    update_files: Literal["forward", "keep", "overwrite"]
    """Treatment of files by an update: by default (``"forward"``) they are updated from the origin
    unless they were changed locally; ``"keep"`` leaves them unchanged, ``"overwrite"`` replaces
    them."""


class RetryOptions(TypedDict, total=False):
    """Retries after temporary failures."""

    jobs_per_host: int
    """Repositories worked on at once from one host; defaults to 4."""
    retries: int
    """Attempts after the first; defaults to 4."""
    retry_wait: float
    """Seconds before the first retry, doubled for each one after; defaults to 1."""


class FleetOptions(CloneOptions, RetryOptions, total=False):
    """Keyword arguments of `Fleet`.

    Example:
        >>> import gitfleet
        >>> options: FleetOptions = {"bare": True, "jobs": 16, "existing": "update"}
        >>> gitfleet.Fleet("clones", **options)
        Fleet('clones')
    """

    existing: Literal["keep", "update", "refuse"]
    """Treatment of a clone that exists already: it stays (the default), is updated, or is an
    error."""
    jobs: int
    """Repositories worked on at once; defaults to 8."""


class MineOptions(CountingOptions, NetworkOptions, RetryOptions, total=False):
    """Keyword arguments of `mine` and `mine_async`.

    Example:
        >>> import gitfleet
        >>> options: MineOptions = {"tables": ["commits"], "since": "2020-01-01"}
        >>> gitfleet.mine("projects/alpha", "data-since", **options)[0].rows
        {'commits': 3}
    """

    tables: Iterable[Literal["commits", "changes", "blame"]]
    """The tables to write; defaults to all."""
    rev: str | None
    """The revision that is mined; defaults to ``HEAD``."""
    keep_clones: str | os.PathLike[str] | None
    """Keep clones of remote targets below this directory, and use clones that exist there
    already."""
    jobs: int
    """Repositories mined at once; 0, the default, is one for every two cores."""
    clone_jobs: int
    """Repositories cloned at once, while others are mined; defaults to 8."""
    threads: int
    """Number of threads, for all repositories together; 0, the default, is one per core."""


class VerifyOptions(TypedDict, total=False):
    """Keyword arguments of `verify` and `verify_async`.

    Example:
        >>> import gitfleet
        >>> options: VerifyOptions = {"jobs": 16}
        >>> gitfleet.verify("projects/alpha", **options)[0].is_whole
        True
    """

    trust: bool
    """Read repositories even if they belong to another user."""
    jobs: int
    """Repositories and datasets verified at once; defaults to 4."""
    threads: int
    """Number of threads, for all of them together; 0, the default, is one per core."""
