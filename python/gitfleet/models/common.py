"""What hosting services say of users and repositories, as pydantic models."""

from __future__ import annotations

import datetime
import enum
import time
from typing import Any

from gitfleet._extras import needs

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


class ProviderType(str, enum.Enum):
    """A hosting service."""

    GITHUB = "github"
    GITLAB = "gitlab"
    BITBUCKET = "bitbucket"


class Model(BaseModel):
    """Frozen; what a service says beyond the fields is in `raw_data`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """A service says null where it knows nothing; the default is meant."""
        if not isinstance(data, dict):
            return data
        fields = cls.model_fields
        return {
            name: value
            for name, value in data.items()
            if value is not None or name not in fields or fields[name].default is None
        }


class UserInfo(Model):
    """A user or organisation; its id is 0 where the service does not say it."""

    id: int = 0
    login: str
    name: str | None = None
    email: str | None = None
    avatar_url: str | None = None
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None


def _aware(text: str | None) -> datetime.datetime | None:
    if not text:
        return None
    parsed = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        return parsed.replace(tzinfo=datetime.timezone.utc)
    return parsed.astimezone(datetime.timezone.utc)


class RepoInfo(Model):
    """A repository, as listings have it."""

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
        """When it was made, in UTC."""
        return _aware(self.created_at)

    def updated_datetime(self) -> datetime.datetime | None:
        """When it was last changed, in UTC."""
        return _aware(self.updated_at)


class RepoDetails(RepoInfo):
    """A repository, asked for alone."""

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
        """When somebody last pushed to it, in UTC."""
        return _aware(self.pushed_at)


class RateLimitInfo(Model):
    """What is left of a limit."""

    limit: int
    remaining: int
    reset_time: int
    """When it is the limit again, in seconds since the epoch."""
    used: int = 0
    provider_type: ProviderType = ProviderType.GITHUB

    def seconds_until_reset(self) -> int:
        """Seconds until it is the limit again; 0 if that is past."""
        return max(0, int(self.reset_time - time.time()))


class CommitRef(Model):
    """A commit by its id."""

    sha: str
    url: str | None = None


class BranchInfo(Model):
    """A branch."""

    name: str
    commit: CommitRef | None = None
    commit_sha: str | None = None
    protected: bool = False
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _sha(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("commit_sha") and data.get("commit"):
            commit = data["commit"]
            get = commit.get if isinstance(commit, dict) else None
            sha = get("sha") if get else getattr(commit, "sha", None)
            return {**data, "commit_sha": sha}
        return data


class ContributorInfo(Model):
    """Somebody who committed. One whom the service does not know has id 0, and a name as login."""

    id: int = 0
    login: str
    contributions: int
    avatar_url: str | None = None
    provider_type: ProviderType = ProviderType.GITHUB
    raw_data: dict[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _anonymous(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("login") is None:
            return {**data, "login": data.get("name") or data.get("email") or ""}
        return data
