"""JSON documents of any size, row by row: an array of rows, or an object that holds one.

Rows are cut out of the text one at a time, so that numbers keep their digits, a row keeps its
own bytes, and a document that is cut off or damaged gives every row before the break.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.files.encoding import as_utf8
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.stored import Broken
from cryptoscalp.capture.files.unpacking import pieces
from cryptoscalp.capture.formats import json_rows
from cryptoscalp.capture.formats.table import Table
from cryptoscalp.capture.validation import QuarantineReason

ROWS: Final = 20_000
# No venue writes a record this long; a document with a quote missing must not fill the memory.
_VALUE_CHARS: Final = 8 << 20
_NUMBER_CHARS: Final = 4_096
_KEPT_CHARS: Final = 65_536
_DEPTH: Final = 16
#: What may be left of a word, a number or an escape that the end of a document cuts in two.
_BEGUN: Final = re.compile(r"[-+.\\A-Za-z0-9]*\s*")
_BLANK: Final = " \t\r\n"


class _Damaged(Exception):
    """The document cannot be read further; the text says why."""


def tables(item: Item, names: Sequence[str], *, rows: int = ROWS) -> Iterator[tuple[Table, int]]:
    """Yield the rows of a document in tables of about `rows`, and the stored bytes read so far.

    The last table tells by a reject why a document ends before its end. Raises InputError for an
    item that cannot be opened.
    """
    text = _Text(as_utf8(pieces(item)))
    line, held = 0, []
    broken: tuple[Reject, ...] = ()
    try:
        for line, (value, raw) in enumerate(_rows(text), 1):
            held.append((line, value, raw))
            if len(held) == rows:
                yield json_rows.table_of(held, names), text.position
                held = []
    except _Damaged as error:
        kept = text.rest()[:_KEPT_CHARS].encode("utf-8", "surrogateescape")
        broken = (Reject(line + 1, text.reason, str(error), kept),)
    if held or broken:
        table = json_rows.table_of(held, names)
        yield Table(table.frame, table.lines, table.raw, table.rejects + broken), text.position


def first_rows(head: bytes) -> list[Any]:
    """The values of the rows that are whole in the beginning of a document."""
    found = []
    try:
        for value, _ in _rows(_Text(iter([(head, 0)]))):
            found.append(value)
    except _Damaged:
        return found
    return found


class _Text:
    """The text of a document, as much of it at a time as is needed."""

    def __init__(self, found: Iterator[tuple[bytes, int]]) -> None:
        self._pieces = found
        # Bytes that are no UTF-8 pass; the row that they stand in is refused.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._over = False
        self._why = ""
        self.position = 0
        self.reason = QuarantineReason.TRUNCATED_FILE

    def rest(self) -> str:
        """What was read and is not used yet."""
        return self._text[self._at :]

    def peek(self) -> str:
        """The next character that is no blank, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, *wanted: str) -> str:
        """Go past the next character, which has to be one of these. Raises _Damaged."""
        found = self.peek()
        if found not in wanted or not found:
            raise self.damaged(f"{' or '.join(wanted)} is missing")
        self._at += 1
        return found

    def value(self) -> tuple[Any, bytes]:
        """Go past the next value; return it and its own text. Raises _Damaged."""
        if self.peek() not in '[{"':
            # A number at the end of what was read may go on.
            while len(self._text) - self._at < _NUMBER_CHARS and self._more():
                pass
        while True:
            try:
                value, end = json_rows.decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                raise self.damaged("values are nested too deep") from error
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > _VALUE_CHARS:
                    raise self.damaged(f"a value does not end: {error.msg}") from error
                if not self._more():
                    open_text = error.msg.startswith("Unterminated string")
                    place = len(self._text) if open_text else error.pos
                    raise self.damaged(error.msg, place) from error
                continue
            text, self._at = self._text[self._at : end], end
            try:
                return value, text.encode()
            except UnicodeEncodeError:
                raw = text.encode("utf-8", "surrogateescape")
                return json_rows.NoValue("the record is not UTF-8"), raw

    def damaged(self, problem: str, place: int | None = None) -> _Damaged:
        """The error for what stands here; a document that ends too early says only that."""
        if self._why:
            return _Damaged(self._why)
        at = self._at if place is None else place
        if self._over and _BEGUN.fullmatch(self._text, at):
            return _Damaged("the document is cut off")
        self.reason = QuarantineReason.MALFORMED
        return _Damaged(f"the document is no JSON from here on: {problem}")

    def _more(self) -> bool:
        if self._over:
            return False
        try:
            piece, self.position = next(self._pieces, (b"", self.position))
        except Broken as error:
            piece, self._why, self.reason = b"", str(error), error.reason
        self._over = not piece
        self._text = self._text[self._at :] + self._decoder.decode(piece, self._over)
        self._at = 0
        return not self._over


def _rows(text: _Text) -> Iterator[tuple[Any, bytes]]:
    """Yield the rows of the one array of rows. Raises _Damaged."""
    if not text.peek():
        return
    if text.peek() == "[":
        yield from _array(text)
    elif text.peek() == "{":
        yield from _object(text, [], 0)
    else:
        raise text.damaged("it is neither an array nor an object")
    if text.peek():
        raise text.damaged("something follows its end")


def _array(text: _Text) -> Iterator[tuple[Any, bytes]]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield text.value()
        if text.take(",", "]") == "]":
            return


def _object(text: _Text, found: list[str], depth: int) -> Iterator[tuple[Any, bytes]]:
    """Yield the rows of the array that an object holds, at any depth.

    An array of plain values is no array of rows. `found` gets the key of the array; a second one
    is not read, for nobody says which is meant.
    """
    if depth > _DEPTH:
        raise text.damaged("values are nested too deep")
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        if text.peek() != '"':
            raise text.damaged("a name is missing")
        key = str(text.value()[0])
        text.take(":")
        opening = text.peek()
        if opening == "{":
            yield from _object(text, found, depth + 1)
        elif opening == "[":
            yield from _candidate(text, key, found)
        else:
            text.value()
        if text.take(",", "}") == "}":
            return


def _candidate(text: _Text, key: str, found: list[str]) -> Iterator[tuple[Any, bytes]]:
    """Yield the values of an array if they are rows."""
    text.take("[")
    if text.peek() and text.peek() in "[{":
        if found:
            raise text.damaged(f"it has rows under {found[0]!r} and under {key!r} too")
        found.append(key)
    rows = found == [key]
    while text.peek() != "]":
        row = text.value()
        if rows:
            yield row
        if text.peek() != "]":
            text.take(",")
    text.take("]")
