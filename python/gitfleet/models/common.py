"""Users and repositories of hosting services, as pydantic models."""

from __future__ import annotations

import datetime
import time
from typing import Any

from gitfleet._extras import needs
from gitfleet.models.services import ProviderType

with needs("pydantic", "models"):
    from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "BranchInfo",
    "CommitRef",
    "ContributorInfo",
    "ProviderType",
    "RateLimitInfo",
    "RepoDetails",
    "RepoInfo",
    "UserInfo",
]


class Model(BaseModel):
    """A frozen model. If it has a field `raw_data`, that is the service's whole response."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        """Drop nulls, which services send for unknown values, where the default is not null."""
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields
        return {
            name: value
            for name, value in data.items()
            if value is not None or name not in fields or fields[name].default is None
        }


class UserInfo(Model):
    """A user or organisation; the id is 0 if it is unknown.

    Example:
        >>> UserInfo(id=7, login="ann").model_dump(exclude_none=True)["login"]
        'ann'
    """

    id: int = 0
    login: str
    name: str | None = None
    email: str | None = None
    avatar_url: str | None = None
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None


def _parse_utc(text: str | None) -> datetime.datetime | None:
    if not text:
        return None
    parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        return parsed.replace(tzinfo=datetime.timezone.utc)
    return parsed.astimezone(datetime.timezone.utc)


class RepoInfo(Model):
    """A repository, with the fields that a listing of repositories returns.

    Example:
        >>> repo = RepoInfo(id=1, name="r", full_name="o/r", clone_url="https://h/o/r.git")
        >>> repo.default_branch, repo.fork, repo.stargazers_count
        ('main', False, None)
        >>> sorted(RepoInfo.model_json_schema()["required"])
        ['clone_url', 'full_name', 'id', 'name']
    """

    id: int
    name: str
    full_name: str
    clone_url: str
    description: str | None = None
    default_branch: str = "main"
    created_at: str | None = None
    updated_at: str | None = None
    language: str | None = None
    fork: bool = False
    forks_count: int = 0
    stargazers_count: int | None = None
    watchers_count: int | None = None
    html_url: str | None = None
    private: bool = False
    visibility: str = "public"
    owner: UserInfo | None = None
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None

    def created_datetime(self) -> datetime.datetime | None:
        """Return the time of creation, in UTC.

        Example:
            >>> about = {"id": 1, "name": "r", "full_name": "o/r", "clone_url": "https://h/o/r.git"}
            >>> RepoInfo(**about, created_at="2024-05-01T08:00:00Z").created_datetime().isoformat()
            '2024-05-01T08:00:00+00:00'
        """
        return _parse_utc(self.created_at)

    def updated_datetime(self) -> datetime.datetime | None:
        """Return the time of the last change, in UTC.

        Example:
            >>> about = {"id": 1, "name": "r", "full_name": "o/r", "clone_url": "https://h/o/r.git"}
            >>> RepoInfo(**about, updated_at="2024-05-01T08:00:00+02:00").updated_datetime().hour
            6
        """
        return _parse_utc(self.updated_at)


class RepoDetails(RepoInfo):
    """A repository, with the fields that a request for one repository returns.

    Example:
        >>> about = {"id": 1, "name": "r", "full_name": "o/r", "clone_url": "https://h/o/r.git"}
        >>> details = RepoDetails(**about, topics=["git"], size=120)
        >>> details.topics, details.size, details.license
        (['git'], 120, None)
    """

    topics: list[str] = Field(default_factory=list)
    homepage: str | None = None
    has_wiki: bool = False
    has_issues: bool = False
    has_projects: bool = False
    has_pages: bool | None = None
    has_downloads: bool | None = None
    allow_forking: bool | None = None
    archived: bool = False
    disabled: bool | None = None
    pushed_at: str | None = None
    size: int = 0
    """In kilobytes."""
    open_issues_count: int | None = None
    network_count: int | None = None
    subscribers_count: int | None = None
    license: dict[str, Any] | None = None

    def pushed_datetime(self) -> datetime.datetime | None:
        """Return the time of the last push, in UTC.

        Example:
            >>> about = {"id": 1, "name": "r", "full_name": "o/r", "clone_url": "https://h/o/r.git"}
            >>> RepoDetails(**about).pushed_datetime() is None
            True
        """
        return _parse_utc(self.pushed_at)


class RateLimitInfo(Model):
    """The state of a rate limit.

    Example:
        >>> RateLimitInfo(limit=5000, remaining=4990, reset_time=1_700_000_000).remaining
        4990
    """

    limit: int
    remaining: int
    reset_time: int
    """The time when the limit is reset, in seconds since the epoch."""
    used: int = 0
    provider_type: ProviderType = ProviderType.GITHUB

    def seconds_until_reset(self) -> int:
        """Return the seconds until the limit is reset; 0 if that time is past.

        Example:
            >>> RateLimitInfo(limit=60, remaining=0, reset_time=1_700_000_000).seconds_until_reset()
            0
        """
        return max(0, int(self.reset_time - time.time()))


class CommitRef(Model):
    """A commit by its id.

    Example:
        >>> CommitRef(sha="a" * 40).url is None
        True
    """

    sha: str
    url: str | None = None


class BranchInfo(Model):
    """A branch.

    Example:
        >>> BranchInfo(name="main", commit={"sha": "a" * 40}).commit_sha == "a" * 40
        True
    """

    name: str
    commit: CommitRef | None = None
    commit_sha: str | None = None
    protected: bool = False
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_commit_sha(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("commit_sha") and data.get("commit"):
            commit = data["commit"]
            get = commit.get if isinstance(commit, dict) else None
            sha = get("sha") if get else getattr(commit, "sha", None)
            return {**data, "commit_sha": sha}
        return data


class ContributorInfo(Model):
    """A contributor. Without an account, the id is 0 and `login` is the name or the e-mail.

    Example:
        >>> ContributorInfo(login="ann", contributions=12).contributions
        12
        >>> ContributorInfo(name="Ann", contributions=1).login
        'Ann'
    """

    id: int = 0
    login: str
    contributions: int
    avatar_url: str | None = None
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_login(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("login") is None:
            return {**data, "login": data.get("name") or data.get("email") or ""}
        return data
