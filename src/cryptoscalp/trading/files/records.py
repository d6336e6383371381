"""Texts into records: CSV, a JSON array, an object around one, JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, NoReturn

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.trading.files.content import Content
from cryptoscalp.trading.files.record import Record

_DELIMITERS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Records:
    """What a file is made of: its records, and the names of the fields of the first one."""

    name: str
    kind: Literal["csv", "json"]
    columns: tuple[str, ...]
    records: list[Record]


def split(content: Content) -> Records:
    """The records of a text. Raises InputError naming the line or record that is damaged."""
    text = content.text
    match text.lstrip()[:1]:
        case "":
            raise InputError(f"{content.name}: is empty")
        case "[" | "{":
            records = list(_json_records(content))
            columns = tuple(records[0].fields) if records else ()
            return Records(content.name, "json", columns, records)
        case _:
            return _csv(content)


def document(content: Content) -> Any:
    """A whole JSON text, its numbers exact. Raises InputError for what is none."""
    return _loads(content.text, content.name)


def _csv(content: Content) -> Records:
    text = content.text
    first = text.lstrip("\r\n").partition("\n")[0]
    counts = {mark: first.count(mark) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: counts[mark])
    # newline="": a line break inside of quotes is part of its cell.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: tuple[str, ...] | None = None
    records = []
    line = 1
    try:
        for cells in reader:
            where, line = f"{content.name}, line {line}", reader.line_num + 1
            if not any(cells):
                continue
            if header is None:
                header = _header(cells, where)
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{where}: has {len(cells)} cells where the header has {len(header)};"
                    " nothing was booked"
                )
            records.append(Record(where, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise InputError(
            f"{content.name}, line {reader.line_num}: is no CSV: {error}; nothing was booked"
        ) from error
    return Records(content.name, "csv", header or (), records)


def _header(cells: list[str], where: str) -> tuple[str, ...]:
    header = tuple(cell.strip() for cell in cells)
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise InputError(f"{where}: the header has {', '.join(twice)} twice; name each column once")
    return header


def _json_records(content: Content) -> Iterator[Record]:
    if content.text.lstrip().startswith("["):
        yield from _numbered(_loads(content.text, content.name), content.name)
        return
    lines = [
        (number, line) for number, line in enumerate(content.text.split("\n"), 1) if line.strip()
    ]
    if len(lines) > 1 and _is_whole(lines[0][1]):
        for number, line in lines:
            where = f"{content.name}, line {number}"
            yield _record(_loads(line, where), where)
        return
    found = _loads(content.text, content.name)
    inner = _array(found, content.name)
    if inner is not None:
        yield from _numbered(inner, content.name)
    else:
        yield Record(f"{content.name}, line 1", found)


def _is_whole(line: str) -> bool:
    """Whether a line is a JSON object of its own, and not the beginning of one over lines."""
    try:
        json.loads(line, parse_int=str)
    except ValueError:
        # A damaged first line of many is told by what would follow it: an object that begins.
        return line.rstrip().endswith("}")
    return True


def _numbered(found: list[Any], name: str) -> Iterator[Record]:
    for number, one in enumerate(found, 1):
        where = f"{name}, record {number}"
        yield _record(one, where)


def _record(found: Any, where: str) -> Record:
    if not isinstance(found, dict):
        raise InputError(f"{where}: is no object with named fields; nothing was booked")
    return Record(where, found)


def _array(found: dict[str, Any], name: str, inside: str = "") -> list[Any] | None:
    """The one array of objects in an object, wherever it lies; None where there is none."""
    arrays = [(f"{inside}{key}", one) for key, one in found.items() if _is_table(one)]
    for key, one in found.items():
        if isinstance(one, dict) and not arrays:
            inner = _array(one, name, f"{inside}{key}.")
            if inner is not None:
                arrays.append((key, inner))
    if len(arrays) > 1:
        raise InputError(
            f"{name}: has several lists of records ({', '.join(key for key, _ in arrays)});"
            " write the one that is meant to a file of its own"
        )
    return arrays[0][1] if arrays else None


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _loads(text: str, where: str) -> Any:
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: is no JSON: {error.msg} at line {error.lineno}, column {error.colno};"
            " nothing was booked"
        ) from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputError(f"{where}: is no JSON: {error}; nothing was booked") from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"field {name!r} is there twice in one object")
    return found
