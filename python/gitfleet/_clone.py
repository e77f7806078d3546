"""How repositories are cloned, as the extension takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from gitfleet._arguments import count, flag, number, several, text
from gitfleet._network import HostOptions, NetworkOptions, network

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from gitfleet import _gitfleet

__all__ = ["CloneOptions", "cloning", "crew"]


class CloneOptions(NetworkOptions, total=False):
    """Keyword arguments of everything that clones.

    A repository on this machine is copied whole: options that would leave something out are refused
    for it.
    """

    bare: bool
    """All branches and tags and no files, as ``git clone --bare``: enough for mining."""
    mirror: bool
    """Every ref the other side has and no files, as ``git clone --mirror``."""
    branch: str | None
    """The branch or tag to check out."""
    single_branch: bool
    """Only that branch, or the default one."""
    depth: int | None
    """Only so many commits of history, of one branch."""
    shallow_since: str | datetime.datetime | float | None
    """Only history since then, of one branch."""
    filter: Literal["blob:none", "tree:0"] | None
    """What a partial clone leaves out, to be brought when it is needed."""
    tags: bool
    """Whether tags come along; True."""
    refspecs: Iterable[str]
    """Refspecs instead of the usual ones, as git writes them."""
    update_files: Literal["forward", "keep", "overwrite"]
    """What an update does to files: by default they follow the origin where nobody changed them."""
    max_bytes: int | None
    """Give up on a repository that is larger, in bytes received."""
    max_objects: int | None
    """Give up on a repository with more objects."""
    max_seconds: float | None
    """Give up on a repository that takes longer."""
    min_free_bytes: int
    """Bytes that must stay free on the disk; 256 MiB."""


_SHAPE: dict[str, Any] = {
    "branch": None,
    "single_branch": False,
    "depth": None,
    "shallow_since": None,
    "filter": None,
    "tags": True,
    "refspecs": (),
    "update_files": "forward",
    "max_bytes": None,
    "max_objects": None,
    "max_seconds": None,
    "min_free_bytes": 256 << 20,
}


def cloning(
    options: CloneOptions, *, trust: bool, username: str | None = None
) -> _gitfleet.Cloning:
    """Fill in what was not given.

    Raises:
        TypeError: For a name that is no option, as for any unknown keyword argument.
    """
    given: dict[str, Any] = {**_SHAPE, **options}
    mirror, bare = (flag(name, given.pop(name, False)) for name in ("mirror", "bare"))
    shape = {name: given.pop(name) for name in _SHAPE}
    for name in ("single_branch", "tags"):
        shape[name] = flag(name, shape[name])
    for name in ("branch", "filter"):
        shape[name] = text(name, shape[name], or_none=True)
    for name in ("max_bytes", "max_objects"):
        shape[name] = None if shape[name] is None else count(name, shape[name])
    shape["depth"] = None if shape["depth"] is None else count("depth", shape["depth"], 1)
    seconds = shape["max_seconds"]
    shape["max_seconds"] = None if seconds is None else number("max_seconds", seconds)
    shape["min_free_bytes"] = count("min_free_bytes", shape["min_free_bytes"])
    shape["update_files"] = text("update_files", shape["update_files"])
    shape["refspecs"] = several("refspecs", shape["refspecs"])
    shape["shape"] = "mirror" if mirror else "bare" if bare else "files"
    names = {*HostOptions.__annotations__, *NetworkOptions.__annotations__}
    unknown = set(given) - names
    if unknown:
        known = ", ".join(sorted({"bare", "mirror", *_SHAPE, *names}))
        msg = f"unexpected keyword argument {min(unknown)!r}; there are {known}"
        raise TypeError(msg)
    shape["network"] = network(username=username, **given)
    shape["trust"] = flag("trust", trust)
    return cast("_gitfleet.Cloning", shape)


def crew(jobs: int, jobs_per_host: int, retries: int, retry_wait: float) -> _gitfleet.Crew:
    """How many at once, and how often."""
    return {
        "jobs": count("jobs", jobs, 1),
        "jobs_per_host": count("jobs_per_host", jobs_per_host, 1),
        "retries": count("retries", retries),
        "retry_wait": number("retry_wait", retry_wait),
    }
