"""The text of a file, plain or gzipped, and what its content is known by."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.errors import InputError

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
#: A file is read whole, so that nothing is booked of one that is not good to its end.
_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a file and the SHA-256 of its plain bytes."""

    name: str
    text: str
    digest: str


def read_content(path: Path | str) -> Content:
    """The text of a UTF-8 file, with a byte order mark or without, gzipped or plain.

    Raises InputError for one that cannot be read, is cut off, too large, or no text.
    """
    file, name = Path(path), str(path)
    try:
        stored = file.read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    if stored.startswith(_ZIP):
        raise InputError(f"{name}: is a zip archive or a spreadsheet; unpack it, or save it as CSV")
    plain = _unpacked(file, name) if stored.startswith(_GZIP) else stored
    if len(plain) > _MOST_BYTES:
        raise InputError(f"{name}: has more than {_MOST_BYTES >> 20} MiB; split it")
    try:
        text = plain.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: is no UTF-8 text (byte {error.start + 1}); save it as UTF-8"
        ) from error
    return Content(name, text, hashlib.sha256(plain).hexdigest())


def _unpacked(file: Path, name: str) -> bytes:
    try:
        with gzip.open(file) as packed:
            return packed.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{name}: its gzip data are damaged or cut off ({error}); fetch it again"
        ) from error
