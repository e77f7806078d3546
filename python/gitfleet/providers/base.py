"""What clients of hosting services have in common."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from gitfleet import exceptions
from gitfleet.models.services import ProviderType

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


class ProviderError(exceptions.GitFleetError):
    """A hosting service refused, or failed.

    Attributes:
        provider_type: Which service.
        status: The HTTP status; None if there was no answer.
        request_id: What the service calls the request; its support asks for it.
        retry_after: Seconds after which to ask again, if the service said so.
        documentation_url: Where the service documents it.

    Example:
        >>> print(ProviderError("the service is down", "gitlab"))
        gitlab: the service is down
    """

    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None
    documentation_url: str | None = None

    def __init__(
        self,
        message: str,
        provider_type: ProviderType | str = ProviderType.GITHUB,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, subject)
        self.provider_type = ProviderType(provider_type)

    def __str__(self) -> str:
        return f"{self.provider_type.value}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        made = (self.message, self.provider_type, self.subject)
        return (type(self), made, self.__dict__)


class AuthError(ProviderError, exceptions.AuthenticationError):
    """The service does not take the token, or wants one."""


class PermissionDeniedError(ProviderError, exceptions.PermissionDeniedError):
    """The token is known, and not allowed: the message names the scope or page that helps."""


class NotFoundError(ProviderError, exceptions.NotFoundError):
    """There is no such thing, or it is not shown to us."""


class RateLimitError(ProviderError, exceptions.RateLimitedError):
    """A limit was reached.

    Attributes:
        reset_time: When it ends, in seconds since the epoch; None if that is not known.

    Example:
        >>> RateLimitError("used up", reset_time=1_700_000_000).reset_time
        1700000000
    """

    def __init__(
        self,
        message: str,
        provider_type: ProviderType | str = ProviderType.GITHUB,
        reset_time: float | None = None,
        subject: str | None = None,
    ) -> None:
        exceptions.RateLimitedError.__init__(self, message, subject, reset_time)
        self.provider_type = ProviderType(provider_type)
        self.reset_time = reset_time

    def __reduce__(self) -> tuple[Any, ...]:
        made = (self.message, self.provider_type, self.reset_time, self.subject)
        return (type(self), made, self.__dict__)


def of_service(  # noqa: PLR0917 (the extension calls it)
    kind: str,
    message: str,
    subject: str,
    status: int | None,
    request_id: str | None,
    retry_after: float | None,
    reset_at: float | None,
    documentation_url: str | None,
) -> ProviderError:
    """Make the exception for what GitHub said."""
    from gitfleet.providers.github import GitHubError, GitHubNetworkError

    error: ProviderError
    text = f"{subject}: {message}"
    if kind == "rate_limited":
        error = RateLimitError(text, ProviderType.GITHUB, reset_at, subject)
    else:
        classes: dict[str, type[ProviderError]] = {
            "authentication_failed": AuthError,
            "permission_denied": PermissionDeniedError,
            "not_found": NotFoundError,
            "network": GitHubNetworkError,
        }
        error = classes.get(kind, GitHubError)(text, ProviderType.GITHUB, subject)
    error.status, error.request_id = status, request_id
    error.retry_after, error.documentation_url = retry_after, documentation_url
    return error


class GitProviderClient(abc.ABC):
    """What every client can do. Subclass it for services that GitFleet does not know.

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
        """Return whose token this is."""

    @abc.abstractmethod
    async def get_rate_limit(self) -> RateLimitInfo:
        """Return what is left of the limit."""

    @abc.abstractmethod
    async def fetch_repository_details(self, owner: str, repo: str) -> RepoDetails:
        """Return all that is known of a repository."""

    @abc.abstractmethod
    async def fetch_contributors(self, owner: str, repo: str) -> list[ContributorInfo]:
        """List who committed, most commits first."""

    @abc.abstractmethod
    async def fetch_branches(self, owner: str, repo: str) -> list[BranchInfo]:
        """List the branches."""

    @abc.abstractmethod
    async def validate_credentials(self) -> bool:
        """Return whether the service takes the token."""

    async def to_pandas(self, data: Any) -> pd.DataFrame:
        """Make a DataFrame of a model, of several, or of dictionaries; ``raw_data`` is left out.

        Example:
            >>> import asyncio
            >>> from gitfleet import GitHubClient
            >>> async def main() -> None:
            ...     client = GitHubClient("a token")
            ...     frame = await client.to_pandas(await client.fetch_repositories("octo-org"))
            ...     print(frame["full_name"].to_list())
            >>> asyncio.run(main())
            ['octo-org/alpha', 'octo-org/beta']
        """
        from gitfleet.utils.converters import to_dataframe

        return to_dataframe(data)
