"""Models, dataclasses and plain objects as dictionaries, JSON and DataFrames."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from gitfleet._extras import needs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["flatten_dataframe", "to_dataframe", "to_dict", "to_json"]

HIDDEN = "**********"
"""The text that is shown instead of a secret."""
_SCALAR_TYPES = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    type(None),
    datetime.date,
    datetime.time,
    datetime.timedelta,
    type,
)
_COMMON_SCALAR_TYPES = frozenset((str, int, float, bool, bytes, type(None), datetime.datetime))
"""The most common types, which are checked first."""

T = TypeVar("T")
"""The former package had it; nothing here uses it."""


def to_dict(obj: Any) -> Any:
    """Convert anything to plain Python values; models and objects become dictionaries, recursively.

    Args:
        obj: A pydantic model, a dataclass, a mapping, an object with attributes, or any iterable of
            these, including a generator.

    Returns:
        A dictionary for one object, a list for several. Times stay times, enumerations become their
        values, tables become lists of rows, and secrets become ``**********``.

    Raises:
        ValueError: Something contains itself.

    Example:
        >>> from gitfleet.compat import CloneStatus
        >>> to_dict(CloneStatus("cloning", 40))
        {'status_type': 'cloning', 'progress': 40, 'error': None}
    """
    try:
        return _to_plain(obj)
    except RecursionError:
        msg = f"{type(obj).__name__}: contains itself, or is nested too deeply"
        raise ValueError(msg) from None


def _to_plain(obj: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 (a case for each kind of thing)
    kind = type(obj)
    if kind in _COMMON_SCALAR_TYPES:
        return obj
    if kind is list:
        return [_to_plain(one) for one in obj]
    if isinstance(obj, enum.Enum):
        return obj.value
    if kind.__name__ in {"NAType", "NaTType"}:
        return None  # the nulls of pandas
    if isinstance(obj, _SCALAR_TYPES):
        return obj
    if isinstance(obj, os.PathLike):
        return os.fspath(obj)
    if hasattr(obj, "get_secret_value"):
        return HIDDEN
    if isinstance(obj, Mapping):
        return {_plain_key(name): _to_plain(value) for name, value in obj.items()}
    if hasattr(kind, "model_fields"):
        dumped = obj.model_dump()
        # pydantic does not convert the values of fields that the model does not declare.
        more = obj.model_extra if isinstance(dumped, dict) else None
        return _to_plain({**dumped, **more} if more else dumped)
    if dataclasses.is_dataclass(obj):
        return {
            field.name: HIDDEN
            if field.metadata.get("secret")
            else _to_plain(getattr(obj, field.name))
            for field in dataclasses.fields(obj)
        }
    if isinstance(obj, tuple) and hasattr(obj, "_asdict"):
        return _to_plain(getattr(obj, "_asdict")())  # noqa: B009 (a NamedTuple has it)
    # Tables and arrays of other packages, numpy's numbers, and Records.
    for name, options in _ROW_METHODS:
        rows = getattr(obj, name, None)
        if callable(rows):
            return _to_plain(rows(**options))
    if isinstance(obj, Iterable):
        return [_to_plain(one) for one in obj]
    if hasattr(obj, "__dict__"):
        public = {name: value for name, value in vars(obj).items() if name[:1] != "_"}
        return _to_plain(public)
    return obj


_ROW_METHODS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("to_pylist", {}),
    ("to_dicts", {}),
    ("tolist", {}),
    ("to_dict", {"orient": "records"}),
)
"""The methods that make rows or plain values, of pyarrow, Polars, numpy and pandas."""


def _plain_key(name: Any) -> Any:
    return name.value if isinstance(name, enum.Enum) else name


def to_json(obj: Any, indent: int | None = None) -> str:
    """Write the result of `to_dict` as JSON: times as ISO 8601, NaN and infinities as null.

    Args:
        obj: See `to_dict`.
        indent: Spaces for each level; by default, everything is on one line.

    Example:
        >>> to_json([{"at": datetime.date(2024, 5, 1)}])
        '[{"at": "2024-05-01"}]'
    """
    plain = _json_compatible(to_dict(obj))
    if indent is None and isinstance(plain, list):
        # One by one, because json holds the GIL while it writes.
        return f"[{', '.join(json.dumps(one, default=_as_json) for one in plain)}]"
    return json.dumps(plain, indent=indent, default=_as_json)


def _json_compatible(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {
            name if isinstance(name, (str, int, float, bool, type(None))) else str(name): (
                _json_compatible(value)
            )
            for name, value in plain.items()
        }
    if isinstance(plain, list):
        return [_json_compatible(one) for one in plain]
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _as_json(value: Any) -> Any:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def to_dataframe(data: Any) -> pd.DataFrame:
    """Make a pandas DataFrame of models, dataclasses, objects or dictionaries, one row for each.

    Args:
        data: One such object, an iterable of such objects, `Records`, or a dictionary whose values
            are such objects, as ``RepoManager.fetch_clone_tasks`` returns; its keys become the
            index. ``raw_data``, the unchanged response of a service, is left out.

    Returns:
        Nested values stay nested, see `flatten_dataframe`. Without rows, the frame is empty.

    Raises:
        ImportError: pandas is not installed; the message names the extra.

    Example:
        >>> from gitfleet.compat import CloneStatus
        >>> to_dataframe([CloneStatus("queued"), CloneStatus("completed")])["status_type"].to_list()
        ['queued', 'completed']
    """
    with needs("pandas", "pandas"):
        import pandas as pd
    if isinstance(data, pd.DataFrame):
        return data
    if callable(getattr(data, "to_pandas", None)):
        frame: pd.DataFrame = data.to_pandas()  # Records, and tables of other packages
        return frame
    plain = to_dict(data)
    index = None
    if isinstance(plain, dict):
        is_nested = plain and all(isinstance(value, dict) for value in plain.values())
        index = list(plain) if is_nested and isinstance(data, Mapping) else None
        plain = list(plain.values()) if index else [plain]
    elif not isinstance(plain, list):
        msg = f"{type(data).__name__} is not a row; give models, dictionaries, or a list of them"
        raise TypeError(msg)
    rows = [_without_raw(row) if isinstance(row, dict) else {"value": row} for row in plain]
    return pd.DataFrame(rows, index=index)


def _without_raw(row: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in row.items() if name != "raw_data"}


def flatten_dataframe(df: pd.DataFrame, separator: str = "_") -> pd.DataFrame:
    """Replace columns of dictionaries by a column for each of their fields, at every level.

    Args:
        df: A frame as `to_dataframe` makes it; it is not changed.
        separator: The text between the names: ``owner`` and ``login`` become ``owner_login``. If
            there is such a column already, the new one gets a further separator at its end.

    Returns:
        A new frame; rows without a field have a null there. Lists stay lists.

    Example:
        >>> nested = to_dataframe([{"id": 1, "owner": {"login": "ann", "plan": {"name": "free"}}}])
        >>> flatten_dataframe(nested).columns.to_list()
        ['id', 'owner_login', 'owner_plan_name']
    """
    with needs("pandas", "pandas"):
        import pandas as pd
    if not df.columns.is_unique:
        msg = "two columns have the same name; rename one"
        raise ValueError(msg)
    columns: dict[Any, Any] = {}
    taken = set(df.columns)
    for name in df.columns:
        values = list(df[name])
        _flatten(name, values, separator, columns, taken)
        if columns.get(name) is values:
            columns[name] = df[name]  # keeps the dtype
    return pd.DataFrame(columns, index=df.index)


def _flatten(
    name: Any, values: list[Any], separator: str, columns: dict[Any, Any], taken: set[Any]
) -> None:
    nested = [value for value in values if isinstance(value, dict)]
    if not any(nested):
        columns[name] = [None if value == {} else value for value in values] if nested else values
        return
    parts = dict.fromkeys(part for value in nested for part in value)
    for part in parts:
        inner = f"{name}{separator}{part}"
        while inner in taken:
            inner += separator or "_"
        taken.add(inner)
        found = [value.get(part) if isinstance(value, dict) else None for value in values]
        _flatten(inner, found, separator, columns, taken)
    others = [None if isinstance(value, dict) else value for value in values]
    if any(not _is_null(value) for value in others):
        columns[name] = others


def _is_null(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in {"NAType", "NaTType"}
