"""JSON values as rows of text: every number keeps the digits it was written with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec
import polars as pl

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.formats.table import Table
from cryptoscalp.capture.validation import QuarantineReason

#: NaN and Infinity, which are not JSON but are written all the same, come out as those words.
decoder: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
#: Several times as fast; a whole number of any size comes out as an int.
_quick: Final = msgspec.json.Decoder(float_hook=str).decode
_WORDS: Final = frozenset({str, type(None)})
NOT_JSON: Final = (ValueError, RecursionError)
_PLACE: Final = re.compile(r"#[0-9]{1,6}")
Row: TypeAlias = tuple[int, Any, bytes]
"""A row's line, its value, and its record."""


class NoValue:
    """What a record that is no JSON holds instead of a value: why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


def value_of(record: bytes) -> Any:
    """The JSON value of a record, its numbers as text; a `NoValue` when it is none."""
    try:
        return _quick(record)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass  # it does not know NaN, nor half a character; what is no JSON at all fails again
    try:
        return decoder.decode(record.decode())
    except NOT_JSON as error:
        return NoValue(f"the record is no JSON: {error}")


def names_of(values: Iterable[Any]) -> list[str]:
    """The columns that rows of these values have, in the order in which they appear.

    An object's keys, those of objects in it after a dot (`data.price`); an array's places `#1`,
    `#2`, …
    """
    names: dict[str, None] = {}
    for value in values:
        if isinstance(value, dict):
            names.update(dict.fromkeys(_flat(value)))
        elif isinstance(value, list):
            names.update(dict.fromkeys(f"#{place}" for place in range(1, len(value) + 1)))
    return list(names)


def table_of(rows: Sequence[Row], names: Sequence[str]) -> Table:
    """The rows with the columns `names`, all text; what is neither object nor array is a reject.

    A row that lacks a column has no value there.
    """
    raws = {line: raw for line, _, raw in rows}
    good = [row for row in rows if isinstance(row[1], (dict, list))]
    rejects = [_reject(*row) for row in rows if not isinstance(row[1], (dict, list))]
    try:
        frame = _frame(good, names)
    except UnicodeEncodeError:
        wrong = [row for row in good if not _is_unicode(row[1])]
        refused = {line for line, _, _ in wrong}
        rejects += [_reject(line, NoValue("its text is not UTF-8"), raw) for line, _, raw in wrong]
        good = [row for row in good if row[0] not in refused]
        frame = _frame(good, names)
    lines = pl.Series("line", [line for line, _, _ in good], dtype=pl.Int64)
    return Table(frame, lines, raws.__getitem__, tuple(rejects))


def _frame(rows: Sequence[Row], names: Sequence[str]) -> pl.DataFrame:
    values = [value for _, value, _ in rows]
    objects = all(isinstance(value, dict) for value in values)
    columns = []
    for name in dict.fromkeys(names):
        if objects and "." not in name:
            cells = [value.get(name) for value in values]
        else:
            cells = list(map(_finder(name), values))
        if not _WORDS.issuperset(map(type, cells)):
            cells = list(map(_text, cells))
        columns.append(pl.Series(name, cells, dtype=pl.String))
    return pl.DataFrame(columns)


def _finder(name: str) -> Callable[[Any], Any]:
    """How the column of this name is found in a row."""
    place = int(name[1:]) - 1 if _PLACE.fullmatch(name) else -1
    outer, dot, inner = name.partition(".")
    within = _finder(inner) if dot else None

    def find(value: Any) -> Any:
        if isinstance(value, list):
            return value[place] if 0 <= place < len(value) else None
        if not isinstance(value, dict):
            return None
        found = value.get(name)
        return within(value.get(outer)) if found is None and within is not None else found

    return find


def _flat(value: Mapping[str, Any]) -> Iterator[str]:
    """The keys of an object, those of the objects in it as `outer.inner`."""
    for name, cell in value.items():
        if isinstance(cell, dict):
            yield from (f"{name}.{inner}" for inner in _flat(cell))
        else:
            yield name


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int) else json.dumps(cell)


def _is_unicode(value: Any) -> bool:
    """Whether all text of a value can be written: JSON can escape half a character."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _reject(line: int, value: Any, raw: bytes) -> Reject:
    if isinstance(value, NoValue):
        why = value.why
    else:
        why = "the record is neither an object nor an array"
    return Reject(line, QuarantineReason.MALFORMED, why, raw)
