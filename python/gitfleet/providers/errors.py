"""Errors of hosting services."""

from __future__ import annotations

from typing import Any

from gitfleet import exceptions
from gitfleet.models.services import ProviderType

__all__ = [
    "AuthError",
    "GitHubError",
    "GitHubNetworkError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProviderError",
    "RateLimitError",
]


class ProviderError(exceptions.GitFleetError):
    """A hosting service refused, or failed.

    Attributes:
        provider_type: The service.
        status: The HTTP status; None if there was no answer.
        request_id: The service's identifier of the request, which its support asks for.
        retry_after: Seconds after which to ask again, if the service said so.
        documentation_url: The URL of the service's documentation of the error.

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
    """The service does not accept the token, or requires one."""


class PermissionDeniedError(ProviderError, exceptions.PermissionDeniedError):
    """The token lacks a permission; the message names it, or the page where it is granted."""


class NotFoundError(ProviderError, exceptions.NotFoundError):
    """The resource does not exist, or the token may not see it."""


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


class GitHubError(ProviderError):
    """GitHub refused the request for another reason than those of the other classes."""


class GitHubNetworkError(GitHubError, exceptions.NetworkError):
    """GitHub could not be reached, or failed, after all retries."""


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
    """Make the exception for GitHub's answer."""
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
