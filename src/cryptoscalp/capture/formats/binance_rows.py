"""The lines of a Binance file as columns: what a block gave, and the chunk made of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from msgspec import UNSET

from cryptoscalp.capture.chunk import (
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
    Reject,
    StreamKey,
)
from cryptoscalp.capture.venues import binance as wire
from cryptoscalp.capture.venues.book import Top
from cryptoscalp.capture.venues.values import present

LEAST_STAMP: Final = 10**14  # 1973 in µs
LEAST_NS: Final = 10**17  # a local stamp from here on is in ns
MOST_STAMP: Final = 2**63 - 1
_FEEDS: Final = {"trade": "trade", "aggTrade": "agg_trade"}


@dataclass(slots=True, eq=False)
class Channel:
    """A stream of the file: how to decode its lines and whose they are."""

    exchange: str
    symbol: str
    label: str
    decode: Callable[[bytes], wire.Line[Any]] | None  # None: its lines are counted, not decoded
    futures: bool
    key: StreamKey


class Events:
    """Decoded messages of one kind, column by column.

    A tuple for each would wake the garbage collector so often that it costs a quarter more.
    """

    __slots__ = ("channels", "lines", "messages", "received")

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.received: list[int] = []  # local stamps, ns or µs
        self.channels: list[Channel] = []
        self.lines: list[int] = []

    def add(self, message: Any, received: int, channel: Channel, line: int) -> None:
        self.messages.append(message)
        self.received.append(received)
        self.channels.append(channel)
        self.lines.append(line)

    def columns(self) -> dict[str, Any]:
        """Return the columns that all kinds of events share."""
        stamps = pl.Series(self.received, dtype=pl.Int64)
        return {
            "received_at": (stamps // 1_000).zip_with(stamps >= LEAST_NS, stamps),
            "exchange": [channel.exchange for channel in self.channels],
            "symbol": [channel.symbol for channel in self.channels],
            "line": self.lines,
        }

    def kind(self, name: str) -> pl.Series:
        """Return a column of one word."""
        return pl.repeat(name, len(self.lines), dtype=pl.String, eager=True)


class Rows:
    """What the lines of one block gave."""

    def __init__(self) -> None:
        self.trades = Events()
        self.tickers = Events()
        self.depth = Events()
        self.tops: list[Top] = []  # of `depth`, row for row
        self.marks = Events()
        self.rejects: list[Reject] = []
        self.ignored: Counter[StreamKey] = Counter()


def chunk_of(rows: Rows, first: int, lines: list[bytes]) -> Chunk:
    """Make the chunk of the lines that begin at number `first`."""

    def raw(line: int) -> bytes:
        if not first <= line < first + len(lines):
            raise KeyError(line)
        return lines[line - first]

    trades, quotes = _trades(rows.trades), _quotes(rows.tickers)
    if rows.tops:
        quotes = pl.concat([quotes, _depth_quotes(rows.depth, rows.tops)]).sort("line")
    marks, fundings = _mark_prices(rows.marks), _funding_rates(rows.marks)
    events = sum(frame.height for frame in (trades, quotes, marks, fundings))
    return Chunk(
        trades=trades,
        quotes=quotes,
        mark_prices=marks,
        funding_rates=fundings,
        rejects=tuple(rows.rejects),
        ignored=dict(rows.ignored),
        raw=raw,
        received=events + len(rows.rejects) + sum(rows.ignored.values()),
    )


def _trades(events: Events) -> pl.DataFrame:
    messages = events.messages
    times = pl.Series([m.T for m in messages], dtype=pl.Int64)
    columns = events.columns() | {
        "feed": [_FEEDS[channel.label] for channel in events.channels],
        "timestamp": wire.microseconds(times),
        "sequence": [m.t for m in messages],
        "price": [m.p for m in messages],
        "volume": [m.q for m in messages],
        # m: the buyer was the maker, so the seller was the aggressor
        "side": ["SELL" if m.m else "BUY" for m in messages],
    }
    return pl.DataFrame({name: columns[name] for name in TRADE_COLUMNS}, schema=TRADE_COLUMNS)


def _quotes(events: Events) -> pl.DataFrame:
    messages = events.messages
    times = pl.Series([None if m.T is UNSET else m.T for m in messages], dtype=pl.Int64)
    columns = events.columns()
    columns |= {
        "source": events.kind("ticker"),
        "timestamp": wire.microseconds(times).fill_null(columns["received_at"]),
        "sequence": [m.u for m in messages],
        "bid_price": [m.b for m in messages],
        "bid_volume": [m.B for m in messages],
        "ask_price": [m.a for m in messages],
        "ask_volume": [m.A for m in messages],
        "by_receive_time": times.is_null(),
    }
    return pl.DataFrame({name: columns[name] for name in QUOTE_COLUMNS}, schema=QUOTE_COLUMNS)


def _depth_quotes(events: Events, tops: list[Top]) -> pl.DataFrame:
    bids = [top.bid or (None, None) for top in tops]
    asks = [top.ask or (None, None) for top in tops]
    columns = events.columns() | {
        "source": events.kind("depth"),
        "timestamp": [m.timestamp() for m in events.messages],
        "sequence": [m.u for m in events.messages],
        "bid_price": [bid[0] for bid in bids],
        "bid_volume": [bid[1] for bid in bids],
        "ask_price": [ask[0] for ask in asks],
        "ask_volume": [ask[1] for ask in asks],
        "by_receive_time": pl.repeat(False, len(tops), dtype=pl.Boolean, eager=True),
    }
    return pl.DataFrame({name: columns[name] for name in QUOTE_COLUMNS}, schema=QUOTE_COLUMNS)


def _mark_prices(events: Events) -> pl.DataFrame:
    messages = events.messages
    columns = events.columns() | {
        "timestamp": wire.microseconds(pl.Series([m.E for m in messages], dtype=pl.Int64)),
        "mark_price": [m.p for m in messages],
        "index_price": [present(m.i) for m in messages],
    }
    return pl.DataFrame({name: columns[name] for name in MARK_COLUMNS}, schema=MARK_COLUMNS)


def _funding_rates(events: Events) -> pl.DataFrame:
    messages = events.messages
    columns = events.columns() | {
        "timestamp": wire.microseconds(pl.Series([m.E for m in messages], dtype=pl.Int64)),
        "funding_rate": [present(m.r) for m in messages],
        "funding_time": [m.due() for m in messages],
        "predicted_rate": pl.repeat(None, len(messages), dtype=pl.String, eager=True),
    }
    rows = pl.DataFrame({name: columns[name] for name in FUNDING_COLUMNS}, schema=FUNDING_COLUMNS)
    return rows.drop_nulls("funding_rate")
