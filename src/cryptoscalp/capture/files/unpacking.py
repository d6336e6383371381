"""What a file holds, unpacked: compressions and zip archives are known by their first bytes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from cryptoscalp.capture.files.archives import SUFFIX, is_archive, member_pieces
from cryptoscalp.capture.files.compression import CODECS, HEAD_BYTES, Codec
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.stored import Broken, Stored, opened, printable
from cryptoscalp.capture.files.streams import unpacked
from cryptoscalp.capture.files.temporary import kept
from cryptoscalp.infra.db.errors import InputError

__all__ = ["Broken", "is_plain", "pieces", "pieces_of_path", "pieces_of_stream"]


def pieces(item: Item) -> Iterator[tuple[bytes, int]]:
    """Yield an item's plain bytes, at most 1 MiB at once, and the stored bytes read so far.

    Raises Broken at the break of a stream that is damaged or cut off, after everything good
    before it was yielded. Raises InputError when the file cannot be opened, is not what its
    name says (.gz, .xz, .zst, .bz2, .zip), or is a zip member that cannot be read (encrypted,
    of another compression).
    """
    if item.member is None:
        yield from pieces_of_path(item.path)
        return
    with opened(item.path) as stream:
        stored, plain = member_pieces(stream, item.path, item.member)
        yield from _unpacked_again(plain, stored, str(item))


def pieces_of_path(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield the plain bytes of a file as `pieces` does, with the same errors."""
    with opened(path) as stream:
        yield from pieces_of_stream(stream, printable(path))


def pieces_of_stream(stream: BinaryIO, name: str) -> Iterator[tuple[bytes, int]]:
    """Yield the plain bytes of a stream as `pieces` does; `name` is what it is called."""
    stored = Stored(stream)
    head = stored.begin(HEAD_BYTES)
    codec = _codec(head, name)
    if codec is not None:
        yield from unpacked(stored, codec, head)
        return
    while head:
        yield head, stored.position
        head = stored.read()


def is_plain(item: Item) -> bool:
    """Whether the file itself is what it holds. Raises InputError as `pieces` does."""
    if item.member is not None:
        return False
    with opened(item.path) as stream:
        try:
            head = Stored(stream).begin(HEAD_BYTES)
        except Broken as error:
            raise InputError(f"{item}: cannot be read: {error}") from error
        return _codec(head, str(item)) is None


def _codec(head: bytes, name: str) -> Codec | None:
    """The compression of what begins with `head`; InputError when `name` says another."""
    if not head:
        return None
    lower = name.lower()
    for codec in CODECS:
        if lower.endswith(codec.suffix):
            if codec.begins(head):
                return codec
            raise InputError(
                f"{name}: is not {codec.name}, though its name ends in {codec.suffix}; "
                f"nothing was read"
            )
    if is_archive(head):
        raise InputError(f"{name}: is a zip archive where a single file should be; unpack it")
    if lower.endswith(SUFFIX):
        raise InputError(f"{name}: is not zip, though its name ends in {SUFFIX}; nothing was read")
    return next((codec for codec in CODECS if codec.knows(head)), None)


def _unpacked_again(
    plain: Iterator[tuple[bytes, int]], stored: Stored, name: str
) -> Iterator[tuple[bytes, int]]:
    """Yield the pieces of a zip member; one that is compressed itself goes by a temporary file."""
    first: list[tuple[bytes, int]] = []
    head = b""
    try:
        while len(head) < HEAD_BYTES and (found := next(plain, None)) is not None:
            first.append(found)
            head += found[0]
    except Broken as error:
        plain = _raising(error)
    codec = _codec(head[:HEAD_BYTES], name)
    if codec is None:
        yield from chain(first, plain)
        return
    with kept(chain(first, plain), name) as (stream, outer):
        try:
            for piece, _ in unpacked(Stored(stream), codec, b""):
                yield piece, stored.position
        except Broken as inner:
            # The inner stream ends early because the outer one does.
            raise outer or inner from None
        if outer is not None:
            raise outer


def _raising(error: Broken) -> Iterator[tuple[bytes, int]]:
    yield from ()
    raise error
