"""`LogHandler`: log records into PostgreSQL, from a thread of its own (decision 0026)."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import uuid
import weakref
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptoscalp.infra.db.dsn import checked
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.secrets import masked
from cryptoscalp.logs.entries import LogRow, Taken, document, level_of, row, taken
from cryptoscalp.logs.sending import Sender

#: Component of what the handler says about itself.
COMPONENT: Final = "cryptoscalp.logs"
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 5.0
#: Errors may use this share of the capacity more than other records.
_RESERVE: Final = 0.1
_HANDLERS: Final[weakref.WeakSet[LogHandler]] = weakref.WeakSet()
#: Marks the threads of handlers: what is logged there is about this very work.
_OWN: Final = threading.local()


@dataclass(frozen=True, slots=True)
class LogStats:
    """What a handler did so far in this process: records stored, dropped, and still waiting.

    `last_error` is why the database could not take the last batch; None while it can.
    """

    stored: int
    dropped: int
    waiting: int
    last_error: str | None


class LogHandler(logging.Handler):
    """Puts log records into `system_logs`, in batches, from a thread and connection of its own.

    The database is found as by `cryptoscalp.connect`, but never started. `emit` neither waits for
    it nor raises: records wait in memory, at most `capacity` of them, and those beyond are counted
    and dropped (errors last). A batch goes when it has `batch_rows`, or after `interval_s` seconds.
    At the end of the process what waits is sent within `exit_timeout_s`. What could not be stored
    is told by a record once the database is back, else on stderr at the end.
    """

    def __init__(
        self,
        url: str | None = None,
        data_dir: Path | str | None = None,
        *,
        level: int | str = logging.NOTSET,
        capacity: int = 10_000,
        batch_rows: int = 500,
        interval_s: float = 0.5,
        exit_timeout_s: float = 5.0,
    ) -> None:
        if capacity < 1 or not 1 <= batch_rows <= 10_000 or interval_s < 0 or exit_timeout_s < 0:
            raise InputError(
                f"capacity {capacity}, batch_rows {batch_rows}, interval_s {interval_s},"
                f" exit_timeout_s {exit_timeout_s}: counts are 1 or more (batch_rows at most"
                " 10,000), times 0 or more"
            )
        super().__init__(level)
        self._dsn = _place(url, data_dir)
        self._capacity, self._batch_rows = capacity, batch_rows
        self._most = capacity + max(1, int(capacity * _RESERVE))
        self._interval_s, self._exit_timeout_s = interval_s, exit_timeout_s
        self._closing = False
        self._begin_anew()
        _HANDLERS.add(self)

    @property
    def stats(self) -> LogStats:
        """What it did so far."""
        waiting = self._accepted - self._settled
        return LogStats(self._stored, self._dropped + self._refused, waiting, self._last_error)

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record unless a filter refuses it, or a handler's own thread logs it."""
        if getattr(_OWN, "marked", False):
            return False  # before the lock, which `logging.shutdown` holds while that thread ends
        return bool(super().handle(record))

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; called under the handler's lock by `handle`."""
        if self._closing:
            self._drop(record.levelno)
            return
        try:
            held = len(self._queue)
            if held >= self._capacity and (held >= self._most or record.levelno < logging.ERROR):
                self._drop(record.levelno)
                return
            self._queue.append(taken(record))
            self._accepted += 1
            if self._thread is None:
                self._start()
            if not self._wake.is_set():
                self._wake.set()
            if held + 1 >= self._batch_rows and not self._hurry.is_set():
                self._hurry.set()
        except Exception:  # noqa: BLE001 - whoever logs is not to fail for it
            self._drop(record.levelno)

    def flush(self) -> None:
        """Wait until what was logged so far is stored, at most `exit_timeout_s` seconds."""
        wanted, end = self._accepted, time.monotonic() + self._exit_timeout_s
        if self._settled >= wanted or getattr(_OWN, "marked", False):
            return
        self._start()
        with self._progress:
            while self._settled < wanted and (left := end - time.monotonic()) > 0:
                self._wake.set()
                self._hurry.set()
                self._progress.wait(min(left, 0.05))

    def close(self) -> None:
        """Send what waits, at most for `exit_timeout_s` seconds, and end the thread."""
        if not self._closing:
            self._end = time.monotonic() + self._exit_timeout_s
            self._closing = True
            if self._queue or self._dropped > self._told:
                self._start()
            self._wake.set()
            self._hurry.set()
            if self._thread is not None:
                self._thread.join(self._exit_timeout_s)
            lost = self._accepted - self._settled + self._dropped - self._told + self._refused
            if lost and sys.stderr is not None:
                why = f": {self._last_error}" if self._last_error else ""
                sys.stderr.write(f"cryptoscalp: {lost:,} log records were not stored{why}\n")
        super().close()

    def _begin_anew(self) -> None:
        """As new, also in a child that was forked: what waits there is the parent's to send."""
        self._queue: deque[Taken] = deque()
        self._flight: tuple[str, list[LogRow], int, int] | None = None
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._progress = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._accepted = self._settled = self._stored = self._refused = 0
        self._dropped = self._told = 0
        self._drops: dict[str, int] = {}
        self._dropping_since: float | None = None
        self._last_error: str | None = None
        self._closing = False
        self._end = 0.0
        self._run, self._batches = uuid.uuid4().hex, 0

    def _drop(self, levelno: int) -> None:
        self._dropped += 1
        name = level_of(levelno)
        self._drops[name] = self._drops.get(name, 0) + 1
        if self._dropping_since is None:
            self._dropping_since = time.time()

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._work, name="cryptoscalp logs", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # the interpreter ends, or there are too many: the next record tries again
        self._thread = thread
        spawned = sys.modules.get("multiprocessing.util")
        if spawned is not None:
            # Its children end without atexit, which calls logging.shutdown.
            spawned.Finalize(self, LogHandler.flush, args=(self,), exitpriority=0)

    def _work(self) -> None:
        _OWN.marked = True
        sender, pause = Sender(self._dsn), _FIRST_PAUSE_S
        try:
            while True:
                self._wake.wait()
                if not self._closing:
                    self._hurry.wait(self._interval_s)
                self._wake.clear()
                self._hurry.clear()
                if self._drain(sender):
                    pause = _FIRST_PAUSE_S
                    if self._closing and not self._queue:
                        return
                else:
                    if self._closing and time.monotonic() + pause > self._end:
                        return
                    self._hurry.clear()
                    self._hurry.wait(pause)
                    pause = _FIRST_PAUSE_S if self._closing else min(2 * pause, _LONGEST_PAUSE_S)
                    self._wake.set()
        finally:
            sender.close()

    def _drain(self, sender: Sender) -> bool:
        """Send all that waits; False when the database cannot take it now."""
        while (flight := self._flight or self._next()) is not None:
            self._flight = flight
            name, rows, records, told = flight
            try:
                refused = sender.send(rows, name)
            except Exception as error:  # noqa: BLE001 - nobody is there to catch it
                self._last_error = _said(error)
                return False
            self._flight = self._last_error = None
            self._told += told
            with self._progress:
                self._stored += records - refused
                self._refused += refused
                self._settled += records
                self._progress.notify_all()
        return True

    def _next(self) -> tuple[str, list[LogRow], int, int] | None:
        rows: list[LogRow] = []
        while len(rows) < self._batch_rows and self._queue:
            rows.append(_row(self._queue.popleft()))
        records, told = len(rows), self._dropped - self._told
        if told:
            rows.append(self._summary(told))
        if not rows:
            return None
        self._batches += 1
        return f"{self._run}-{self._batches}", rows, records, told

    def _summary(self, dropped: int) -> LogRow:
        drops, self._drops = self._drops, {}
        since, self._dropping_since = self._dropping_since, None
        now = time.time()
        seconds = now - (since or now)
        message = (
            f"{dropped:,} log records of process {os.getpid()} were dropped in the {seconds:.1f} s"
            " before: the database could not take them"
        )
        told = {"dropped": dropped, "levels": drops, "seconds": seconds, "process": os.getpid()}
        return row(_own(logging.WARNING, message))._replace(metadata=document(told))


