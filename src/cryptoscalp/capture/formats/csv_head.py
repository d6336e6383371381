"""What the beginning of a CSV file shows: its separator, its header, its first row."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Final

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.formats.headers import distinct

_SEPARATORS: Final = (",", ";", "\t", "|")
#: A number or a date: what a header does not hold.
_VALUE: Final = re.compile(
    r"[+-]?[0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|[0-9]{4}[-/]?[0-9]{2}[-/]?[0-9]{2}[T ].*"
    r"|[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a CSV file.

    `header` is as written, empty when the file has none; `columns` are its names, each once
    (`#1`, `#2` without a header); `first` the cells of the first row, empty when there is none;
    `skip` counts the lines before the first row.
    """

    item: Item
    separator: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    first: tuple[str, ...]
    skip: int

    def has(self, *names: str) -> bool:
        """Whether the header holds all of these names."""
        return set(names) <= set(self.columns)


def look(head: bytes, item: Item) -> Head | None:
    """The head of a file that begins with these plain bytes; None when it is no CSV.

    Comment lines (#) and blank lines before the header are passed over. A header is a line
    without a number or a date in it; a comment may be the header, where it has a name for each
    column. Bytes that are not UTF-8 do not matter here.
    """
    lines = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n")
    skip, comment = 0, ""
    while skip < len(lines) and (not lines[skip].strip() or lines[skip].startswith("#")):
        comment = lines[skip] if lines[skip].startswith("#") else comment
        skip += 1
    if skip == len(lines) or "\0" in lines[skip]:
        return None
    separator = max(_SEPARATORS, key=lambda one: len(_cells(lines[skip], one)))
    top = _cells(lines[skip], separator)
    if len(top) < 2:
        return None
    if not any(_VALUE.fullmatch(cell.strip()) for cell in top):
        below = next((line for line in lines[skip + 1 :] if line.strip()), "")
        first = _cells(below, separator) if below else []
        return Head(item, separator, tuple(top), distinct(top), tuple(first), skip + 1)
    names = _cells(comment.lstrip("#").strip(), separator)
    if len(names) == len(top):
        return Head(item, separator, tuple(names), distinct(names), tuple(top), skip)
    numbers = tuple(f"#{place}" for place in range(1, len(top) + 1))
    return Head(item, separator, (), numbers, tuple(top), skip)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
    except csv.Error:  # a field of 128 KiB is no name
        return []
