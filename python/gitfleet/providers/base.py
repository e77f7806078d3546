"""The base class of clients of hosting services."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from gitfleet.models.services import ProviderType
from gitfleet.providers.errors import (
    AuthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
)

if TYPE_CHECKING:
    import pandas as pd

    from gitfleet.models.common import (
        BranchInfo,
        ContributorInfo,
        RateLimitInfo,
        RepoDetails,
        RepoInfo,
        UserInfo,
    )

__all__ = [
    "AuthError",
    "GitProviderClient",
    "NotFoundError",
    "PermissionDeniedError",
    "ProviderError",
    "RateLimitError",
]


class GitProviderClient(abc.ABC):
    """The methods that every client has. Subclass it for services that GitFleet does not support.

    Example:
        >>> from gitfleet.models.common import BranchInfo, RateLimitInfo, RepoDetails, UserInfo
        >>> class Mirror(GitProviderClient):
        ...     async def fetch_repositories(self, owner: str) -> list[RepoDetails]:
        ...         return [await self.fetch_repository_details(owner, "tool")]
        ...
        ...     async def fetch_repository_details(self, owner: str, repo: str) -> RepoDetails:
        ...         full_name = f"{owner}/{repo}"
        ...         url = f"https://git.example.org/{full_name}"
        ...         return RepoDetails(id=1, name=repo, full_name=full_name, clone_url=url)
        ...
        ...     async def fetch_user_info(self) -> UserInfo:
        ...         return UserInfo(login="me")
        ...
        ...     async def get_rate_limit(self) -> RateLimitInfo:
        ...         return RateLimitInfo(limit=60, remaining=60, reset_time=0)
        ...
        ...     async def fetch_contributors(self, owner: str, repo: str) -> list[ContributorInfo]:
        ...         return []
        ...
        ...     async def fetch_branches(self, owner: str, repo: str) -> list[BranchInfo]:
        ...         return [BranchInfo(name="main")]
        ...
        ...     async def validate_credentials(self) -> bool:
        ...         return True
        >>> import asyncio
        >>> [repo.full_name for repo in asyncio.run(Mirror("gitlab").fetch_repositories("ann"))]
        ['ann/tool']
    """

    def __init__(self, provider_type: ProviderType | str) -> None:
        self.provider_type = ProviderType(provider_type)

    @abc.abstractmethod
    async def fetch_repositories(self, owner: str) -> list[RepoInfo]:
        """List the repositories of a user or organisation."""

    @abc.abstractmethod
    async def fetch_user_info(self) -> UserInfo:
        """Return the user that the token belongs to."""

    @abc.abstractmethod
    async def get_rate_limit(self) -> RateLimitInfo:
        """Return the state of the rate limit."""

    @abc.abstractmethod
    async def fetch_repository_details(self, owner: str, repo: str) -> RepoDetails:
        """Return a repository with all its metadata."""

    @abc.abstractmethod
    async def fetch_contributors(self, owner: str, repo: str) -> list[ContributorInfo]:
        """List contributors, most commits first."""

    @abc.abstractmethod
    async def fetch_branches(self, owner: str, repo: str) -> list[BranchInfo]:
        """List the branches."""

    @abc.abstractmethod
    async def validate_credentials(self) -> bool:
        """Return whether the service accepts the token."""

    async def to_pandas(self, data: Any) -> pd.DataFrame:
        """Make a DataFrame of a model, of several, or of dictionaries; ``raw_data`` is left out.

        Example:
            >>> import asyncio
            >>> from gitfleet.providers import GitHubClient
            >>> async def main() -> None:
            ...     client = GitHubClient("a token")
            ...     frame = await client.to_pandas(await client.fetch_repositories("octo-org"))
            ...     print(frame["full_name"].to_list())
            >>> asyncio.run(main())
            ['octo-org/alpha', 'octo-org/beta']
        """
        from gitfleet.compat.utils.converters import to_dataframe

        return to_dataframe(data)
