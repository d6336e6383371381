"""What every parser hands to the writer: a block of events, and what could not be one.

Prices and sizes stay text exactly as the venue wrote them until validation makes them decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

TRADE_COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    "timestamp": pl.Int64,  # µs since the epoch, UTC
    "received_at": pl.Int64,  # µs since the epoch, UTC; null when no receiver's clock is known
    "exchange": pl.String,
    "symbol": pl.String,
    "feed": pl.String,  # 'trade' | 'agg_trade'
    "sequence": pl.Int64,  # the venue's trade id; null when it gives none
    "price": pl.String,
    "volume": pl.String,
    "side": pl.String,  # the aggressor: 'BUY' | 'SELL'; null when the venue does not say
    "line": pl.Int64,  # 1-based
}

QUOTE_COLUMNS: Final[dict[str, type[pl.DataType]]] = {
    "timestamp": pl.Int64,
    "received_at": pl.Int64,
    "exchange": pl.String,
    "symbol": pl.String,
    "source": pl.String,  # 'ticker' | 'depth' | 'snapshot'
    "sequence": pl.Int64,  # the venue's update id; null when it gives none
    "bid_price": pl.String,  # price and volume of a side are null when the side is absent
    "bid_volume": pl.String,
    "ask_price": pl.String,
    "ask_volume": pl.String,
    "by_receive_time": pl.Boolean,  # the venue gave no time: timestamp is the receive time
    "line": pl.Int64,
}

StreamKey = tuple[str, str, str]
"""(exchange, symbol, stream), e.g. ("binance", "BTCUSDT", "depth")."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be made an event: where it stands, why, and the record itself.

    `line` is 1-based; `reason` is a `QuarantineReason` value; `timestamp_us` is µs since the
    epoch. What the record does not tell is None.
    """

    line: int
    reason: str
    detail: str
    raw: bytes
    exchange: str | None = None
    symbol: str | None = None
    stream: str | None = None
    timestamp_us: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A block of events in file order, with the accounting of everything that was not one.

    `trades` has TRADE_COLUMNS, `quotes` has QUOTE_COLUMNS. `raw` maps a line number of this
    chunk to its raw record (KeyError for a line of another chunk). Always
    `received == trades.height + quotes.height + len(rejects) + sum(ignored.values())`.
    """

    trades: pl.DataFrame
    quotes: pl.DataFrame
    rejects: tuple[Reject, ...]
    ignored: Mapping[StreamKey, int]
    raw: Callable[[int], bytes]
    received: int


def empty_trades() -> pl.DataFrame:
    """No trades: zero rows of TRADE_COLUMNS."""
    return pl.DataFrame(schema=TRADE_COLUMNS)


def empty_quotes() -> pl.DataFrame:
    """No quotes: zero rows of QUOTE_COLUMNS."""
    return pl.DataFrame(schema=QUOTE_COLUMNS)
