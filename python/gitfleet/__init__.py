"""Mine fleets of git repositories: git's exact line counts and blame, as Arrow tables.

    >>> import gitfleet
    >>> repo = gitfleet.Repository("projects/alpha")
    >>> repo.commits(max_count=100).to_polars()["summary"].to_list()
    ['Third', 'Second', 'First']
    >>> [mined.rows["changes"] for mined in gitfleet.mine([repo.path], "dataset")]
    [5]

Names are loaded when they are first used, so that importing the package costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitfleet._gitfleet import __version__
from gitfleet._lazy import exports

if TYPE_CHECKING:
    from gitfleet import compat, exceptions, models, options, providers
    from gitfleet.exceptions import (
        AuthenticationError,
        CorruptRepositoryError,
        DestinationExistsError,
        GitFleetError,
        InternalError,
        InvalidInputError,
        LimitExceededError,
        NetworkError,
        NotFoundError,
        OperationCancelledError,
        OperationTimeoutError,
        PathNotFoundError,
        PermissionDeniedError,
        RateLimitedError,
        RefusedError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
        StorageError,
        UnsupportedError,
    )
    from gitfleet.fleet import Cloned, Fleet, RefUpdate, Updated
    from gitfleet.mining import Mined, mine, mine_async
    from gitfleet.progress import Progress
    from gitfleet.records import Records
    from gitfleet.repository import Reference, Repository
    from gitfleet.verifying import Verified, verify, verify_async

__all__ = [
    "AuthenticationError",
    "Cloned",
    "CorruptRepositoryError",
    "DestinationExistsError",
    "Fleet",
    "GitFleetError",
    "InternalError",
    "InvalidInputError",
    "LimitExceededError",
    "Mined",
    "NetworkError",
    "NotFoundError",
    "OperationCancelledError",
    "OperationTimeoutError",
    "PathNotFoundError",
    "PermissionDeniedError",
    "Progress",
    "RateLimitedError",
    "Records",
    "RefUpdate",
    "Reference",
    "RefusedError",
    "Repository",
    "RepositoryNotFoundError",
    "RevisionNotFoundError",
    "StorageError",
    "UnsupportedError",
    "Updated",
    "Verified",
    "__version__",
    "compat",
    "exceptions",
    "mine",
    "mine_async",
    "models",
    "options",
    "providers",
    "verify",
    "verify_async",
]

__getattr__, __dir__ = exports(
    "gitfleet",
    {
        "gitfleet.compat": "",
        "gitfleet.exceptions": (
            "AuthenticationError CorruptRepositoryError DestinationExistsError GitFleetError "
            "InternalError InvalidInputError LimitExceededError NetworkError NotFoundError "
            "OperationCancelledError OperationTimeoutError PathNotFoundError "
            "PermissionDeniedError RateLimitedError RefusedError RepositoryNotFoundError "
            "RevisionNotFoundError StorageError UnsupportedError"
        ),
        "gitfleet.fleet": "Cloned Fleet RefUpdate Updated",
        "gitfleet.mining": "Mined mine mine_async",
        "gitfleet.models": "",
        "gitfleet.options": "",
        "gitfleet.progress": "Progress",
        "gitfleet.providers": "",
        "gitfleet.records": "Records",
        "gitfleet.repository": "Reference Repository",
        "gitfleet.verifying": "Verified verify verify_async",
    },
    __all__,
)
