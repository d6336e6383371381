"""Zip archives: the files in them, and the bytes of one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from isal import isal_zlib

from cryptoscalp.capture.files.compression import BZIP2, DEFLATE, ZSTD, Codec
from cryptoscalp.capture.files.stored import Broken, Damaged, Stored, opened, printable
from cryptoscalp.capture.files.streams import unpacked, unpacked_stream
from cryptoscalp.infra.db.errors import InputError

SUFFIX: Final = ".zip"
# Of an archive with files, and of one without.
MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_HEADER: Final = struct.Struct("<4s22xHH")
_ENCRYPTED: Final = 0x1
_ZSTD_METHODS: Final = (93, 20)
_CODECS: Final[dict[int, Codec | None]] = {
    ZIP_STORED: None,
    ZIP_DEFLATED: DEFLATE,
    ZIP_BZIP2: BZIP2,
    **dict.fromkeys(_ZSTD_METHODS, ZSTD),
}
# What the module raises for directories that lie; the last two come from numbers too large.
_UNREADABLE: Final = (
    BadZipFile, NotImplementedError, EOFError, struct.error, ValueError, OSError,
    OverflowError, MemoryError,
)  # fmt: skip


def is_archive(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip archive."""
    return head.startswith(MAGICS)


def left_out(name: str) -> bool:
    """Whether a file or directory of this name is hidden, or what a Mac adds to archives."""
    return name == "__MACOSX" or (name.startswith(".") and name != "..")


def members(path: Path) -> list[ZipInfo]:
    """The files of a zip archive by name; hidden ones and those a Mac adds are left out.

    Raises InputError when the archive cannot be read, or holds no file.
    """
    found = sorted(_directory(path).values(), key=lambda one: one.filename)
    if not found:
        raise InputError(f"{printable(path)}: the zip archive holds no file")
    return found


def member_pieces(
    stream: BinaryIO, path: Path, member: str
) -> tuple[Stored, Iterator[tuple[bytes, int]]]:
    """A member's stored bytes, and its (plain bytes, stored bytes read so far) as they come.

    The pieces end with Broken when they do not agree with their checksum. Raises InputError for
    a member that is absent, encrypted, or compressed in a way that is not read.
    """
    where = f"{printable(path)}!{printable(member)}"
    info = _directory(path).get(member)
    if info is None:
        raise InputError(f"{where}: the zip archive holds no such file")
    if info.flag_bits & _ENCRYPTED:
        raise InputError(f"{where}: is encrypted; unpack it with its password and name the file")
    if info.compress_type not in _CODECS:
        raise InputError(
            f"{where}: zip compression method {info.compress_type} is not read; "
            f"unpack the archive and name the file"
        )
    try:
        stream.seek(info.header_offset)
        header = stream.read(_HEADER.size)
        found = len(header) == _HEADER.size and header.startswith(MAGICS[0])
        if found:
            _, name_size, extra_size = _HEADER.unpack(header)
            stream.seek(name_size + extra_size, 1)
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{where}: cannot be read: {error}") from error
    if not found:
        raise InputError(f"{where}: is not where the zip archive's directory says")
    stored = Stored(stream, info.compress_size)
    return stored, _checked(_plain(stored, _CODECS[info.compress_type]), info)


def _plain(stored: Stored, codec: Codec | None) -> Iterator[tuple[bytes, int]]:
    if codec is None:
        while data := stored.read():
            yield data, stored.position
    elif codec.magics:
        yield from unpacked(stored, codec, b"")
    else:
        yield from unpacked_stream(stored, codec, b"")


def _checked(pieces: Iterator[tuple[bytes, int]], info: ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Yield the pieces, no more than the directory says; raise Broken when they are not it."""
    size, sum_ = 0, 0
    for piece, position in pieces:
        plain = piece[: info.file_size - size]
        size, sum_ = size + len(plain), isal_zlib.crc32(plain, sum_)
        yield plain, position
        if len(plain) < len(piece):
            raise Damaged(f"the zip member is longer than the {info.file_size} bytes it should be")
    if size < info.file_size:
        raise Broken(f"the zip member ends after {size} bytes of {info.file_size}")
    if sum_ != info.CRC:
        raise Damaged("the zip member does not agree with its checksum")


def _directory(path: Path) -> dict[str, ZipInfo]:
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be read: {error.strerror}") from error
    return _read_directory(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


# An archive of ten years of days would else be read ten thousand times over.
@lru_cache(maxsize=2)
def _read_directory(path: Path, version: tuple[int, int, int]) -> dict[str, ZipInfo]:
    """The files in the directory of a zip archive by name; `version` changes when it does."""
    with opened(path) as stream:
        try:
            with ZipFile(stream) as archive:
                infos = archive.infolist()
        except _UNREADABLE as error:
            raise InputError(
                f"{printable(path)}: cannot be read as a zip archive: {error}; "
                f"if it is cut off, fetch it again; nothing was imported"
            ) from error
    found: dict[str, ZipInfo] = {}
    for info in infos:
        if info.filename.endswith("/") or any(map(left_out, PurePosixPath(info.filename).parts)):
            continue
        if info.filename in found:
            raise InputError(
                f"{printable(path)}: the zip archive holds two files called"
                f" {printable(info.filename)}; "
                f"unpack it and name the right one"
            )
        found[info.filename] = info
    return found
