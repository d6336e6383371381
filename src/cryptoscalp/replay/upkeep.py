"""The thread beside an open buffer: it syncs the journal and brings it to the database."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from cryptoscalp.infra.db.errors import (
    ConnectionLost,
    Contention,
    CryptoscalpError,
)

_LOG: Final = logging.getLogger(__name__)
#: Pauses while the database is away, in seconds.
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0)


class Round(Protocol):
    """What is done again and again; `end` lets go of what it holds."""

    def __call__(self) -> None: ...
    def end(self) -> None: ...


class Upkeep:
    """Calls `sync` and a round again and again until it is stopped.

    A round is one way of everything that waits to the database and back. While the database is away
    it is tried again, for ever; any other failure is final and kept in `broken`: who adds next is
    told.
    """

    def __init__(
        self, name: str, sync: Callable[[], None], rounds: Round, *,
        sync_every_s: float, round_every_s: float,
    ) -> None:  # fmt: skip
        self._sync = sync
        self._round = rounds
        self._sync_every_s = sync_every_s
        self._round_every_s = round_every_s
        self._wake = threading.Event()
        self._done = threading.Condition()
        self._asked = 0
        self._reached = 0
        self._stopping = False
        #: Why the last round failed; None when it did not.
        self.failure: CryptoscalpError | None = None
        #: A failure that no waiting mends.
        self.broken: CryptoscalpError | None = None
        # Two threads: while a round waits for the database, the journal is synced on time.
        self._threads = [
            threading.Thread(target=self._rounds, name=f"{name} to the database", daemon=True)
        ]
        if sync_every_s:
            self._threads.append(
                threading.Thread(target=self._syncs, name=f"{name} to disk", daemon=True)
            )

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def flush(self, timeout_s: float | None) -> None:
        """Wait for a round that begins after this call; raises why there was none in time."""
        with self._done:
            self._asked += 1
            wanted = self._asked
            self._wake.set()
            there = self._done.wait_for(
                lambda: self._reached >= wanted or self.broken is not None, timeout_s
            )
        if self.broken is not None:
            raise self.broken
        if not there:
            raise self.failure or ConnectionLost(
                f"the database has not taken everything within {timeout_s:g} s"
            )

    def stop(self) -> None:
        """End after what is going on."""
        self._stopping = True
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._round.end()

    def _syncs(self) -> None:
        while not self._stopping:
            time.sleep(self._sync_every_s)
            try:
                self._sync()
            except Exception as error:  # noqa: BLE001 - nobody would hear of it
                self._break(_known(error))
                return

    def _rounds(self) -> None:
        failed, took = 0, 0.0
        while not self._stopping:
            # A round that took long has left much for the next one: that begins the sooner.
            rest = max(self._round_every_s - took, 0.0)
            self._wake.wait(_PAUSES[min(failed, len(_PAUSES)) - 1] if failed else rest)
            self._wake.clear()
            asked = self._asked
            began = time.monotonic()
            try:
                self._round()
            except (ConnectionLost, Contention) as error:
                if not failed:
                    _LOG.warning("replay: the database is away, the journal goes on: %s", error)
                failed += 1
                self.failure = error
                continue
            except Exception as error:  # noqa: BLE001 - a thread that ended unheard would lose data
                self._break(_known(error))
                return
            failed, self.failure, took = 0, None, time.monotonic() - began
            with self._done:
                self._reached = asked
                self._done.notify_all()

    def _break(self, error: CryptoscalpError) -> None:
        _LOG.error("replay: %s", error)
        with self._done:
            self.broken = self.failure = error
            self._done.notify_all()


def _known(error: Exception) -> CryptoscalpError:
    if isinstance(error, CryptoscalpError):
        return error
    made = CryptoscalpError(f"unexpected {type(error).__name__}: {error}")
    made.__cause__ = error
    return made
