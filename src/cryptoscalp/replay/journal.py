"""A journal on local disk: records in files, each written at once and synced soon after.

A record is a head and its payload. The head holds the payload's length, the CRC-32 of all that
follows it, the record's number (1, 2, 3, ... without a hole), its kind, and how many experiences
it is about. A file is named after its first record; full ones are left behind for a new one, and
removed once the database has their records. What a crash leaves half written at the end of the last
file is cut off when the journal is opened; damage anywhere else is an error, never skipped.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

from cryptoscalp.infra.db.errors import JournalError, JournalFull, JournalInUse

_HEAD: Final = struct.Struct("<II")  # payload bytes, CRC-32 of what follows
_BODY: Final = struct.Struct("<QHxxI")  # number, kind, experiences
#: Bytes of a record beside its payload.
HEADS: Final = _HEAD.size + _BODY.size
#: A file is left for a new one beyond this size, or an eighth of the journal's bound.
FILE_BYTES: Final = 16 << 20
_LOCK: Final = "lock"


Bytes: TypeAlias = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its number, what it is, how many experiences it is about, and its bytes."""

    number: int
    kind: int
    count: int
    payload: bytes


class Journal:
    """The journal in a folder, of one process at a time.

    One thread writes; others may meanwhile read what is written, call `sync`, and `release`. Raises
    JournalInUse when another process has it, JournalError when it cannot be read.
    """

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._file_bytes = min(FILE_BYTES, limit_bytes // 8)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / _LOCK).open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise JournalInUse(f"journal {folder} is in use by another process") from None
        #: Sizes of the files, by the number of their first record, oldest first.
        self._files: dict[int, int] = {}
        #: Held while a record is written, and while files come and go.
        self._naming = threading.Lock()
        #: Held while the open file is synced or left: a descriptor must not change its file.
        self._syncing = threading.Lock()
        #: Number of the last record written.
        self.last = 0
        #: Number of the last record that a crash of the machine cannot take.
        self.synced = 0
        self._open: int | None = None
        self._broken: str | None = None
        try:
            self._recover()
        except BaseException:
            self._lock.close()
            raise

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        with self._naming:
            return sum(self._files.values())

    def append(self, kind: int, count: int, parts: Sequence[Bytes]) -> int:
        """Write a record and return its number; it is synced by `sync`.

        Raises JournalFull beyond `limit_bytes`, JournalError when the disk refuses: in both cases
        the record is not there.
        """
        with self._naming:
            return self._append(kind, count, parts)

    def _append(self, kind: int, count: int, parts: Sequence[Bytes]) -> int:
        if self._broken:
            raise JournalError(f"journal {self.folder} takes no more: {self._broken}")
        size = sum(len(part) for part in parts)
        held = sum(self._files.values())
        if held + size + HEADS > self.limit_bytes:
            raise JournalFull(
                f"journal {self.folder} holds {held:,} of {self.limit_bytes:,} bytes that the"
                " database has not taken; nothing was added"
            )
        body = _BODY.pack(self.last + 1, kind, count)
        crc = zlib.crc32(body)
        for part in parts:
            crc = zlib.crc32(part, crc)
        descriptor, first = self._file()
        before = self._files[first]
        try:
            _write(descriptor, [_HEAD.pack(size, crc), body, *parts])
        except OSError as error:
            os.ftruncate(descriptor, before)
            os.lseek(descriptor, before, os.SEEK_SET)
            raise JournalError(
                f"journal {self.folder}: {error.strerror}; nothing was added"
            ) from error
        self._files[first] = before + HEADS + size
        self.last += 1
        return self.last

    def sync(self) -> None:
        """Bring every record written so far to the disk itself.

        Raises JournalError when the disk refuses. The journal cannot be used further then: what the
        system has given up writing, no later call would write.
        """
        with self._syncing:
            last = self.last
            if self._open is None or self.synced == last:
                return
            try:
                os.fsync(self._open)
            except OSError as error:
                self._broken = f"it could not be synced: {error.strerror}"
                raise JournalError(f"journal {self.folder}: {self._broken}") from error
            self.synced = last

    def records(self, after: int) -> Iterator[Record]:
        """The records with higher numbers than `after`, in order.

        Raises JournalError where they are not what was written.
        """
        last, expected = self.last, after + 1
        with self._naming:
            firsts = [first for first in self._files if first <= last]
        for place, first in enumerate(firsts):
            following = firsts[place + 1] if place + 1 < len(firsts) else last + 1
            if following <= expected:
                continue
            for record, _ in _read(self._path(first), first):
                if record.number == expected <= last:
                    yield record
                    expected += 1
            if expected < following:
                break
        if expected <= last:
            raise JournalError(
                f"journal {self.folder} lacks record {expected}, or it is damaged; put the file"
                " back from a copy, or move the folder away to go on without it"
            )

    def release(self, through: int) -> None:
        """Remove files whose records all have numbers up to `through`: the database has them."""
        with self._naming:
            firsts = list(self._files)
            gone = [first for first, following in pairwise(firsts) if following - 1 <= through]
            # The one that is written to goes too, where it is worth it and nothing else is in it.
            if firsts and through == self.last and self._files[firsts[-1]] > self._file_bytes // 4:
                self._leave()
                gone.append(firsts[-1])
            for first in gone:
                del self._files[first]
                self._path(first).unlink()

    def close(self) -> None:
        """Sync and let go; the files stay."""
        try:
            self.sync()
        finally:
            self._leave()
            self._lock.close()

    def remove(self) -> None:
        """Delete the journal, all of which the database has."""
        self._leave()
        for first in list(self._files):
            self._path(first).unlink()
        self._files.clear()
        for other in self.folder.iterdir():
            other.unlink()
        self.folder.rmdir()
        self._lock.close()

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:016d}.log"

    def _file(self) -> tuple[int, int]:
        """The file to write to: its descriptor and first record."""
        if self._open is not None and self._files:
            first = next(reversed(self._files))
            if self._files[first] < self._file_bytes:
                return self._open, first
            self.sync()
            self._leave()
        first = self.last + 1
        try:
            self._open = os.open(self._path(first), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            _sync_folder(self.folder)
        except OSError as error:
            raise JournalError(f"journal {self.folder}: {error.strerror}") from error
        self._files[first] = 0
        return self._open, first

    def _leave(self) -> None:
        with self._syncing:
            if self._open is not None:
                os.close(self._open)
                self._open = None

    def _recover(self) -> None:
        """Read every file through; cut off what the end of the last one lacks."""
        firsts = sorted(int(path.stem) for path in self.folder.glob("*.log"))
        for place, first in enumerate(firsts):
            path = self._path(first)
            end, number = 0, first - 1
            for record, end in _read(path, first):  # noqa: B007 - the last end counts
                number = record.number
            size = path.stat().st_size
            is_last = place + 1 == len(firsts)
            if not is_last and (end != size or number + 1 != firsts[place + 1]):
                raise JournalError(
                    f"journal file {path} is damaged at byte {end:,} of {size:,}, after record"
                    f" {number}; nothing behind it is stored. Put the file back from a copy, or"
                    " move the folder away to go on without it"
                )
            if end != size:
                os.truncate(path, end)
            self._files[first] = end
            self.last = number
        # New records go to a new file: no descriptor is open yet.
        empty = [first for first, size in self._files.items() if not size]
        for first in empty:
            self._path(first).unlink()
            del self._files[first]
        self.synced = self.last


def _write(descriptor: int, parts: Sequence[Bytes]) -> None:
    """Write all parts; os.writev may write fewer bytes than it is given."""
    left = [memoryview(part).cast("B") for part in parts if len(part)]
    while left:
        written = os.writev(descriptor, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if left and written:
            left[0] = left[0][written:]


def _read(path: Path, first: int) -> Iterator[tuple[Record, int]]:
    """Whole records of a file with where each ends; stops before the first that is not whole."""
    expected, end = first, 0
    with path.open("rb") as file:
        while len(head := file.read(HEADS)) == HEADS:
            size, crc = _HEAD.unpack_from(head)
            number, kind, count = _BODY.unpack_from(head, _HEAD.size)
            if number != expected:
                return
            payload = file.read(size)
            if len(payload) != size or zlib.crc32(payload, zlib.crc32(head[_HEAD.size :])) != crc:
                return
            end += HEADS + size
            expected += 1
            yield Record(number, kind, count, payload), end


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
