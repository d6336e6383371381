"""The running feed behind `cryptoscalp up`: a simulated market, committed step by step."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptoscalp.capture.account import Account, Stream
from cryptoscalp.capture.face import Capture
from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.periods import Period
from cryptoscalp.capture.prepare import prepare
from cryptoscalp.capture.simulator import Simulator
from cryptoscalp.capture.writer import Origin
from cryptoscalp.infra.db.drivers import SyncDriver

FORMAT: Final = "simulator"
#: Commits whose latencies are remembered.
_REMEMBERED: Final = 2_000


class Feed:
    """One simulated session, one batch: each `step` commits what happened since the last one.

    `account` adds up what was committed, `latencies_ms` are the newest commits' durations. A step
    that fails is not stored; the driver has tried it again before it raises.
    """

    def __init__(self, capture: Capture[SyncDriver], simulator: Simulator, source: str) -> None:
        self._capture = capture
        self._simulator = simulator
        self._source = source
        self._origin: Origin | None = None
        self._tails: Mapping[Stream, datetime] = {}
        self._periods: frozenset[Period] = frozenset()
        self.account = Account()
        self.latencies_ms: deque[float] = deque(maxlen=_REMEMBERED)

    def open(self) -> int:
        """Open the session's batch, start the market's clock, and return the batch's number."""
        batch_id = self._capture.open_batch(self._source, FORMAT)
        self._origin = Origin(
            batch_id, self._source, Continuity.CONSECUTIVE_IDS, Continuity.SESSION
        )
        self._simulator.step(_now_us())
        return batch_id

    def step(self) -> int:
        """Commit everything up to now; return the number of events that came in."""
        assert self._origin is not None, "a feed is opened before its first step"
        now_us = _now_us()
        received = 0
        for part in prepare(self._simulator.step(now_us), now_us=now_us):
            if part.trades.is_empty() and part.quotes.is_empty() and not part.refused:
                continue
            began = time.perf_counter()
            written = self._capture.write(part, self._origin, self._tails, self._periods)
            self.latencies_ms.append((time.perf_counter() - began) * 1_000)
            self._tails = written.tails
            # Only today's partitions matter, whatever the number of days the feed runs.
            self._periods = part.periods
            self.account.add(written.account)
            received += written.account.total.received
        return received

    def close(self) -> None:
        """Mark the batch as committed whole."""
        if self._origin is not None:
            self._capture.close_batch(self._origin.batch_id)
            self._origin = None


def _now_us() -> int:
    return time.time_ns() // 1_000
