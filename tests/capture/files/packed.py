"""Packed files for tests: how each kind is made, and what of a broken one can be known.

What can be known is found by the standard library, given one byte after another: nothing is
faster, nothing holds back less.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import blocks
from cryptoscalp.capture.files.unpacking import Broken, pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@dataclass(frozen=True, slots=True)
class Kind:
    """One compression: its suffix, how a stream is packed, what takes one apart, its errors."""

    suffix: str
    pack: Callable[[bytes], bytes]
    decoder: Callable[[], Any]
    error: type[Exception]

    def packed(self, parts: Sequence[bytes]) -> bytes:
        """Every part as a stream of its own, one after the other."""
        return b"".join(self.pack(part) for part in parts)


KINDS = (
    Kind(".gz", lambda data: gzip.compress(data, 6, mtime=0), lambda: zlib.decompressobj(31),
         zlib.error),
    Kind(".xz", lambda data: lzma.compress(data, preset=0), lzma.LZMADecompressor, lzma.LZMAError),
    Kind(".zst", zstd.compress, zstd.ZstdDecompressor, zstd.ZstdError),
    Kind(".bz2", bz2.compress, bz2.BZ2Decompressor, OSError),
)  # fmt: skip


def known(kind: Kind, packed: bytes) -> tuple[bytes, bool]:
    """The plain bytes before the break, and whether there is none."""
    plain, place = bytearray(), 0
    while place < len(packed):
        decoder = kind.decoder()
        while not decoder.eof:
            if place == len(packed):
                return bytes(plain), False
            try:
                plain += decoder.decompress(packed[place : place + 1])
            except kind.error:
                return bytes(plain), False
            place += 1
    return bytes(plain), True


def item_of(path: Path, content: bytes) -> Item:
    """A file with this content, as an item."""
    path.write_bytes(content)
    return Item(path, path.name, len(content))


def plain_of(item: Item) -> tuple[bytes, str | None]:
    """All plain bytes of an item, and why they end early."""
    found = bytearray()
    try:
        for piece, position in pieces(item):
            assert 0 <= position <= item.size
            assert len(piece) <= 1 << 20
            found += piece
    except Broken as error:
        return bytes(found), str(error)
    return bytes(found), None


def lines_of(item: Item, size: int = 32_768) -> tuple[list[bytes], str | None, bytes]:
    """All lines of an item, why they end early, and what is left of the line it ends in."""
    lines: list[bytes] = []
    for block in blocks(item, lines_per_block=size):
        assert block.first == len(lines) + 1
        lines += block.lines
        if block.broken is not None:
            assert block.broken.reason in ("truncated_file", "damaged_file")
            assert block.broken.line == len(lines) + 1
            return lines, block.broken.detail, block.broken.raw
    return lines, None, b""
