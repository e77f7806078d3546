"""Records: a stream of record batches, for pandas, Polars, pyarrow, DuckDB or plain Python."""

from __future__ import annotations

import asyncio
import html
import importlib
import os
import warnings
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from gitfleet._extras import needs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping

    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from pydantic import BaseModel
    from typing_extensions import Self

    from gitfleet._gitfleet import RecordStream

__all__ = ["Records"]

M = TypeVar("M", bound="BaseModel")
R = TypeVar("R")


class Records:
    """A stream of the rows of one table. Rows are computed as they are read, and only once.

    Anything that accepts Arrow data accepts this object: ``polars.DataFrame(records)``,
    ``pyarrow.table(records)``, ``pyarrow.RecordBatchReader.from_stream(records)`` and DuckDB, which
    reads it by its variable's name through pyarrow. Rows are not converted to Python objects.
    Bytes that are not UTF-8 are encoded in Arrow text as described in the columns' metadata; in
    Python rows they are surrogate escapes.

    Example:
        >>> import gitfleet
        >>> repo = gitfleet.Repository("projects/alpha")
        >>> [row["summary"] for row in repo.commits(max_count=2).to_pylist()]
        ['Third', 'Second']
        >>> repo.changes().to_polars()["additions"].sum()
        24
        >>> repo.changes().write_parquet("changes.parquet")
        5
        >>> with repo.blame() as records:  # leaving the block stops the blame
        ...     print(next(iter(records)).num_rows)
        6
    """

    __slots__ = ("_at_end", "_name", "_stream")

    def __init__(
        self, name: str, stream: RecordStream, check: Callable[[], None] | None = None
    ) -> None:
        self._name = name
        self._stream = stream
        self._at_end = check

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in order.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.blame().column_names[:3]
            ['repo', 'path', 'start_line']
        """
        return self._stream.column_names

    @property
    def metadata(self) -> Mapping[str, str]:
        """Metadata of the table: schema version, tool version, counting policy.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.commits().metadata["gitfleet.diff_merges"]
            'none'
        """
        return self._stream.metadata

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Iterate over pyarrow record batches, each made when it is asked for."""
        pyarrow = _import_optional("pyarrow")
        while (batch := self._stream.next_batch()) is not None:
            yield from pyarrow.table(batch).to_batches()
        self._finish()

    async def __aiter__(self) -> AsyncGenerator[pa.RecordBatch, None]:
        """Iterate without blocking the event loop; leaving the loop early closes the stream."""
        pyarrow = _import_optional("pyarrow")
        stream = self._stream.take_over()
        try:
            while (batch := await stream.next_batch_async()) is not None:
                for one in pyarrow.table(batch).to_batches():
                    yield one
        finally:
            stream.close()
        self._finish()

    def to_pylist(self) -> list[dict[str, Any]]:
        """Read everything into a list of dictionaries, one per row; needs no other package.

        Times are aware datetimes in UTC; a time in a year that Python does not support stays a
        number of seconds.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> [row["summary"] for row in repo.commits().to_pylist()]
            ['Third', 'Second', 'First']
        """
        rows = self._stream.to_pylist(surrogates=True)
        self._finish()
        return rows

    async def to_pylist_async(self) -> list[dict[str, Any]]:
        """Call `to_pylist` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> len(asyncio.run(repo.commits().to_pylist_async()))
            3
        """
        return await self._convert_async(Records.to_pylist)

    def to_pyarrow(self) -> pa.Table:
        """Read everything into a pyarrow table.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.commits().to_pyarrow().num_rows
            3
        """
        table: pa.Table = _import_optional("pyarrow").table(self._stream.collect())
        self._finish()
        return table

    async def to_pyarrow_async(self) -> pa.Table:
        """Call `to_pyarrow` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> asyncio.run(repo.commits().to_pyarrow_async()).num_rows
            3
        """
        return await self._convert_async(Records.to_pyarrow)

    def to_pandas(self) -> pd.DataFrame:
        """Read everything into a pandas DataFrame.

        Without pyarrow it is made from Python rows, which is slower. Either way numbers are
        `Int64`, offsets and similarities `Int32`, and times ``datetime64[s, UTC]``.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> int(repo.changes().to_pandas()["deletions"].sum())
            1
        """
        pandas = _import_optional("pandas")
        try:
            pyarrow = importlib.import_module("pyarrow")
        except ImportError:
            rows, names = self._stream.to_pylist(surrogates=False), self.column_names
            frame: pd.DataFrame = pandas.DataFrame.from_records(rows, columns=names)
            frame = _with_arrow_dtypes(frame, self._stream.column_types, pandas)
        else:
            frame = pyarrow.table(self._stream.collect()).to_pandas(
                types_mapper={
                    pyarrow.int64(): pandas.Int64Dtype(),
                    pyarrow.int32(): pandas.Int32Dtype(),
                }.get,
                strings_to_categorical=False,
            )
        self._finish()
        return frame

    async def to_pandas_async(self) -> pd.DataFrame:
        """Call `to_pandas` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> int(asyncio.run(repo.changes().to_pandas_async())["deletions"].sum())
            1
        """
        return await self._convert_async(Records.to_pandas)

    def to_polars(self) -> pl.DataFrame:
        """Read everything into a Polars DataFrame.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.blame().to_polars()["line_count"].sum()
            24
        """
        frame: pl.DataFrame = _import_optional("polars").DataFrame(self._stream.collect())
        self._finish()
        return frame

    async def to_polars_async(self) -> pl.DataFrame:
        """Call `to_polars` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> asyncio.run(repo.blame().to_polars_async())["line_count"].sum()
            24
        """
        return await self._convert_async(Records.to_polars)

    def to_pydantic(self, model: type[M]) -> list[M]:
        """Read everything into pydantic models, one per row.

        A field gets the column of the same name; `gitfleet.models.rows` has a model for each table.
        Bytes that are not UTF-8 are encoded as in Arrow text, not as surrogate escapes.

        Raises:
            pydantic.ValidationError: A row does not fit the model.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> from gitfleet.models.rows import ChangeRow
            >>> repo.changes(max_count=1).to_pydantic(ChangeRow)[0].path
            'README.md'
        """
        rows = self._stream.to_pylist(surrogates=False)
        self._finish()
        return [model.model_validate(row) for row in rows]

    async def to_pydantic_async(self, model: type[M]) -> list[M]:
        """Call `to_pydantic` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> from gitfleet.models.rows import ChangeRow
            >>> changes = repo.changes(max_count=1)
            >>> asyncio.run(changes.to_pydantic_async(ChangeRow))[0].path
            'README.md'
        """
        return await self._convert_async(lambda records: records.to_pydantic(model))

    def write_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write everything to a Parquet file, batch by batch; it appears when it is complete.

        Dates that Parquet's readers cannot express, more than 292,000 years away, are null, with a
        ``RuntimeWarning``.

        Returns:
            The number of rows.

        Raises:
            StorageError: The file cannot be written.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.blame().write_parquet("blame.parquet")
            6
        """
        return self._write(path, "parquet")

    async def write_parquet_async(self, path: str | os.PathLike[str]) -> int:
        """Call `write_parquet` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> asyncio.run(repo.blame().write_parquet_async("blame.parquet"))
            6
        """
        return await self._write_async(path, "parquet")

    def write_csv(self, path: str | os.PathLike[str], *, raw_bytes: bool = False) -> int:
        """Write everything to a CSV file with a header, like `write_parquet`.

        Nulls are empty, and lists are joined by spaces. The file is UTF-8: a byte that is not is
        written as U+F700 + byte, or, with `raw_bytes`, unchanged, as git stores it.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.commits().write_csv("commits.csv")
            3
        """
        return self._write(path, "csv-raw" if raw_bytes else "csv")

    async def write_csv_async(
        self, path: str | os.PathLike[str], *, raw_bytes: bool = False
    ) -> int:
        """Call `write_csv` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> asyncio.run(repo.commits().write_csv_async("commits.csv"))
            3
        """
        return await self._write_async(path, "csv-raw" if raw_bytes else "csv")

    def write_jsonl(self, path: str | os.PathLike[str]) -> int:
        """Write everything to a file with one JSON object per line, like `write_parquet`.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> repo.commits().write_jsonl("commits.jsonl")
            3
        """
        return self._write(path, "jsonl")

    async def write_jsonl_async(self, path: str | os.PathLike[str]) -> int:
        """Call `write_jsonl` without blocking the event loop.

        Example:
            >>> import asyncio
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> asyncio.run(repo.commits().write_jsonl_async("commits.jsonl"))
            3
        """
        return await self._write_async(path, "jsonl")

    def _write(
        self, path: str | os.PathLike[str], form: Literal["csv", "csv-raw", "jsonl", "parquet"]
    ) -> int:
        rows, warning = self._stream.write(os.fspath(path), form)
        if warning:
            warnings.warn(warning, RuntimeWarning, stacklevel=3)
        self._finish()
        return rows

    async def _write_async(
        self, path: str | os.PathLike[str], form: Literal["csv", "csv-raw", "jsonl", "parquet"]
    ) -> int:
        rows, warning = await self._stream.write_async(os.fspath(path), form)
        if warning:
            warnings.warn(warning, RuntimeWarning, stacklevel=3)
        self._finish()
        return rows

    async def _convert_async(self, convert: Callable[[Records], R]) -> R:
        """Read everything, and convert it on a thread of its own."""
        read = Records(self._name, await self._stream.collect_async())
        converted = await asyncio.to_thread(convert, read)
        self._finish()
        return converted

    def close(self) -> None:
        """Stop the work that produces the rows; rows that were not read are lost.

        Example:
            >>> import gitfleet
            >>> repo = gitfleet.Repository("projects/alpha")
            >>> records = repo.commits()
            >>> records.close()
        """
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the stream through Arrow's C stream interface.

        Errors are raised by the reader. Warnings are issued, and `failures` is filled, if the
        reader reads on the main thread, as pyarrow and Polars do.
        """
        return self._stream.__arrow_c_stream__(requested_schema, at_end=self._finish)

    def __arrow_c_schema__(self) -> object:
        """Export the schema through Arrow's C schema interface."""
        return self._stream.__arrow_c_schema__()

    def __repr__(self) -> str:
        return f"<Records {self._name}: {', '.join(self.column_names)}>"

    def _repr_html_(self) -> str:
        """Show the first rows in a notebook, without removing them from the stream."""
        names = self.column_names
        rows = self._stream.peek(_PREVIEW_ROWS)
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join(
            f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in names)}</tr>"
            for row in rows or ()
        )
        note = "read or closed" if rows is None else f"the first {len(rows)} rows"
        caption = f"<caption>{html.escape(self._name)}: {note}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Records cannot be pickled; pickle the Repository or the rows instead")

    def _finish(self) -> None:
        check, self._at_end = self._at_end, None
        if check is not None:
            check()