def _row(entry: Taken) -> LogRow:
    try:
        return row(entry)
    except Exception as error:  # noqa: BLE001 - one bad record must not stop those behind it
        return row(_own(logging.WARNING, f"a record cannot be stored: {type(error).__name__}"))


def _own(levelno: int, message: str) -> Taken:
    """What the handler says itself."""
    return Taken(time.time(), levelno, COMPONENT, message, os.getpid(), None, None, None,
                 (__file__, 0, ""), None, None, None, len(message))  # fmt: skip


def _said(error: Exception) -> str:
    return masked(" ".join(str(error).split())) or type(error).__name__


def _place(url: str | None, data_dir: Path | str | None) -> str:
    """Where the database is; the embedded server is named, and not started."""
    if url is not None:
        return checked(url, "url")
    from cryptoscalp.infra.server import EmbeddedServer, default_data_dir
    from cryptoscalp.infra.settings import Settings

    settings = Settings()
    if data_dir is None and settings.database_url is not None:
        return checked(settings.database_url, "CRYPTOSCALP_DATABASE_URL")
    return EmbeddedServer(Path(data_dir or settings.data_dir or default_data_dir())).dsn


def _after_fork() -> None:
    for handler in list(_HANDLERS):
        handler._begin_anew()


os.register_at_fork(after_in_child=_after_fork)
