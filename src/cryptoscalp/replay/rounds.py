"""One round of an open buffer: what is new in the database comes in, what is new here goes out."""

from __future__ import annotations

import time
from typing import Final

import numpy as np
import psycopg

from cryptoscalp.infra.db.drivers import SyncDriver
from cryptoscalp.infra.db.errors import ConnectionLost
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.infra.db.locks import Lock
from cryptoscalp.replay.adding import Adding
from cryptoscalp.replay.loading import Loaded, added, changed, horizon
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.outbox import Outbox

HORIZON: Final = Operation(horizon, transaction=False, retry=True)
_ADDED: Final = Operation(added, transaction=False, retry=True)
_CHANGED: Final = Operation(changed, transaction=False, retry=True)


class Rounds:
    """Of a process that only adds: what is in its journal goes to the database."""

    def __init__(self, adding: Adding, outbox: Outbox) -> None:
        self._adding = adding
        self._outbox = outbox

    def __call__(self) -> None:
        """Perform a round. Raises ConnectionLost, Contention: it may be performed again."""
        self._outbox.drain()
        self._outbox.take(*self._adding.working())
        self._outbox.drain()

    def end(self) -> None:
        """Nothing is held."""


class LearnersRounds(Rounds):
    """Of a memory: it also follows others, and one of all memories applies the rules."""

    def __init__(
        self, memory: ReplayMemory, outbox: Outbox, driver: SyncDriver, *,
        since: int, rules_every_s: float | None,
    ) -> None:  # fmt: skip
        super().__init__(memory, outbox)
        self._memory = memory
        self._driver = driver
        self._since = since
        #: Transactions of experiences that were read and may be read again.
        self.seen: dict[int, int] = {}
        self._changes_seen: set[int] = set()
        self._rules_every_s = rules_every_s
        self._rules_due = time.monotonic() + (rules_every_s or 0)
        self._keeping: Lock | None = None

    def __call__(self) -> None:
        """Perform a round."""
        self.keep()
        self._follow()
        if self._memory.is_keeper and self._rules_every_s is not None:
            now = time.monotonic()
            if now >= self._rules_due:
                self._rules_due = now + self._rules_every_s
                self._memory.apply_rules()
        super().__call__()

    def end(self) -> None:
        """Let another memory be the keeper."""
        if self._keeping is not None:
            self._keeping.give_back()

    def keep(self) -> None:
        """Be the keeper where nobody is."""
        if self._keeping is not None and self._keeping.is_held():
            return
        lock = Lock(self._driver.dsn, f"replay keeper {self._memory.buffer.buffer_id}")
        try:
            taken = lock.take()
        except psycopg.Error as error:
            # Who was the keeper goes on: nobody else can be, as long as the database is away.
            told = " ".join(str(error).split())
            raise ConnectionLost(f"the database cannot be reached: {told}") from error
        if self._keeping is not None:
            self._keeping.close()
        self._keeping = lock if taken else None
        self._memory.is_keeper = taken

    def _follow(self) -> None:
        """Take in what others have committed since the last time."""
        buffer, writer = self._memory.buffer, self._outbox.writer_id
        # What is not committed at this moment has this number or a higher one.
        following = self._driver.run(HORIZON)
        found: Loaded = self._driver.run(
            _ADDED, buffer.buffer_id, buffer.shape, writer, self._since
        )
        new = [
            row
            for row, number in enumerate(found.columns.memory_ids.tolist())
            if number not in self.seen
        ]
        if new:
            self._memory.take(found.some(np.array(new, np.int64)))
        self.seen = recent(found, following)
        changes = self._driver.run(_CHANGED, buffer.buffer_id, writer, self._since)
        for number, change in changes:
            if number not in self._changes_seen:
                self._memory.follow(change)
        self._changes_seen = {number for number, _ in changes}
        self._since = following


def recent(loaded: Loaded, since: int) -> dict[int, int]:
    """Experiences of transactions from a number on: they will be read again."""
    kept = loaded.transactions >= since
    ids, transactions = loaded.columns.memory_ids[kept], loaded.transactions[kept]
    return dict(zip(ids.tolist(), transactions.tolist(), strict=True))
