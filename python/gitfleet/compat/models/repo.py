"""States of clones as pydantic models."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from gitfleet._extras import needs
from gitfleet.compat.tasks import CloneStatus, CloneTask

with needs("pydantic", "models"):
    from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "RUST_AVAILABLE",
    "CloneStatus",
    "CloneStatusType",
    "CloneTask",
    "PydanticCloneStatus",
    "PydanticCloneTask",
    "RustCloneStatus",
    "RustCloneTask",
    "convert_clone_tasks",
    "to_pydantic_status",
    "to_pydantic_task",
]

RUST_AVAILABLE = True
RustCloneStatus = CloneStatus
RustCloneTask = CloneTask


class CloneStatusType(str, enum.Enum):
    """State of a clone.

    Example:
        >>> CloneStatusType("cloning") is CloneStatusType.CLONING
        True
    """

    QUEUED = "queued"
    CLONING = "cloning"
    COMPLETED = "completed"
    FAILED = "failed"


class PydanticCloneStatus(BaseModel):
    """`CloneStatus`, validated.

    Example:
        >>> PydanticCloneStatus(status_type="failed", error="not found").model_dump(mode="json")
        {'status_type': 'failed', 'progress': None, 'error': 'not found'}
    """

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)

    status_type: CloneStatusType
    progress: int | None = None
    error: str | None = None


class PydanticCloneTask(BaseModel):
    """`CloneTask`, validated.

    Example:
        >>> PydanticCloneTask(url="https://h/o/r", status={"status_type": "queued"}).status.progress
    """

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)

    url: str
    status: PydanticCloneStatus
    temp_dir: str | None = None


def to_pydantic_status(status: Any) -> PydanticCloneStatus:
    """Convert an object with the attributes of a `CloneStatus` to a model.

    Raises:
        pydantic.ValidationError: The attributes do not fit.

    Example:
        >>> to_pydantic_status(CloneStatus("cloning", 40)).status_type
        <CloneStatusType.CLONING: 'cloning'>
    """
    return PydanticCloneStatus.model_validate(status)


def to_pydantic_task(task: Any) -> PydanticCloneTask:
    """Convert an object with the attributes of a `CloneTask` to a model.

    Raises:
        pydantic.ValidationError: The attributes do not fit.

    Example:
        >>> to_pydantic_task(CloneTask("https://h/o/r", CloneStatus("queued"))).temp_dir is None
        True
    """
    return PydanticCloneTask.model_validate(task)


def convert_clone_tasks(tasks: Mapping[str, Any]) -> dict[str, PydanticCloneTask]:
    """Convert the result of ``RepoManager.fetch_clone_tasks`` to models.

    Example:
        >>> tasks = {"https://h/o/r": CloneTask("https://h/o/r", CloneStatus("queued"))}
        >>> convert_clone_tasks(tasks)["https://h/o/r"].status.status_type.value
        'queued'
    """
    return {url: to_pydantic_task(task) for url, task in tasks.items()}
