"""Predictions in files: Parquet, CSV, JSON and JSON Lines as the table that is recorded.

Parquet has its own types and is taken as it is. In the others a horizon is a number of seconds and
times are ISO 8601 with a zone; whatever cannot be such is refused by its column and row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
from pyarrow import csv, parquet

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.registry.given import LENGTH, TIME

_MICROSECONDS: Final = 1_000_000
_TIMES: Final = ("timestamp", "inputs_until", "features_at")
_NUMBERS: Final = ("horizon", "prediction", "confidence", "latency_ms")
_WHOLE: Final = ("model_id", "feature_set_id")
#: A version such as 1.10 is a text and stays one.
_TEXTS: Final = ("model", "version", "symbol", "exchange", "fingerprint")
_AS_TEXT: Final = {name: pa.string() for name in (*_TIMES, *_NUMBERS, *_WHOLE, *_TEXTS)}


def read(path: Path) -> pa.Table:
    """The predictions of a file .parquet, .csv or .json, else of JSON Lines.

    InputError names the column and the row (the first is 1) of what cannot be read; OSError.
    """
    try:
        with path.open("rb") as file:
            if path.suffix == ".parquet":
                return parquet.read_table(file)
            if path.suffix == ".csv":
                options = csv.ConvertOptions(
                    column_types=_AS_TEXT, null_values=[""], strings_can_be_null=True
                )
                return _typed(csv.read_csv(file, convert_options=options), numbers=True)
        return _typed(_columns(list(_records(path))))
    except (pa.ArrowException, InputError) as error:
        raise InputError(f"{path}: {error}") from error


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON list, or one a line."""
    if path.suffix == ".json":
        found = _decoded(path.read_bytes(), "the file")
        if not isinstance(found, list):
            raise InputError("the file is no list of objects; one object a line belongs in .jsonl")
        for at, one in enumerate(found, 1):
            yield _record(one, f"row {at}")
        return
    with path.open("rb") as lines:
        for at, line in enumerate(lines, 1):
            if line.strip():
                yield _record(_decoded(line, f"line {at}"), f"line {at}")


def _decoded(text: bytes, where: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is no JSON: {error}") from error


def _record(one: Any, where: str) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise InputError(f"{where} is no object with the columns of a prediction")
    return one


def _columns(records: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for one in records for name in one)
    made = {}
    for name in names:
        try:
            made[name] = pa.array([one.get(name) for one in records])
        except (pa.ArrowException, OverflowError) as error:
            raise InputError(f"column {name} is not of one type: {error}") from error
    return pa.table(made)


def _typed(table: pa.Table, *, numbers: bool = False) -> pa.Table:
    """The table with its times and horizons as such; with `numbers` texts are read as numbers."""
    for at, name in enumerate(table.column_names):
        if name in _TIMES:
            table = _set(
                table, at, _cast(table.column(at), TIME, name,
                                 "a time in ISO 8601 with a zone, such as 2024-08-08T23:54:00Z")
            )  # fmt: skip
        elif numbers and name in (*_NUMBERS, *_WHOLE):
            kind = pa.int64() if name in _WHOLE else pa.float64()
            said = "a whole number" if name in _WHOLE else "a number"
            table = _set(table, at, _cast(table.column(at), kind, name, said))
        if name == "horizon":
            table = _set(table, at, _spans(table.column(at)))
    return table


def _set(table: pa.Table, at: int, column: pa.ChunkedArray | pa.Array) -> pa.Table:
    return table.set_column(at, table.column_names[at], column)


def _cast(column: pa.ChunkedArray, kind: pa.DataType, name: str, said: str) -> pa.ChunkedArray:
    """A column of texts as another type; InputError names the first that is none."""
    if not (pa.types.is_string(column.type) or pa.types.is_null(column.type)):
        raise InputError(f"column {name} is {column.type}; write {said}")
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        _refuse(column, name, said, lambda one: pa.scalar(one, pa.string()).cast(kind))
        raise


def _spans(column: pa.ChunkedArray) -> pa.Array:
    """Seconds as durations; InputError for what is no number, or has more than microseconds."""
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise InputError(f"column horizon is {kind}; write seconds as a number")
    found: list[float | None] = column.to_pylist()
    try:
        return pa.array([None if one is None else _microseconds(one) for one in found], LENGTH)
    except (ValueError, OverflowError):
        _refuse(column, "horizon", "seconds with at most six decimals",
                lambda one: pa.scalar(_microseconds(one), LENGTH))  # fmt: skip
        raise


def _microseconds(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError(seconds)
    whole = round(seconds * _MICROSECONDS)
    if whole / _MICROSECONDS != seconds:
        raise ValueError(seconds)
    return whole


def _refuse(column: pa.ChunkedArray, name: str, said: str, read: Callable[[Any], object]) -> None:
    """Raise InputError for the first value of a column that `read` does not take."""
    for row, one in enumerate(column.to_pylist(), 1):
        try:
            if one is not None:
                read(one)
        except (ValueError, OverflowError) as error:
            raise InputError(f"column {name}, row {row}: {one!r} is not {said}") from error
