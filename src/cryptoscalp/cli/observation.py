"""What `up` shows: the feed's own figures, and what the database answers while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from cryptoscalp.capture.account import Account
    from cryptoscalp.capture.reports import FileReport
    from cryptoscalp.database import Database
    from cryptoscalp.market.types import Quote

T = TypeVar("T")
#: Seconds over which the rate of ingest is taken.
_RATE_OVER_S: Final = 5.0
#: Instruments that fit a view.
_MOST_INSTRUMENTS: Final = 8
_QUOTES_EVERY_S: Final = 0.4
_CANDLES_EVERY_S: Final = 1.0
_COVERAGE_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Candle:
    """One 1-minute candle of an instrument."""

    exchange: str
    symbol: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Covered:
    """What one stream of an exchange has received: first and last event, gaps, events missing."""

    exchange: str
    stream: str
    instruments: int
    start: datetime
    end: datetime
    gaps: int
    missing: int


@dataclass(slots=True)
class Observer:
    """A running feed as others see it; answers of the database are kept for a moment.

    `account` and `latencies_ms` are the feed's live ones; `again` makes a command line.
    """

    db: Database
    title: str
    account: Account
    latencies_ms: deque[float]
    again: Callable[[str], str]
    state: str = ""
    began: float = field(default_factory=time.monotonic)
    _received: deque[tuple[float, int]] = field(default_factory=deque)
    _kept: dict[str, tuple[float, Any]] = field(default_factory=dict)
    _files: dict[int, FileReport] = field(default_factory=dict)
    _committed_at: float = 0.0

    def note(self, report: FileReport) -> None:
        """Take in the report of a file after a commit; latency is from commit to commit."""
        from cryptoscalp.capture.account import Account

        now = time.perf_counter()
        if id(report) in self._files:
            self.latencies_ms.append((now - self._committed_at) * 1_000)
        self._committed_at = now
        self._files[id(report)] = report
        total = Account()
        for one in self._files.values():
            total.add(one.account)
        self.account = total

    @property
    def seconds(self) -> float:
        """Since the feed began."""
        return time.monotonic() - self.began

    @property
    def instruments(self) -> list[tuple[str, str]]:
        """(exchange, symbol) of what came in, at most as many as fit."""
        found = {(one.exchange, one.symbol) for one in self.account.streams}
        return sorted(key for key in found if key[0] != "unknown")[:_MOST_INSTRUMENTS]

    def rate(self) -> float:
        """Events a second over the last seconds; ask often."""
        now, total = time.monotonic(), self.account.total.received
        self._received.append((now, total))
        while len(self._received) > 2 and now - self._received[0][0] > _RATE_OVER_S:
            self._received.popleft()
        then, before = self._received[0]
        if now - then < 0.5:
            return total / max(self.seconds, 0.001)
        return (total - before) / (now - then)

    def latency_ms(self, share: float) -> float | None:
        """The latency that `share` of the newest commits do not exceed."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None

    def quotes(self) -> list[Quote]:
        """The newest quotes."""
        return self._fresh("quotes", _QUOTES_EVERY_S, self._quotes)

    def candles(self) -> list[Candle]:
        """The last candles of a minute, two for each instrument, oldest first."""
        return self._fresh("candles", _CANDLES_EVERY_S, self._candles)

    def coverage(self) -> list[Covered]:
        """What was received and what is missing, by exchange and stream."""
        return self._fresh("coverage", _COVERAGE_EVERY_S, self._coverage)

    def forget(self) -> None:
        """Ask the database again at the next question."""
        self._kept.clear()

    def _fresh(self, name: str, seconds: float, ask: Callable[[], T]) -> T:
        asked, answer = self._kept.get(name, (0.0, None))
        if answer is None or time.monotonic() - asked > seconds:
            answer = ask()
            self._kept[name] = (time.monotonic(), answer)
        found: T = answer
        return found

    def _quotes(self) -> list[Quote]:
        wanted = set(self.instruments)
        return [
            one for one in self.db.market.newest_quotes() if (one.exchange, one.symbol) in wanted
        ]

    def _candles(self) -> list[Candle]:
        from cryptoscalp.infra.db.errors import NotFound

        found = []
        for exchange, symbol in self.instruments:
            try:
                last = self.db.market.last_trade(symbol, exchange).timestamp
            except NotFound:
                continue
            minute = last.replace(second=0, microsecond=0)
            table = self.db.market.candles(
                symbol,
                "1m",
                minute - timedelta(minutes=1),
                minute + timedelta(minutes=1),
                exchange,
                exact=True,
            )
            found += [Candle(exchange, symbol, row) for row in table.to_pylist()]
        return found

    def _coverage(self) -> list[Covered]:
        found: dict[tuple[str, str], list[Any]] = {}
        for exchange, symbol in self.instruments:
            for one in self.db.market.coverage(symbol, exchange):
                held = found.setdefault((exchange, one.stream), [set(), one.start, one.end, 0, 0])
                held[0].add(symbol)
                held[1], held[2] = min(held[1], one.start), max(held[2], one.end)
            for gap in self.db.market.gaps(symbol, exchange):
                held = found.setdefault((exchange, gap.stream), [set(), gap.start, gap.end, 0, 0])
                held[3] += 1
                held[4] += gap.missing or 0
        return [Covered(*key, len(held[0]), *held[1:]) for key, held in sorted(found.items())]


def seconds_since(moment: datetime) -> float:
    """How long ago a moment was."""
    return (datetime.now(UTC) - moment).total_seconds()
