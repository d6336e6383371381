"""What the market subject hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["BUY", "SELL"]
Feed: TypeAlias = Literal["trade", "agg_trade"]
QuoteSource: TypeAlias = Literal["ticker", "depth", "snapshot"]
Interval: TypeAlias = Literal[
    "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"
]
Fill: TypeAlias = Literal["none", "previous"]
Clock: TypeAlias = Literal["exchange", "received"]


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of an instrument; prices in quote currency, volumes in base or contracts.

    `timestamp` is the exchange's where it sends one, else the receive time. `sequence` is the
    venue's update id.
    """

    symbol: str
    exchange: str
    timestamp: datetime
    bid_price: Decimal
    bid_volume: Decimal
    ask_price: Decimal
    ask_volume: Decimal
    sequence: int
    received_at: datetime | None

    @property
    def mid_price(self) -> Decimal:
        """Half way between bid and ask."""
        return (self.bid_price + self.ask_price) / 2

    @property
    def spread(self) -> Decimal:
        """Ask minus bid; 0 when the book is locked."""
        return self.ask_price - self.bid_price


@dataclass(frozen=True, slots=True)
class Trade:
    """One executed trade; `side` is the aggressor, None where the venue does not say."""

    symbol: str
    exchange: str
    timestamp: datetime
    price: Decimal
    volume: Decimal
    side: Side | None
    sequence: int
    received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A tradable instrument with its current terms; None where they are not known."""

    symbol: str
    exchange: str
    canonical_feed: Feed | None
    quote_source: QuoteSource
    base: str | None
    quote: str | None
    settle: str | None
    tick_size: Decimal | None
    lot_size: Decimal | None
    contract_multiplier: Decimal | None
    inverse: bool | None
    listed_at: datetime | None
    delisted_at: datetime | None
    renamed_to: str | None


@dataclass(frozen=True, slots=True)
class CoverageInterval:
    """An interval received without a hole (cause None), or a gap with its cause.

    `missing` is the number of events a gap in consecutive ids has lost, None where unknown.
    """

    exchange: str
    symbol: str
    stream: str
    start: datetime
    end: datetime
    first_sequence: int | None
    last_sequence: int | None
    cause: str | None = None
    missing: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One import, feed session or call, and its account."""

    batch_id: int
    source: str
    format: str
    status: Literal["OPEN", "COMMITTED", "UNDONE"]
    started_at: datetime
    finished_at: datetime | None
    received: int
    stored: int
    duplicate: int
    quarantined: int
    ignored: int
    rounded: int


@dataclass(frozen=True, slots=True)
class Undone:
    """How many events `undo_batch` took back.

    `overlapping` are batches that brought duplicates to the same streams: what they shared with
    the batch is gone, and they have to be imported again.
    """

    batch_id: int
    trades: int
    quotes: int
    candles: int
    mark_prices: int
    funding_rates: int
    overlapping: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One refused record, kept whole; `resolved_at` once a retry has stored its events."""

    first_seen_at: datetime
    times_seen: int
    exchange: str | None
    symbol: str | None
    stream: str | None
    timestamp: datetime | None
    reason: str
    detail: str
    source: str
    line: int | None
    raw: bytes
    batch_id: int | None
    resolved_at: datetime | None
    resolved_batch_id: int | None
