"""Rows of the tables as pydantic models, for ``Records.to_pydantic``."""

from __future__ import annotations

import contextlib
import datetime
import re
from typing import Annotated

from gitfleet._extras import needs

with needs("pydantic", "models"):
    from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = ["BlameRow", "ChangeRow", "CommitRow"]


def _parse_time(value: object) -> object:
    """Keep a time as seconds if Python does not support its year; pydantic reads the others."""
    if type(value) is int:
        with contextlib.suppress(OverflowError, OSError, ValueError):
            return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    if isinstance(value, str) and (far := _UNUSUAL_YEAR.fullmatch(value)):
        # The calendar repeats every 400 years.
        rounds, year = divmod(int(far[1]), 400)
        same = datetime.datetime.fromisoformat(f"{year + 2000}{far[2]}+00:00")
        return int(same.timestamp()) + (rounds - 5) * 146_097 * 86_400
    return value


_UNUSUAL_YEAR = re.compile(r"([+-]\d+)(-\d\d-\d\dT\d\d:\d\d:\d\d)Z")
"""A time whose year does not have four digits, as ISO 8601 and `Records.write_jsonl` write it."""
Time = Annotated[datetime.datetime | int, BeforeValidator(_parse_time)]


class Row(BaseModel):
    """A frozen row; columns that a model does not name are left out.

    Times are aware, in UTC; one in a year that Python does not support stays a number of seconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class CommitRow(Row):
    """A commit. Offsets are minutes east of UTC; counts are null if content is missing.

    Example:
        >>> import gitfleet
        >>> repo = gitfleet.Repository("projects/alpha")
        >>> [row.summary for row in repo.commits().to_pydantic(CommitRow)]
        ['Third', 'Second', 'First']
    """

    repo: str
    commit_id: str
    tree_id: str
    parent_ids: list[str]
    author_name: str
    author_email: str
    author_time: Time
    author_offset: int
    committer_name: str
    committer_email: str
    committer_time: Time
    committer_offset: int
    summary: str
    message: str
    is_merge: bool
    files_changed: int
    additions: int | None
    deletions: int | None
    raw_author_name: str
    raw_author_email: str
    raw_committer_name: str
    raw_committer_email: str


class ChangeRow(Row):
    """A file that a commit changed. Counts are null for binary files and if content is missing.

    Example:
        >>> import gitfleet
        >>> repo = gitfleet.Repository("projects/alpha")
        >>> rows = repo.changes().to_pydantic(ChangeRow)
        >>> [(row.old_path, row.path) for row in rows if row.old_path]
        [('src/old.py', 'src/tool.py')]
    """

    repo: str
    commit_id: str
    parent_id: str | None
    path: str
    old_path: str | None
    change_type: str
    old_mode: str | None
    new_mode: str | None
    old_blob_id: str | None
    new_blob_id: str | None
    similarity: int | None
    is_binary: bool | None
    additions: int | None
    deletions: int | None


class BlameRow(Row):
    """A run of lines from one commit, or one line with its content. Lines count from 1.

    Example:
        >>> import gitfleet
        >>> repo = gitfleet.Repository("projects/alpha")
        >>> [(row.start_line, row.line_count) for row in repo.blame("src").to_pydantic(BlameRow)]
        [(1, 7), (8, 1), (9, 12)]
    """

    repo: str
    path: str
    start_line: int
    line_count: int
    commit_id: str
    orig_path: str
    orig_start_line: int
    author_name: str
    author_email: str
    author_time: Time
    is_boundary: bool
    content: str | None = None
