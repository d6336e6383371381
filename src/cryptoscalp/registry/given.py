"""Tables and numbers as callers hand them over: checked, and brought to one type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import pyarrow as pa

from cryptoscalp.infra.db.errors import InputError

TIME: Final = pa.timestamp("us", "UTC")
LENGTH: Final = pa.duration("us")
#: Rows that one batch may have: it is one statement, stored whole or not at all.
MOST_ROWS: Final = 1_000_000


def fit(
    table: pa.Table, needed: Collection[str], optional: Collection[str] = (), *, what: str
) -> None:
    """Refuse a table that lacks columns, has others, or has one twice; InputError names them."""
    if not isinstance(table, pa.Table):
        raise InputError(f"{what} are {type(table).__name__}; hand over a pyarrow.Table")
    names = table.column_names
    missing = [name for name in needed if name not in names]
    unknown = [name for name in names if name not in needed and name not in optional]
    twice = sorted({name for name in names if names.count(name) > 1})
    if missing or unknown or twice:
        said = (("missing", missing), ("unknown", unknown), ("twice", twice))
        raise InputError(
            f"the columns of the {what} do not fit: "
            + "; ".join(f"{word}: {', '.join(found)}" for word, found in said if found)
        )
    if table.num_rows > MOST_ROWS:
        raise InputError(
            f"{table.num_rows:,} {what} are more than the {MOST_ROWS:,} of a batch;"
            " hand them over in parts"
        )


def float64(value: Any, what: str) -> float:
    """A number as a float, NaN too; InputError for what is none, or too large to be one."""
    if isinstance(value, float):
        return value
    if value is not None and not isinstance(value, (bool, str, bytes, bytearray)):
        try:
            return float(value)
        except OverflowError:
            raise InputError(f"{what} is beyond the range of float64, about 1.8e308") from None
        except (TypeError, ValueError):
            pass
    raise InputError(f"{what} {value!r} is {type(value).__name__}; it must be a number")


def times(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of moments as timestamp[us, UTC]; InputError without a zone or beyond a µs."""
    column = table.column(name)
    kind = column.type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise InputError(f"column {name} is {kind}; it must be a timestamp with a time zone")
    return _cast(column, TIME, name)


def lengths(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of lengths of time as duration[us]; InputError for another type."""
    column = table.column(name)
    if not pa.types.is_duration(column.type):
        raise InputError(f"column {name} is {column.type}; it must be a duration")
    return _cast(column, LENGTH, name)


def numbers(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of numbers as float64; InputError for what is none, decimals too."""
    column = table.column(name)
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise InputError(f"column {name} is {kind}; it must be float64")
    return _cast(column, pa.float64(), name)


def integers(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of whole numbers as int64; InputError for another type."""
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        raise InputError(f"column {name} is {column.type}; it must be int64")
    return _cast(column, pa.int64(), name)


def texts(table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of texts, plain or dictionary-encoded, as strings; InputError for another type."""
    column = table.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)):  # fmt: skip
        raise InputError(f"column {name} is {column.type}; it must be string")
    return _cast(column, pa.string(), name)


def _cast(column: pa.ChunkedArray, kind: pa.DataType, name: str) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as error:
        raise InputError(f"column {name} is not exact as {kind}: {error}") from error
