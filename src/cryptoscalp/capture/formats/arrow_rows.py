"""Rows of Arrow data as tables: typed columns stay typed, and a row's record is its JSON.

In the JSON of a row numbers are written as they are (decimals and integers in full, floats by
their shortest text), times as ISO 8601 down to the nanosecond, bytes of a fixed length as
hexadecimal digits. Bytes of any length are taken for text that its writer did not call so; where
they are none the row is refused, and its JSON has {"bytes": "ff00"} there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.formats import json_rows
from cryptoscalp.capture.formats.arrow_files import Part, is_text
from cryptoscalp.capture.formats.headers import distinct
from cryptoscalp.capture.formats.reading import Record
from cryptoscalp.capture.formats.table import Table
from cryptoscalp.capture.formats.times import microseconds
from cryptoscalp.capture.validation import QuarantineReason

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_PER_SECOND: Final = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_BYTES: Final = "bytes"
#: The kind of a column whose values are no text, number or time.
NO_VALUES: Final = "none"
_DAY_S: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_S: Final = 2**53  # no date, and no overflow in milliseconds
_SECONDS: Final = (-62_135_596_800, 253_402_300_799)  # the years 1 to 9999


def kinds_of(schema: pa.Schema) -> dict[str, str]:
    """What `rebuilt` has to know of each column: float, time, bytes or text, or NO_VALUES."""
    names = distinct(schema.names)
    return {name: _kind(field.type) for name, field in zip(names, schema, strict=True)}


def table_of(part: Part, first: int) -> Table:
    """The rows, numbered from `first`, and the reject that says why the file ends after them.

    Columns of NO_VALUES are left out of the frame.
    """
    rows = part.rows
    names = distinct(rows.column_names)
    columns: dict[str, pl.Series] = {}
    wrong: dict[int, str] = {}
    for name, column in zip(names, rows.columns, strict=True):
        made = _series(column, name, wrong)
        if made is not None:
            columns[name] = made.alias(name)

    def raw(line: int) -> bytes:
        if not first <= line < first + rows.num_rows:
            raise KeyError(line)
        return _record(rows, line - first, names)

    rejects = [
        Reject(first + row, QuarantineReason.MALFORMED, wrong[row], raw(first + row))
        for row in sorted(wrong)
    ]
    if part.broken:
        reason = QuarantineReason.TRUNCATED_FILE
        rejects.append(Reject(first + rows.num_rows, reason, part.broken, b""))
    lines = pl.int_range(first, first + rows.num_rows, eager=True).alias("line")
    frame = pl.DataFrame(columns)
    if wrong:
        keep = pl.repeat(True, rows.num_rows, eager=True).scatter(sorted(wrong), False)
        frame, lines = frame.filter(keep), lines.filter(keep)
    return Table(frame, lines, raw, tuple(rejects))


def rebuilt(records: Sequence[Record], kinds: Mapping[str, str]) -> Table:
    """A table of rows that are known by their records, typed as `kinds_of` says."""
    rows = [(record.line, _readable(record.raw), record.raw) for record in records]
    table = json_rows.table_of(rows, list(kinds))
    typed = [_typed(table.frame[name], kind) for name, kind in kinds.items()]
    return Table(pl.DataFrame(typed), table.lines, table.raw, table.rejects)


def _readable(record: bytes) -> Any:
    value = json_rows.value_of(record)
    if isinstance(value, dict):
        for name, cell in value.items():
            if isinstance(cell, dict) and cell.keys() == {_BYTES}:
                return json_rows.NoValue(_no_text(name))
    return value


def _no_text(name: str) -> str:
    return f"{name} is not UTF-8 text"


def _typed(cells: pl.Series, kind: str) -> pl.Series:
    match kind:
        case "float":
            return cells.cast(pl.Float64, strict=False)
        case "time":
            times = microseconds(cells, "iso")
            return times.values.cast(pl.Datetime("us", "UTC")).alias(cells.name)
        case "bytes":
            return cells.str.decode("hex", strict=False)
        case _:
            return cells


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    if pa.types.is_floating(kind):
        return "float"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    if pa.types.is_fixed_size_binary(kind):
        return "bytes"
    return "text" if _is_plain(kind) or is_text(kind) or _is_loose(kind) else NO_VALUES


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_null(kind) or pa.types.is_decimal(kind):
        return True
    timely = pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind)
    return bool(pa.types.is_primitive(kind) and not timely)


def _is_loose(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_binary,
        pa.types.is_large_binary,
        pa.types.is_binary_view,
    )
    return any(test(kind) for test in tests)


def _series(column: pa.ChunkedArray, name: str, wrong: dict[int, str]) -> pl.Series | None:
    """A column for polars; rows whose text is no text are named in `wrong`."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = _decoded_words(column)
        kind = column.type
    made: Callable[[pa.ChunkedArray], Any] = pl.from_arrow
    if pa.types.is_null(kind):
        return pl.repeat(None, len(column), dtype=pl.String, eager=True)
    if pa.types.is_decimal(kind):
        return pl.Series(made(column.cast(pa.string())))
    if pa.types.is_float16(kind):
        return pl.Series(made(column.cast(pa.float32())))
    if pa.types.is_timestamp(kind):
        # A zone only says how to show a time; without one it is UTC here as everywhere.
        if kind.unit == "s":  # a cast to the next unit would wrap around
            seconds = pl.Series(made(column.cast(pa.int64()))).clip(-_FAR_S, _FAR_S)
            return (seconds * 1_000).cast(pl.Datetime("ms", "UTC"))
        return pl.Series(made(column.cast(pa.timestamp(kind.unit, "UTC"), safe=False)))
    if _is_plain(kind) or is_text(kind) or pa.types.is_fixed_size_binary(kind):
        return pl.Series(made(column))
    if _is_loose(kind):
        return _decoded(column, name, wrong)
    return None


