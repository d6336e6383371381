"""Line files of any size, packed or plain, as blocks of whole lines in bounded memory.

A stream that ends early or is damaged yields everything before the break, then says where it
broke: a recorder that was killed leaves such files, and their events are good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.files.encoding import as_utf8
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.stored import READ_BYTES, Broken, printable
from cryptoscalp.capture.files.unpacking import pieces, pieces_of_path, pieces_of_stream
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.infra.db.errors import InputError

LINES_PER_BLOCK: Final = 32_768
_BLOCK_BYTES: Final = 16 << 20
# No recorder writes a line this long: what follows is dropped and the line will not parse.
_LINE_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines without their line ends, the number of the first (1-based), how far we are.

    `position` is in bytes of the file as stored (compressed). `broken` tells why the stream
    ended early, on the last block only.
    """

    first: int
    lines: list[bytes]
    position: int
    broken: Reject | None = None


def blocks(item: Item, *, lines_per_block: int = LINES_PER_BLOCK) -> Iterator[Block]:
    """Yield the lines of an item in UTF-8, in blocks of about `lines_per_block`.

    A line ends in a line feed, with a carriage return before it or not. Raises InputError for an
    item that cannot be opened or is not what its name says.
    """
    yield from _cut(as_utf8(pieces(item)), lines_per_block)


def read_blocks(
    source: Path | str | BinaryIO, *, lines_per_block: int = LINES_PER_BLOCK
) -> Iterator[Block]:
    """Yield the lines of a file or a byte stream as `blocks` does, with the same errors."""
    if isinstance(source, str | Path):
        found = pieces_of_path(Path(source))
    else:
        found = pieces_of_stream(source, str(getattr(source, "name", "stream")))
    yield from _cut(as_utf8(found), lines_per_block)


def head(item: Item, length: int = 65_536) -> bytes:
    """The first bytes of an item's text in UTF-8, as far as they can be read.

    Raises InputError for an item that cannot be opened, is not what its name says, or is broken
    before its first byte.
    """
    return _beginning(pieces(item), str(item), length)


def first_bytes(path: Path, length: int = 65_536) -> bytes:
    """The first bytes of a file's text as `head` gives them, with the same errors."""
    return _beginning(pieces_of_path(path), printable(path), length)


def _beginning(found: Iterator[tuple[bytes, int]], name: str, length: int) -> bytes:
    text = b""
    try:
        for piece, _ in as_utf8(found):
            text += piece
            if len(text) >= length:
                break
    except Broken as error:
        if not text:
            raise InputError(f"{name}: cannot be read: {error}; nothing was imported") from error
    return text[:length]


def _cut(found: Iterator[tuple[bytes, int]], lines_per_block: int) -> Iterator[Block]:
    """Gather pieces into blocks of whole lines; the rest of one is the start of the next."""
    gathered: list[bytes] = []
    first, newlines, size, position = 1, 0, 0, 0
    dropping = False
    why, reason = "", QuarantineReason.TRUNCATED_FILE
    try:
        for piece, position in found:
            if dropping:
                end = piece.find(b"\n")
                if end < 0:
                    continue
                piece, dropping = piece[end:], False
            gathered.append(piece)
            newlines += piece.count(b"\n")
            size += len(piece)
            if newlines < lines_per_block and size < _BLOCK_BYTES:
                continue
            lines, rest = _split(gathered)
            if len(rest) > _LINE_BYTES:
                rest, dropping = rest[:READ_BYTES], True
            gathered, newlines, size = [rest], 0, len(rest)
            for part in _parts(lines, lines_per_block):
                yield Block(first, part, position)
                first += len(part)
    except Broken as error:
        why, reason = str(error), error.reason
    lines, rest = _split(gathered)
    if rest and not why:
        lines.append(_short(rest.removesuffix(b"\r")))
    for part in _parts(lines, lines_per_block):
        yield Block(first, part, position)
        first += len(part)
    if why:
        yield Block(first, [], position, Reject(first, reason, why, rest[:READ_BYTES]))


def _split(gathered: list[bytes]) -> tuple[list[bytes], bytes]:
    """The whole lines of the pieces, and what follows the last of them."""
    text = b"".join(gathered)
    # One byte is looked for much faster than two.
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    lines = text.split(b"\n")
    rest = lines.pop()
    if len(text) > _LINE_BYTES and max(map(len, lines), default=0) > _LINE_BYTES:
        lines = [_short(line) for line in lines]
    return lines, rest


def _short(line: bytes) -> bytes:
    return line if len(line) <= _LINE_BYTES else line[:READ_BYTES]


def _parts(lines: list[bytes], lines_per_block: int) -> Iterator[list[bytes]]:
    """Split into even parts, so that no block is a handful of lines left over."""
    count = max(1, round(len(lines) / lines_per_block))
    size = -(-len(lines) // count)
    for start in range(0, len(lines), size or 1):
        yield lines[start : start + size]
