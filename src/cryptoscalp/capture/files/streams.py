"""Compressed bytes to plain bytes in bounded memory, up to the last one before a break."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain, repeat
from typing import Final

from cryptoscalp.capture.files.compression import Codec, Decoder
from cryptoscalp.capture.files.stored import READ_BYTES, Broken, Damaged, Stored

#: Plain bytes in one piece at most, however many the stored ones stand for.
PIECE_BYTES: Final = 1 << 20
# A decoder may see damage only a little after it, in the next bytes it is given.
_LATE_BYTES: Final = 1 << 10


def unpacked(stored: Stored, codec: Codec, head: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (plain bytes, stored bytes read so far) over all streams that follow one another.

    `head` is what was read of `stored` already. Raises Broken where it cannot be read further,
    after everything before that was yielded.
    """
    pending = head
    longest = max(map(len, codec.magics))
    while True:
        pending = yield from unpacked_stream(stored, codec, pending)
        # Zeros after a stream are padding.
        while len(pending := pending.lstrip(b"\0")) < longest and (more := stored.read()):
            pending += more
        if not pending:
            return
        if not codec.begins(pending):
            place = stored.position - len(pending)
            raise Broken(
                f"the {codec.name} stream ends at byte {place}, and what follows is no such"
            )


def unpacked_stream(
    stored: Stored, codec: Codec, pending: bytes
) -> Generator[tuple[bytes, int], None, bytes]:
    """Yield as `unpacked` does over one stream; return the bytes that were read beyond its end."""
    decoder = codec.decoder()
    start = stored.position - len(pending)
    fed, given, made, piece = 0, b"", 0, b""
    while not decoder.eof:
        # One that gave nothing wants more, whatever it says.
        hungry, data = decoder.needs_input or not piece, b""
        if hungry:
            fed += len(given)
            given = data = pending or stored.read()
            pending = b""
        try:
            piece = decoder.decompress(data, PIECE_BYTES)
        except codec.errors as error:
            yield from _before_break(stored, codec, start, fed, made)
            raise Damaged(
                f"the {codec.name} stream is damaged near byte {start + fed}: {error}"
            ) from error
        made += len(piece)
        if piece:
            yield piece, stored.position
        # Without input it still gives what a full piece had kept back.
        elif hungry and not data and not decoder.eof:
            end = stored.position
            if codec.careful is not None:
                yield from _before_break(stored, codec, start, fed, made)
            raise Broken(f"the {codec.name} stream ends too early, after {end} bytes")
    return decoder.unused_data


def _before_break(
    stored: Stored, codec: Codec, start: int, fed: int, made: int
) -> Iterator[tuple[bytes, int]]:
    """Yield the plain bytes before a break that the decoder had kept to itself.

    The stream is read again from `start`: after `fed` bytes, which gave most of the `made` plain
    bytes that are known, byte by byte until it breaks again.
    """
    end = stored.position
    if not stored.back_to(start):
        return
    decoder = (codec.careful or codec.decoder)()
    whole = max(0, fed - _LATE_BYTES)
    steps = chain(repeat(READ_BYTES, whole // READ_BYTES), (whole % READ_BYTES,))
    for step in chain(steps, repeat(1, end - start - whole)):
        data = stored.read(step)
        for piece in _drained(decoder, codec, data):
            if piece is None:
                return
            if fresh := piece[made:]:
                yield fresh, end
            made -= min(made, len(piece))


def _drained(decoder: Decoder, codec: Codec, data: bytes) -> Iterator[bytes | None]:
    """Yield all that `data` stands for; None where it ends or breaks."""
    while True:
        try:
            piece = decoder.decompress(data, PIECE_BYTES)
        except codec.errors:
            yield None
            return
        yield piece
        if decoder.eof:
            yield None
        if len(piece) < PIECE_BYTES:
            return
        data = b""
