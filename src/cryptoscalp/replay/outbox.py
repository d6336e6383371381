"""What a process has added and learned, on its way to the database: a journal and how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import JournalError, JournalFull, JournalInUse
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.replay.additions import Addition, Change, Update, joined, parsed, parts
from cryptoscalp.replay.journal import Journal
from cryptoscalp.replay.replay_types import Buffer
from cryptoscalp.replay.storing import ROWS, Working, finish, position_of, store

_STORE: Final = Operation(store, transaction=True, retry=True)
_POSITION: Final = Operation(position_of, transaction=False, retry=True)
_FINISH: Final = Operation(finish, transaction=True, retry=True)


class Outbox:
    """The journal of one process and buffer, and its way into the database.

    One thread at a time calls `put`, another one `drain` and `sync`.
    """

    def __init__(
        self, driver: SyncDriver, buffer: Buffer, writer_id: int, journal: Journal, position: int
    ) -> None:
        self.buffer = buffer
        self.writer_id = writer_id
        self.journal = journal
        #: Number of the last record that the database has.
        self.position = position
        #: Updates that the database ignored: their experiences were gone.
        self.stale = 0
        self._driver = driver
        self._taken = threading.Condition()
        #: When the oldest record that is not synced, or not in the database, was written.
        self._unsynced_at: float | None = None
        self._undrained_at: float | None = None
        self._pending: tuple[int, Working] | None = None

    def put(self, value: Addition | Update | Change) -> None:
        """Write one record; it is there for whoever opens the buffer after a crash.

        Raises JournalFull at the journal's bound, JournalError when the disk refuses.
        """
        kind, count, raw = parts(value)
        self.journal.append(kind, count, raw)
        now = time.monotonic()
        self._unsynced_at = self._unsynced_at or now
        self._undrained_at = self._undrained_at or now

    def wait_for_room(self, needed: int, timeout_s: float | None) -> None:
        """Wait until the journal has room for so many bytes; JournalFull when it takes too long."""
        with self._taken:
            if not self._taken.wait_for(lambda: self.has_room(needed), timeout_s):
                raise JournalFull(
                    f"the database has taken nothing from journal {self.journal.folder} for"
                    f" {timeout_s:g} s, and it is full ({self.journal.bytes:,} of"
                    f" {self.journal.limit_bytes:,} bytes); nothing was added"
                )

    def has_room(self, needed: int) -> bool:
        """Whether the journal takes so many bytes more."""
        return self.journal.bytes + needed <= self.journal.limit_bytes

    def sync(self) -> None:
        """Bring what is written to the disk itself."""
        before, self._unsynced_at = self._unsynced_at, None
        try:
            self.journal.sync()
        except BaseException:
            self._unsynced_at = before
            raise

    @property
    def journal_lag_s(self) -> float:
        """Seconds since the oldest record was written that a crash of the machine could take."""
        at = self._unsynced_at
        return time.monotonic() - at if at is not None else 0.0

    @property
    def database_lag_s(self) -> float:
        """Seconds since the oldest record was written that the database does not have."""
        at = self._undrained_at
        return time.monotonic() - at if at is not None else 0.0

    @property
    def waiting(self) -> int:
        """Records that the database does not have."""
        return self.journal.last - self.position

    def take(self, through: int, working: Working) -> None:
        """Let the next `drain` go through a record, with working values of that moment."""
        assert self._pending is None
        self._pending = (through, working)

    @property
    def has_pending(self) -> bool:
        """Whether what was taken last is still to be drained."""
        return self._pending is not None

    def drain(self) -> None:
        """Store what was taken; when the database is away it raises, and may be called again."""
        if self._pending is None:
            return
        through, working = self._pending
        before = time.monotonic()
        for steps in self._steps(through):
            self._driver.run(_STORE, self.buffer.buffer_id, self.writer_id, self.position, steps)
        if through > self.position or len(working):
            self.stale += self._driver.run(
                _FINISH, self.buffer.buffer_id, self.writer_id, self.position, through, working
            )
        self.position = through
        self._pending = None
        # What was written since is younger than this drain.
        self._undrained_at = before if self.journal.last > through else None
        with self._taken:
            self.journal.release(through)
            self._taken.notify_all()

    def recover(self) -> int:
        """Store all that another process left behind; how many records that were."""
        updates: list[Update] = []
        through = self.journal.last
        for steps in self._steps(through, updates):
            self._driver.run(_STORE, self.buffer.buffer_id, self.writer_id, self.position, steps)
        if through > self.position:
            self._driver.run(
                _FINISH, self.buffer.buffer_id, self.writer_id, self.position, through,
                _coalesced(updates),
            )  # fmt: skip
        found, self.position = through - self.position, through
        return found

    def _steps(
        self, through: int, updates: list[Update] | None = None
    ) -> Iterator[list[Addition | Change]]:
        """Records after `position` in groups, each for one transaction; updates apart."""
        group: list[Addition | Change] = []
        waiting: list[Addition] = []
        size = 0
        for record in self.journal.records(self.position):
            if record.number > through:
                break
            value = parsed(record, self.buffer.shape)
            match value:
                case Addition():
                    waiting.append(value)
                case Change():
                    if waiting:
                        group.append(joined(waiting))
                        waiting = []
                    group.append(value)
                case Update():
                    if updates is not None:
                        updates.append(value)
                    continue
            size += record.count
            if size >= ROWS:
                yield [*group, joined(waiting)] if waiting else group
                group, waiting, size = [], [], 0
        if waiting:
            group.append(joined(waiting))
        if group:
            yield group


def _coalesced(updates: list[Update]) -> Working:
    """The last value of each experience; draws are not in a journal."""
    if not updates:
        return nothing()
    ids, priorities, errors = (
        np.concatenate([getattr(one, name) for one in updates])[::-1]
        for name in ("memory_ids", "priorities", "td_errors")
    )
    kept, last = np.unique(ids, return_index=True)
    return Working(
        kept, priorities[last], errors[last], np.zeros(len(kept), np.int64),
        np.ones(len(kept), np.bool_),
    )  # fmt: skip


def nothing() -> Working:
    """No working values."""
    return Working(
        np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.float32), np.zeros(0, np.int64),
        np.zeros(0, np.bool_),
    )  # fmt: skip


def left_behind(
    driver: SyncDriver, buffer: Buffer, root: Path, limit_bytes: int
) -> tuple[int, int]:
    """Store the journals of processes that are gone; how many journals, how many records.

    One that another process writes to is left alone. Raises JournalError for one that is damaged,
    or that the database does not know.
    """
    journals = records = 0
    for folder in sorted(root.glob("[0-9]*")):
        try:
            journal = Journal(folder, limit_bytes=limit_bytes)
        except JournalInUse:
            continue
        position = driver.run(_POSITION, int(folder.name))
        if position is None:
            journal.close()
            raise JournalError(
                f"journal {folder} is of a writer that the database does not know; move it away to"
                " go on without it"
            )
        outbox = Outbox(driver, buffer, int(folder.name), journal, position)
        try:
            records += outbox.recover()
        except BaseException:
            journal.close()
            raise
        journal.remove()
        journals += 1
    return journals, records
