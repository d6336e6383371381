"""The stored bytes of a file or of a zip member, read forward and again from a place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from cryptoscalp.capture.validation import QuarantineReason
from cryptoscalp.infra.db.errors import InputError

READ_BYTES: Final = 64 << 10


class Broken(Exception):
    """The stored bytes cannot be read further; the text says why."""

    reason = QuarantineReason.TRUNCATED_FILE


class Damaged(Broken):
    """The stored bytes are not what was packed: what was read last may be false, without a sign."""

    reason = QuarantineReason.DAMAGED_FILE


def printable(path: Path | str) -> str:
    """A path as text that can be shown and stored.

    Bytes of it that are not UTF-8, line ends and other control characters are escapes.
    """
    text = str(path).encode("utf-8", "backslashreplace").decode()
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file opened for reading. Raises InputError when that fails."""
    try:
        # Only opening may fail as an InputError.
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{printable(path)}: cannot be read: {why}") from error
    with stream:
        yield stream


class Stored:
    """A stretch of a stream from where it stands, `size` bytes long or to its end.

    `position` counts the bytes read of the stretch.
    """

    def __init__(self, stream: BinaryIO, size: int | None = None) -> None:
        self._stream = stream
        self._size = size
        self._start = stream.tell() if stream.seekable() else None
        self.position = 0

    def read(self, most: int = READ_BYTES) -> bytes:
        """The next bytes, none at the end. Raises Broken when the device fails."""
        if self._size is not None:
            most = min(most, self._size - self.position)
        try:
            data = self._stream.read(most)
        except OSError as error:
            raise Broken(f"reading failed: {error.strerror}") from error
        self.position += len(data)
        return data

    def begin(self, length: int) -> bytes:
        """The next `length` bytes, fewer only at the end: a pipe gives them piece by piece."""
        found = self.read(length)
        while len(found) < length and (more := self.read(length - len(found))):
            found += more
        return found

    def back_to(self, position: int) -> bool:
        """Stand at `position` of the stretch again; False when the stream cannot."""
        if self._start is None:
            return False
        self._stream.seek(self._start + position)
        self.position = position
        return True
