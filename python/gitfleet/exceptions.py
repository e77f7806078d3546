"""The exceptions of GitFleet. Those of hosting services are in `gitfleet.providers.errors`.

GitFleetError
  InvalidInputError          (also a ValueError)
  RepositoryNotFoundError    (also a FileNotFoundError)
  RevisionNotFoundError      (also a LookupError)
  PathNotFoundError          (also a FileNotFoundError)
  DestinationExistsError     (also a FileExistsError)
  AuthenticationError        (also a PermissionError)
  PermissionDeniedError      (also a PermissionError)
  NotFoundError              (also a LookupError)
  RateLimitedError
  NetworkError               (also a ConnectionError)
  OperationTimeoutError      (also a TimeoutError)
  RefusedError
  LimitExceededError
  CorruptRepositoryError
  StorageError               (also an OSError)
  UnsupportedError           (also a NotImplementedError)
  OperationCancelledError
  InternalError              (also a RuntimeError)

If Ctrl-C ends a blocking call, the call raises KeyboardInterrupt. A cancelled task raises
CancelledError. Both are as everywhere in Python.
"""

from __future__ import annotations

import contextlib
import datetime
from typing import Any

__all__ = [
    "AuthenticationError",
    "CorruptRepositoryError",
    "DestinationExistsError",
    "GitFleetError",
    "InternalError",
    "InvalidInputError",
    "LimitExceededError",
    "NetworkError",
    "NotFoundError",
    "OperationCancelledError",
    "OperationTimeoutError",
    "PathNotFoundError",
    "PermissionDeniedError",
    "RateLimitedError",
    "RefusedError",
    "RepositoryNotFoundError",
    "RevisionNotFoundError",
    "StorageError",
    "UnsupportedError",
]


class GitFleetError(Exception):
    """The base class of all errors of GitFleet.

    Attributes:
        subject: The URL, path or revision that failed, without credentials; None if there is none.
    """

    def __init__(self, message: str, subject: str | None = None) -> None:
        super().__init__(message, subject)
        self.message = message
        self.subject = subject
        if isinstance(self, OSError):
            # OSError has stored the two arguments as errno and strerror.
            for name, value in (("errno", None), ("strerror", message), ("filename", subject)):
                setattr(self, name, value)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError's own __reduce__ passes other arguments.
        return (type(self), (self.message, self.subject))


class InvalidInputError(GitFleetError, ValueError):
    """An argument is invalid, independent of any repository or server."""


class RepositoryNotFoundError(GitFleetError, FileNotFoundError):
    """No repository exists at `subject`."""


class RevisionNotFoundError(GitFleetError, LookupError):
    """The repository does not contain the revision `subject`."""


class PathNotFoundError(GitFleetError, FileNotFoundError):
    """The revision does not contain the path `subject`."""


class DestinationExistsError(GitFleetError, FileExistsError):
    """The destination `subject` holds data that GitFleet does not replace."""


class AuthenticationError(GitFleetError, PermissionError):
    """The host refused the credentials, or requires some."""


class PermissionDeniedError(GitFleetError, PermissionError):
    """Access denied: a scope is missing, or an organisation requires single sign-on."""


class NotFoundError(GitFleetError, LookupError):
    """The hosting service does not have `subject`, or does not show it to this user."""


class RateLimitedError(GitFleetError):
    """The rate limit of the host is used up; try again later.

    Attributes:
        reset_at: When the limit ends, an aware UTC datetime; None if the host did not say.
    """

    def __init__(
        self, message: str, subject: str | None = None, reset_at: float | None = None
    ) -> None:
        super().__init__(message, subject)
        self._reset_seconds = reset_at
        self.reset_at = None
        if reset_at is not None:
            with contextlib.suppress(OverflowError, OSError, ValueError):  # out of range
                utc = datetime.timezone.utc
                self.reset_at = datetime.datetime.fromtimestamp(reset_at, utc)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.subject, self._reset_seconds))


class NetworkError(GitFleetError, ConnectionError):
    """The server could not be reached, or the connection broke."""


class OperationTimeoutError(GitFleetError, TimeoutError):
    """The server did not answer in time."""


class RefusedError(GitFleetError):
    """The server refused, or sent unusable data; trying again does not help."""


class LimitExceededError(GitFleetError):
    """A limit set by the caller was exceeded."""


class CorruptRepositoryError(GitFleetError):
    """Data of the repository `subject` is damaged or missing."""


class StorageError(GitFleetError, OSError):
    """The file or directory `subject` could not be read or written."""


class UnsupportedError(GitFleetError, NotImplementedError):
    """The request is valid, but GitFleet does not support it."""


class OperationCancelledError(GitFleetError):
    """The caller cancelled the operation."""


class InternalError(GitFleetError, RuntimeError):
    """A defect of GitFleet; please report it."""
