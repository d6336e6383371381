"""Line files of any size, plain or gzip, as blocks of whole lines in bounded memory.

A gzip stream that ends early or is damaged yields everything before the break, then says where
it broke: a recorder that was killed leaves such files, and their events are good.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from isal import igzip_lib, isal_zlib

from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.infra.db.errors import InputError

LINES_PER_BLOCK: Final = 32_768
_BLOCK_BYTES: Final = 16 << 20
_READ_BYTES: Final = 64 << 10
_PIECE_BYTES: Final = 1 << 20
# No recorder writes a line this long: what follows is dropped and the line will not parse.
_LINE_BYTES: Final = 8 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WBITS: Final = 31


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


class _Broken(Exception):
    """The stored stream cannot be read further."""


def read_blocks(
    source: Path | str | BinaryIO, *, lines_per_block: int = LINES_PER_BLOCK
) -> Iterator[Block]:
    """Yield the lines of a file or a byte stream in blocks of about `lines_per_block`.

    Gzip is recognised by its first bytes. Raises InputError when the source cannot be opened,
    or is called .gz and is no gzip.
    """
    with _opened(source) as (name, stream):
        head = stream.read(len(_GZIP_MAGIC))
        zipped = head == _GZIP_MAGIC
        if name.endswith(".gz") and head and not zipped:
            raise InputError(f"{name}: is not gzip, though its name ends in .gz; nothing was read")
        pieces = _inflate(stream, head) if zipped else _plain(stream, head)
        yield from _cut(pieces, lines_per_block)


def first_bytes(path: Path, length: int = 65_536) -> bytes:
    """The first bytes of a file's plain text, as far as they can be read.

    Raises InputError when the file cannot be opened, or is called .gz and is no gzip.
    """
    with _opened(path) as (name, stream):
        head = stream.read(len(_GZIP_MAGIC))
        zipped = head == _GZIP_MAGIC
        if name.endswith(".gz") and head and not zipped:
            raise InputError(f"{name}: is not gzip, though its name ends in .gz; nothing was read")
        found = b""
        try:
            for piece, _ in _inflate(stream, head) if zipped else _plain(stream, head):
                found += piece
                if len(found) >= length:
                    break
        except _Broken as error:
            if not found:
                raise InputError(
                    f"{name}: cannot be read: {error}; nothing was imported"
                ) from error
        return found[:length]


@contextmanager
def _opened(source: Path | str | BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    if not isinstance(source, (str, Path)):
        yield str(getattr(source, "name", "stream")), source
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115 - only opening may fail as an InputError
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {error.strerror}") from error
    with stream:
        yield str(source), stream


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(_READ_BYTES)
    except OSError as error:
        raise _Broken(f"reading failed: {error.strerror}") from error


def _plain(stream: BinaryIO, head: bytes) -> Iterator[tuple[bytes, int]]:
    position = len(head)
    if head:
        yield head, position
    while data := _read(stream):
        position += len(data)
        yield data, position


def _inflate(stream: BinaryIO, head: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (plain bytes, compressed bytes read so far) over all gzip members of the stream."""
    pending, position = head, len(head)
    while True:
        member, fed, made = isal_zlib.decompressobj(_GZIP_WBITS), 0, 0
        while not member.eof:
            if not pending:
                pending = _read(stream)
                position += len(pending)
            start, given = position - len(pending), len(pending)
            try:
                piece = member.decompress(pending, _PIECE_BYTES)
            except igzip_lib.IsalError as error:  # type: ignore[misc]  # its stub misses the base
                yield _before_damage(stream, start - fed, fed, given, made), position
                raise _Broken(f"the gzip stream is damaged near byte {start}: {error}") from error
            pending = member.unused_data if member.eof else member.unconsumed_tail
            fed, made = fed + given - len(pending), made + len(piece)
            # Without input it still gives what a full piece had kept back.
            if not (given or piece or member.eof):
                raise _Broken(f"the gzip stream ends too early, after {position} bytes")
            yield piece, position
        # Members may follow one another; zeros after the last are padding.
        while len(pending := pending.lstrip(b"\0")) < len(_GZIP_MAGIC):
            more = _read(stream)
            position += len(more)
            if not more and not pending:
                return
            if not more:
                break
            pending += more
        if not pending.startswith(_GZIP_MAGIC):
            raise _Broken(f"byte {position - len(pending)} is after the gzip stream and no gzip")


def _before_damage(stream: BinaryIO, start: int, fed: int, given: int, made: int) -> bytes:
    """Return the plain bytes that the failed call had found before the damage.

    The fast decompressor keeps them to itself. This one reads the gzip member again from
    `start`: `fed` bytes that are good and gave `made` plain bytes, then `given` bytes one by one.
    """
    if not stream.seekable() or stream.tell() != start + fed + given:
        return b""
    stream.seek(start)
    slow, found = zlib.decompressobj(_GZIP_WBITS), bytearray()
    steps = [_READ_BYTES] * (fed // _READ_BYTES) + [fed % _READ_BYTES] + [1] * given
    try:
        for step in steps:
            plain = slow.decompress(stream.read(step))
            found += plain[made:]
            made -= min(made, len(plain))
    except (zlib.error, OSError):
        return bytes(found)
    return bytes(found)


def _cut(pieces: Iterator[tuple[bytes, int]], lines_per_block: int) -> Iterator[Block]:
    """Gather pieces into blocks of whole lines; the rest of one is the start of the next."""
    gathered: list[bytes] = []
    first, newlines, size, position = 1, 0, 0, 0
    dropping = False
    why = ""
    try:
        for piece, position in pieces:
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
            lines = b"".join(gathered).split(b"\n")
            rest = lines.pop()
            if len(rest) > _LINE_BYTES:
                rest, dropping = rest[:_READ_BYTES], True
            gathered, newlines, size = [rest], 0, len(rest)
            for part in _parts(lines, lines_per_block):
                yield Block(first, part, position)
                first += len(part)
    except _Broken as error:
        why = str(error)
    lines = b"".join(gathered).split(b"\n")
    rest = lines.pop()
    if rest and not why:
        lines.append(rest)
    for part in _parts(lines, lines_per_block):
        yield Block(first, part, position)
        first += len(part)
    if why:
        reason = QuarantineReason.TRUNCATED_FILE
        yield Block(first, [], position, Reject(first, reason, why, rest[:_READ_BYTES]))


def _parts(lines: list[bytes], lines_per_block: int) -> Iterator[list[bytes]]:
    """Split into even parts, so that no block is a handful of lines left over."""
    count = max(1, round(len(lines) / lines_per_block))
    size = -(-len(lines) // count)
    for start in range(0, len(lines), size or 1):
        yield lines[start : start + size]
