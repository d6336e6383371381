"""What every parser hands to the writer: a block of events, and what could not be one.

Prices and sizes stay text exactly as the source wrote them, or Float64 where the source holds
floats, until validation makes them decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import polars as pl

Columns: TypeAlias = dict[str, type[pl.DataType]]

TRADE_COLUMNS: Final[Columns] = {
    "timestamp": pl.Int64,  # µs since the epoch, UTC
    "received_at": pl.Int64,  # µs since the epoch, UTC; null when no receiver's clock is known
    "exchange": pl.String,
    "symbol": pl.String,
    "feed": pl.String,  # 'trade' | 'agg_trade'
    "sequence": pl.Int64,  # the venue's trade id; null when it gives none
    "price": pl.String,
    "volume": pl.String,
    "side": pl.String,  # the aggressor: 'BUY' | 'SELL'; null when the venue does not say
    "line": pl.Int64,  # 1-based; several events may come from one line
}

QUOTE_COLUMNS: Final[Columns] = {
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

CANDLE_COLUMNS: Final[Columns] = {
    "timestamp": pl.Int64,  # start of the bucket
    "exchange": pl.String,
    "symbol": pl.String,
    "interval": pl.String,  # a value of `market.types.Interval` or of the database's enum
    "open": pl.String,
    "high": pl.String,
    "low": pl.String,
    "close": pl.String,
    "volume": pl.String,
    "trade_count": pl.Int64,  # null where the file has none
    "line": pl.Int64,
}

MARK_COLUMNS: Final[Columns] = {
    "timestamp": pl.Int64,
    "received_at": pl.Int64,
    "exchange": pl.String,
    "symbol": pl.String,
    "mark_price": pl.String,
    "index_price": pl.String,  # null where the source has none
    "line": pl.Int64,
}

FUNDING_COLUMNS: Final[Columns] = {
    "timestamp": pl.Int64,  # when the rate was said
    "received_at": pl.Int64,
    "exchange": pl.String,
    "symbol": pl.String,
    "funding_rate": pl.String,  # as a fraction of notional a period: 0.0001 is one basis point
    "funding_time": pl.Int64,  # when it is or was paid; null where the source does not say
    "predicted_rate": pl.String,  # of the period after; null where the source has none
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


def _none(columns: Columns) -> Callable[[], pl.DataFrame]:
    return lambda: pl.DataFrame(schema=columns)


#: No trades and no quotes: zero rows of TRADE_COLUMNS and QUOTE_COLUMNS.
empty_trades: Final = _none(TRADE_COLUMNS)
empty_quotes: Final = _none(QUOTE_COLUMNS)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A block of events in file order, with the accounting of everything that was not one.

    Each frame has the columns of its kind. Number columns are String, or Float64 where the
    source holds floats. `raw` maps a line number of this chunk to its raw record (KeyError for a
    line of another chunk). `received` is always the sum of the frames' heights, the rejects and
    the ignored. `unit` is the one in which the source's timestamps were read ("s", "ms", "us",
    "ns", "iso"), for what is said of those that cannot be.
    """

    trades: pl.DataFrame
    quotes: pl.DataFrame
    rejects: tuple[Reject, ...]
    ignored: Mapping[StreamKey, int]
    raw: Callable[[int], bytes]
    received: int
    candles: pl.DataFrame = field(default_factory=_none(CANDLE_COLUMNS))
    mark_prices: pl.DataFrame = field(default_factory=_none(MARK_COLUMNS))
    funding_rates: pl.DataFrame = field(default_factory=_none(FUNDING_COLUMNS))
    unit: str = "us"