def _with_arrow_dtypes(frame: pd.DataFrame, types: list[str], pandas: Any) -> pd.DataFrame:
    """Give columns of Python values the types they have in Arrow, named by `types`."""
    for name, kind in zip(frame.columns, types, strict=True):
        if kind.startswith("Timestamp"):
            column = [one if isinstance(one, int) else int(one.timestamp()) for one in frame[name]]
            seconds = pandas.Series(column, dtype="int64").astype("datetime64[s]")
            frame[name] = seconds.dt.tz_localize("UTC")
        elif kind == "Int32":
            frame[name] = frame[name].astype("Int32")
        elif kind == "Int64":
            frame[name] = frame[name].astype("Int64")
        elif kind == "Boolean" and not frame[name].hasnans:
            frame[name] = frame[name].astype("bool")
        elif kind == "Utf8" and frame[name].isna().all():
            frame[name] = frame[name].astype(pandas.Series(["text"]).dtype)
    return frame


_PREVIEW_ROWS = 10
"""The number of rows that a notebook shows."""
_MAX_CELL_WIDTH = 60
"""The maximum number of characters of a cell in a notebook."""


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    shown = text if len(text) <= _MAX_CELL_WIDTH else text[: _MAX_CELL_WIDTH - 1] + "…"
    return html.escape(shown)


def _import_optional(package: str) -> Any:
    with needs(package, package):
        return importlib.import_module(package)