def _decoded_words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of numbered words (a category) as the words."""
    kind = column.type.value_type
    # The words may be stored in a way (views) that Arrow cannot take them from.
    if pa.types.is_string_view(kind):
        kind = pa.large_string()
    elif pa.types.is_binary_view(kind):
        kind = pa.large_binary()
    parts = [
        pa.DictionaryArray.from_arrays(part.indices, part.dictionary.cast(kind)).cast(kind)
        for part in column.chunks
    ]
    return pa.chunked_array(parts, kind)


def _decoded(column: pa.ChunkedArray, name: str, wrong: dict[int, str]) -> pl.Series:
    """Bytes that should be text, as text."""
    cells: list[str | None] = []
    for row, cell in enumerate(column.to_pylist()):
        try:
            cells.append(None if cell is None else cell.decode())
        except UnicodeDecodeError:
            wrong.setdefault(row, _no_text(name))
            cells.append(None)
    return pl.Series(cells, dtype=pl.String)


def _record(rows: pa.Table, row: int, names: Sequence[str]) -> bytes:
    return _encode(
        {name: _plain(column[row]) for name, column in zip(names, rows.columns, strict=True)}
    )


def _plain(cell: Any) -> Any:
    """A value that JSON has, without losing a digit."""
    if not cell.is_valid:
        return None
    kind = cell.type
    if pa.types.is_dictionary(kind):
        return _plain(cell.value)
    if pa.types.is_struct(kind):
        return {name: _plain(value) for name, value in cell.items()}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [_plain(value) for value in cell.values]
    if pa.types.is_timestamp(kind):
        return _iso(cell.value, kind.unit)
    if pa.types.is_date32(kind):
        return _iso(cell.value * _DAY_S, "s")
    if pa.types.is_date64(kind):
        return _iso(cell.value, "ms")
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return int(cell.value)
    if pa.types.is_floating(kind):
        return _float(cell.as_py(), narrow=not pa.types.is_float64(kind))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return cell.as_py()
    if pa.types.is_fixed_size_binary(kind):
        return cell.as_py().hex()
    if _is_loose(kind):
        return _text(cell.as_py())
    return str(cell)


def _text(cell: bytes) -> str | dict[str, str]:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return {_BYTES: cell.hex()}


def _float(number: float, *, narrow: bool) -> float | str:
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    if not narrow:
        return number
    return float(pl.Series([number], dtype=pl.Float32).cast(pl.String)[0])


def _iso(value: int, unit: str) -> str | int:
    """A count of units since the epoch as ISO 8601; one that is no date stays a number."""
    seconds, below = divmod(value, _PER_SECOND[unit])
    if not _SECONDS[0] <= seconds <= _SECONDS[1]:
        return value
    moment = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = len(str(_PER_SECOND[unit])) - 1
    return f"{moment}.{below:0{digits}d}Z" if digits else f"{moment}Z"
