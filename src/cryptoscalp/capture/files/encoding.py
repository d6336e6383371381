"""Text as UTF-8, whatever the beginning of the file says it is in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

from cryptoscalp.capture.files.stored import Broken

_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARKS: Final = (codecs.BOM_UTF8, *_UTF16)


def as_utf8(pieces: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """Yield the pieces of a text in UTF-8: a byte order mark is dropped, UTF-16 is transcoded.

    Without a mark the bytes stay as they are. What is no UTF-16 becomes bytes that are no UTF-8,
    so that the line it stands in is refused. Raises Broken where UTF-16 ends inside a character.
    """
    text, position = _Text(), 0
    try:
        for piece, position in pieces:
            if plain := text.add(piece):
                yield plain, position
    except Broken:
        if plain := text.begin():
            yield plain, position
        raise
    if plain := text.begin() + text.end():
        yield plain, position
    if text.cut:
        raise Broken("the UTF-16 text ends inside a character")


class _Text:
    def __init__(self) -> None:
        self._held: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self.cut = False

    def add(self, piece: bytes) -> bytes:
        """The UTF-8 of the next piece, as far as it is known."""
        if self._held is None:
            return self._decoded(piece)
        self._held += piece
        longer = any(len(mark) > len(self._held) for mark in _MARKS)
        if longer and any(mark.startswith(self._held) for mark in _MARKS):
            return b""
        return self.begin()

    def begin(self) -> bytes:
        """The UTF-8 of what was held back until it was clear whether a mark comes first."""
        held, self._held = self._held or b"", None
        for mark in _MARKS:
            if held.startswith(mark):
                held = held[len(mark) :]
                if mark in _UTF16:
                    # A surrogate alone passes, as bytes that are no UTF-8.
                    self._decoder = codecs.getincrementaldecoder(_UTF16[mark])("surrogatepass")
        return self._decoded(held)

    def end(self) -> bytes:
        """The UTF-8 of what waited for more; `cut` tells that half a character is left."""
        if self._decoder is None:
            return b""
        self.cut = len(self._decoder.getstate()[0]) % 2 == 1
        return b"" if self.cut else self._decoded(b"", final=True)

    def _decoded(self, data: bytes, *, final: bool = False) -> bytes:
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final).encode("utf-8", "surrogatepass")
