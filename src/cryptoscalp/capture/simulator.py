"""A made-up market for trying things out: exchange id 'simulated', never a real venue's.

Prices are a random walk on a tick grid. Trades come in bursts within one millisecond, as on
real venues, and now and then trade ids are left out, as by a recorder that lost messages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

import polars as pl

from cryptoscalp.capture.chunk import QUOTE_COLUMNS, TRADE_COLUMNS, Chunk

EXCHANGE: Final = "simulated"
DEFAULT_SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")

_FIRST_PRICES: Final = {
    "BTCUSDT": Decimal("60000.00"),
    "ETHUSDT": Decimal("2600.00"),
    "SOLUSDT": Decimal("150.00"),
    "XRPUSDT": Decimal("0.5800"),
}
_ANY_PRICE: Final = Decimal("100.00")
_QUOTE_SHARE: Final = 0.7
_BURST_CHANCE: Final = 0.02
_BURST_SIZE: Final = (5, 60)
_GAP_CHANCE: Final = 0.001  # of a trade event
_GAP_SIZE: Final = (1, 20)
_LATENCY_US: Final = (300, 5_000)
# After a sleep of the machine, hours of events would come at once: the rest is a gap.
_MOST_CATCH_UP_US: Final = 60_000_000


@dataclass(slots=True)
class _Instrument:
    symbol: str
    decimals: int
    mid: int  # in ticks of the last decimal
    next_trade: int | None  # None: starts from the clock
    last_update: int = 0


class Simulator:
    """A seeded feed of simulated trades and quotes.

    `rate_hz` is the mean number of events a second over all symbols (a burst counts as one).
    `next_ids` and `prices` by symbol continue an earlier feed; without `next_ids` trade ids
    start from the clock in µs, so they rise across restarts. The events depend on the seed and
    the first instant only, not on how often `step` is called. ValueError for a rate not above
    zero, a price not above zero or no symbols. Not thread-safe.
    """

    def __init__(
        self,
        seed: int,
        symbols: Sequence[str] = DEFAULT_SYMBOLS,
        rate_hz: float = 200.0,
        *,
        next_ids: Mapping[str, int] | None = None,
        prices: Mapping[str, Decimal] | None = None,
    ) -> None:
        if not symbols or rate_hz <= 0:
            raise ValueError("a simulation needs a symbol and a rate above zero")
        self._random = Random(seed)
        self._mean_us = 1_000_000 / rate_hz
        self._due: float | None = None
        self._line = 0
        self._instruments = [
            _instrument(symbol, (next_ids or {}).get(symbol), (prices or {}).get(symbol))
            for symbol in symbols
        ]

    @property
    def next_ids(self) -> dict[str, int]:
        """The next trade id by symbol, of those that have traded or were given one."""
        return {i.symbol: i.next_trade for i in self._instruments if i.next_trade is not None}

    @property
    def prices(self) -> dict[str, Decimal]:
        """The present mid price by symbol."""
        return {i.symbol: Decimal(i.mid).scaleb(-i.decimals) for i in self._instruments}

    def step(self, now_us: int) -> Chunk:
        """Return everything that happened since the last call, up to `now_us` (µs since epoch).

        The first call starts the clock and returns no events; so does a clock that went back.
        After more than a minute only the last minute is made.
        """
        if self._due is None:
            self._due = now_us + self._wait()
        self._due = max(self._due, now_us - _MOST_CATCH_UP_US)
        trades: list[tuple[object, ...]] = []
        quotes: list[tuple[object, ...]] = []
        while self._due <= now_us:
            instrument = self._random.choice(self._instruments)
            received = int(self._due)
            sent = received - self._random.randint(*_LATENCY_US)
            instrument.mid = max(10, instrument.mid + self._random.choice((-2, -1, 0, 0, 1, 2)))
            if self._random.random() < _QUOTE_SHARE:
                quotes.append(self._quote(instrument, sent, received))
            else:
                trades += self._burst(instrument, sent, received)
            self._due += self._wait()
        return _chunk(trades, quotes)

    def _wait(self) -> float:
        return max(1.0, self._random.expovariate(1.0) * self._mean_us)

    def _quote(self, instrument: _Instrument, sent: int, received: int) -> tuple[object, ...]:
        instrument.last_update = max(instrument.last_update + 1, received)
        self._line += 1
        return (
            sent // 1_000 * 1_000,
            received,
            EXCHANGE,
            instrument.symbol,
            "ticker",
            instrument.last_update,
            _text(instrument.mid - self._random.randint(1, 3), instrument.decimals),
            self._size(),
            _text(instrument.mid + self._random.randint(1, 3), instrument.decimals),
            self._size(),
            False,
            self._line,
        )

    def _burst(self, instrument: _Instrument, sent: int, received: int) -> list[tuple[object, ...]]:
        """One trade, or one large order that sweeps the book: many trades in one millisecond."""
        count = self._random.randint(*_BURST_SIZE) if self._random.random() < _BURST_CHANCE else 1
        buys = self._random.random() < 0.5
        first = received if instrument.next_trade is None else instrument.next_trade
        if self._random.random() < _GAP_CHANCE:
            first += self._random.randint(*_GAP_SIZE)
        rows: list[tuple[object, ...]] = []
        for trade_id in range(first, first + count):
            if count > 1:
                move = self._random.choice((0, 1))
                instrument.mid = max(10, instrument.mid + (move if buys else -move))
            self._line += 1
            rows.append(
                (
                    sent // 1_000 * 1_000,
                    received,
                    EXCHANGE,
                    instrument.symbol,
                    "trade",
                    trade_id,
                    _text(instrument.mid + (1 if buys else -1), instrument.decimals),
                    self._size(),
                    "BUY" if buys else "SELL",
                    self._line,
                )
            )
        instrument.next_trade = first + count
        return rows

    def _size(self) -> str:
        return _text(self._random.randint(1, 2_000_000), 6)


def _instrument(symbol: str, next_id: int | None, price: Decimal | None) -> _Instrument:
    grid = _FIRST_PRICES.get(symbol, _ANY_PRICE)
    decimals = -int(grid.as_tuple().exponent)
    start = grid if price is None else price
    if start <= 0:
        raise ValueError(f"the price of {symbol} must be above zero, not {start}")
    return _Instrument(symbol, decimals, int(start.scaleb(decimals)), next_id)


def _text(ticks: int, decimals: int) -> str:
    return f"{Decimal(ticks).scaleb(-decimals):f}"


def _chunk(trades: list[tuple[object, ...]], quotes: list[tuple[object, ...]]) -> Chunk:
    def raw(line: int) -> bytes:
        for columns, rows in ((TRADE_COLUMNS, trades), (QUOTE_COLUMNS, quotes)):
            for row in rows:
                if row[-1] == line:
                    return json.dumps(dict(zip(columns, row, strict=True))).encode()
        raise KeyError(line)

    return Chunk(
        trades=pl.DataFrame(trades, schema=TRADE_COLUMNS, orient="row"),
        quotes=pl.DataFrame(quotes, schema=QUOTE_COLUMNS, orient="row"),
        rejects=(),
        ignored={},
        raw=raw,
        received=len(trades) + len(quotes),
    )
