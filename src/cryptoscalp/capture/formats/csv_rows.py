"""Lines of a CSV file as columns of text: good rows all at once, the odd ones one by one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.validation import QuarantineReason

_NUL, _NEWLINE, _RETURN, _QUOTE, _LAST_ASCII = 0, 10, 13, 34, 127
Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a CSV file are written: the separator, and a name for each column.

    `header` is the file's own header, which is no row wherever it stands (files are concatenated).
    """

    separator: str
    columns: tuple[str, ...]
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """`frame` has the columns asked for, as text, null where a cell is empty; `lines` its lines."""

    frame: pl.DataFrame
    lines: pl.Series
    rejects: tuple[Reject, ...]


class _NoRow(Exception):
    """A line is no row; the text says why."""


def cut(lines: Sequence[bytes], numbers: Places, shape: Shape, wanted: Sequence[str]) -> Rows:
    """Cut lines (without their ends, numbered by `numbers`) into the `wanted` columns.

    Blank lines and repeated headers are nothing. A line with too few or too many fields, an
    unbalanced quote, bytes that are not UTF-8 or a NUL is a reject.
    """
    places = sorted({shape.columns.index(name) for name in wanted})
    names = [shape.columns[place] for place in places]
    good = _regular(lines, shape)
    odd_rows: list[list[str]] = []
    odd_numbers: list[int] = []
    rejects: list[Reject] = []
    for place in np.flatnonzero(~good).tolist():
        try:
            cells = _cells(lines[place], shape)
        except _NoRow as error:
            reason = str(QuarantineReason.MALFORMED)
            rejects.append(Reject(int(numbers[place]), reason, str(error), lines[place]))
            continue
        if cells:
            odd_rows.append([cells[wanted_place] for wanted_place in places])
            odd_numbers.append(int(numbers[place]))
    text = b"\n".join(lines if good.all() else [lines[i] for i in np.flatnonzero(good).tolist()])
    frame = _parsed(text, shape, places, names)
    held = pl.Series("line", numbers[good], dtype=pl.Int64)
    if odd_rows:
        odd = pl.DataFrame(odd_rows, schema=dict.fromkeys(names, pl.String), orient="row")
        odd = odd.with_columns(pl.all().replace("", None))
        held = pl.concat([held, pl.Series("line", odd_numbers, dtype=pl.Int64)])
        order = held.arg_sort()
        frame, held = pl.concat([frame, odd])[order], held[order]
    return Rows(frame, held, tuple(rejects))


def _regular(lines: Sequence[bytes], shape: Shape) -> npt.NDArray[np.bool_]:
    """Mark the lines that are rows beyond doubt: as many fields as columns, and nothing odd."""
    text = b"\n".join(lines).replace(b"\r\n", b"\n").removesuffix(b"\r") + b"\n"
    octets = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    if len(ends) != len(lines):  # no line at all
        return np.zeros(len(lines), dtype=np.bool_)
    separators = np.flatnonzero(octets == ord(shape.separator))
    quotes = np.flatnonzero(octets == _QUOTE)
    misquoted = np.zeros(len(lines), dtype=np.bool_)
    if len(quotes):
        misquoted, separators = _quoted(octets, ends, quotes, separators)
    counts = np.diff(np.searchsorted(separators, ends), prepend=0)
    good: npt.NDArray[np.bool_] = (counts == len(shape.columns) - 1) & ~misquoted
    if b"\r" in text:  # a line end within the line
        good[np.searchsorted(ends, np.flatnonzero(octets == _RETURN))] = False
    odd = octets == _NUL
    if not text.isascii():
        odd |= octets > _LAST_ASCII
    for place in np.unique(np.searchsorted(ends, np.flatnonzero(odd))).tolist():
        good[place] &= _harmless(lines[place])
    if shape.header and shape.header[0].encode() in text:
        for place in np.flatnonzero(good).tolist():
            good[place] = not _is_header(lines[place], shape)
    return good


def _quoted(
    octets: npt.NDArray[np.uint8], ends: Places, quotes: Places, separators: Places
) -> tuple[npt.NDArray[np.bool_], Places]:
    """Mark the lines whose quotes do not simply enclose fields; keep the separators outside.

    In a simple line every other quote opens a field, after a separator or at the beginning, and
    the one after it closes the field.
    """
    before = np.searchsorted(quotes, ends)  # quotes up to the end of each line
    first = np.concatenate(([0], before[:-1]))
    line = np.searchsorted(ends, quotes)
    opens = (np.arange(len(quotes)) - first[line]) % 2 == 0
    neighbour = np.where(opens, octets[quotes - 1], octets[quotes + 1])
    fits = (neighbour == _NEWLINE) | np.isin(quotes + np.where(opens, -1, 1), separators)
    fits |= opens & (quotes == 0)
    wrong = (before - first) % 2 == 1
    wrong[line[~fits]] = True
    inside = np.searchsorted(quotes, separators) - first[np.searchsorted(ends, separators)]
    return wrong, separators[inside % 2 == 0]


def _harmless(line: bytes) -> bool:
    """Whether a line is text, though not all ASCII."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


def _is_header(line: bytes, shape: Shape) -> bool:
    if not line.lstrip(b'" ').startswith(shape.header[0].strip().encode()):
        return False
    try:
        cells = _split(line, shape)
    except _NoRow:
        return False
    return _is_shape(cells, shape)


def _is_shape(cells: list[str], shape: Shape) -> bool:
    return bool(shape.header) and [one.strip() for one in cells] == [
        one.strip() for one in shape.header
    ]


def _cells(line: bytes, shape: Shape) -> list[str]:
    """The cells of a line; none for a line that is blank or a header. Raises _NoRow."""
    if not line.strip():
        return []
    cells = _split(line, shape)
    if _is_shape(cells, shape):
        return []
    if len(cells) != len(shape.columns):
        raise _NoRow(f"the row has {len(cells)} fields, not {len(shape.columns)}")
    return cells


def _split(line: bytes, shape: Shape) -> list[str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _NoRow(f"byte {error.start + 1} of the row is not UTF-8") from error
    if "\0" in text:
        raise _NoRow(f"character {text.index(chr(0)) + 1} of the row is NUL")
    try:
        found = list(csv.reader([text], delimiter=shape.separator, strict=True))
    except csv.Error as error:
        raise _NoRow(f"the quotes of the row do not fit: {error}") from error
    return found[0] if found else []


def _parsed(text: bytes, shape: Shape, places: list[int], names: list[str]) -> pl.DataFrame:
    if not text:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    quoted = b'"' in text
    frame = pl.read_csv(
        text,
        has_header=False,
        columns=places,
        separator=shape.separator,
        quote_char='"' if quoted else None,
        infer_schema=False,
    )
    frame.columns = names
    return frame.with_columns(pl.all().replace("", None)) if quoted else frame
