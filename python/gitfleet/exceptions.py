"""Every exception GitFleet raises.

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

A blocking call that Ctrl-C ends raises KeyboardInterrupt, and a cancelled task CancelledError, as
everywhere in Python.
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
    """Base class; catch this to catch everything.

    Attributes:
        subject: The URL, path or revision the failure is about, without credentials; None if it is
            about none.
    """

    def __init__(self, message: str, subject: str | None = None) -> None:
        super().__init__(message, subject)
        self.message = message
        self.subject = subject
        if isinstance(self, OSError):
            # It took the two for a number and its text.
            for name, value in (("errno", None), ("strerror", message), ("filename", subject)):
                setattr(self, name, value)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError has ideas of its own about arguments.
        return (type(self), (self.message, self.subject))


class InvalidInputError(GitFleetError, ValueError):
    """An argument makes no sense, whatever the state of the world."""


class RepositoryNotFoundError(GitFleetError, FileNotFoundError):
    """No repository exists at `subject`."""


class RevisionNotFoundError(GitFleetError, LookupError):
    """The repository does not contain the revision `subject`."""


class PathNotFoundError(GitFleetError, FileNotFoundError):
    """The revision does not contain the path `subject`."""


class DestinationExistsError(GitFleetError, FileExistsError):
    """The destination `subject` holds something that is not ours to replace."""


class AuthenticationError(GitFleetError, PermissionError):
    """The host refused our credentials, or wants some."""


class PermissionDeniedError(GitFleetError, PermissionError):
    """Not allowed: a scope is missing, or an organisation wants single sign-on."""


class NotFoundError(GitFleetError, LookupError):
    """A hosting service has no such thing, or does not show it to us."""


class RateLimitedError(GitFleetError):
    """The host asks us to come back later.

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
            with contextlib.suppress(OverflowError, OSError, ValueError):  # no time of this world
                utc = datetime.timezone.utc
                self.reset_at = datetime.datetime.fromtimestamp(reset_at, utc)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.subject, self._reset_seconds))


class NetworkError(GitFleetError, ConnectionError):
    """The other side could not be reached, or broke off."""


class OperationTimeoutError(GitFleetError, TimeoutError):
    """The other side did not answer in time."""


class RefusedError(GitFleetError):
    """The other side answered, and what it says or sends is of no use, now and later."""


class LimitExceededError(GitFleetError):
    """A limit that the caller set was passed."""


class CorruptRepositoryError(GitFleetError):
    """Data of the repository `subject` is damaged or missing."""


class StorageError(GitFleetError, OSError):
    """The file or directory `subject` could not be read or written."""


class UnsupportedError(GitFleetError, NotImplementedError):
    """The request is sensible and GitFleet does not do it."""


class OperationCancelledError(GitFleetError):
    """The caller cancelled the operation."""


class InternalError(GitFleetError, RuntimeError):
    """A defect of GitFleet; please report it."""
