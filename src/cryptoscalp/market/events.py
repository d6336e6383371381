"""Flows: trades and quotes together, as a backtest or an execution study reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

import polars as pl
import pyarrow as pa

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.market import ranges
from cryptoscalp.market.names import one_of
from cryptoscalp.market.tiers import RANGES
from cryptoscalp.market.types import Clock

_KEY = {"exchange": "timestamp", "received": "received_at"}
#: How far before the first trade the quote in force is looked for.
LOOK_BACK = timedelta(hours=1)


def events(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    exact: bool = False,
    clock: Clock = "exchange",
) -> Flow[pa.Table]:
    """Trades and quotes with start <= timestamp < end in one table, in event order.

    Ordered by `timestamp`, or by `received_at` with clock="received"; each stream keeps its own
    order of (timestamp, sequence), and at one timestamp the streams interleave by receive time,
    quotes first. Where the exchange stamps no quotes (Binance spot) their timestamp is the
    recorder's clock, which may differ from the exchange's by seconds: use clock="received" there.
    Columns: kind ("trade" or "quote"), those of `trades`, and bid_price, bid_volume, ask_price,
    ask_volume; null where the kind has none. Raises as `trades` does.
    """
    one_of(clock, get_args(Clock), "clock")
    traded = yield from ranges.trades(symbol, start, end, exchange, exact=exact)
    quoted = yield from ranges.quotes(symbol, start, end, exchange, exact=exact)
    both = merged(_frame(traded, "trade", "feed"), _frame(quoted, "quote", "source"), clock)
    return _told(both, traded, quoted)


def trades_with_quotes(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    exact: bool = False,
    clock: Clock = "exchange",
) -> Flow[pa.Table]:
    """Trades with start <= timestamp < end, each with the quote in force when it happened.

    The quote is the last one strictly before the trade: one with the trade's own timestamp may
    already show its effect. Columns: those of `trades`, and quote_timestamp, quote_sequence,
    bid_price, bid_volume, ask_price, ask_volume, null where no quote came within the hour before.
    `clock` as in `events`. Raises as `trades` does.
    """
    one_of(clock, get_args(Clock), "clock")
    traded = yield from ranges.trades(symbol, start, end, exchange, exact=exact)
    quoted = yield from ranges.quotes(symbol, start - LOOK_BACK, end, exchange, exact=exact)
    return _told(in_force(_plain(traded), _plain(quoted), clock), traded, quoted)


def merged(traded: pl.DataFrame, quoted: pl.DataFrame, clock: Clock) -> pa.Table:
    """Interleave two frames that are each ordered by (timestamp, sequence)."""
    key = _KEY[clock]
    # Within one timestamp a stream's receive times may step back; its order by id must not.
    steady = pl.col("received_at").fill_null(pl.col("timestamp")).cum_max()
    group = ["kind", "timestamp"] if clock == "exchange" else ["kind"]
    both = pl.concat([quoted, traded], how="diagonal")
    ordered = both.with_columns(steady.over(group).alias("_received")).sort(
        *(["timestamp"] if key == "timestamp" else []), "_received", maintain_order=True
    )
    return ordered.drop("_received").to_arrow(compat_level=pl.CompatLevel.oldest())


def in_force(traded: pl.DataFrame, quoted: pl.DataFrame, clock: Clock) -> pa.Table:
    """Join each trade with the last quote strictly before it by the chosen clock."""
    key = _KEY[clock]
    books = quoted.select(
        pl.col(key).alias("_at"),
        pl.col("timestamp").alias("quote_timestamp"),
        pl.col("sequence").alias("quote_sequence"),
        "bid_price",
        "bid_volume",
        "ask_price",
        "ask_volume",
    ).sort("_at", maintain_order=True)
    joined = traded.sort(key, maintain_order=True).join_asof(
        books,
        left_on=key,
        right_on="_at",
        strategy="backward",
        tolerance=LOOK_BACK,
        allow_exact_matches=False,
    )
    table = joined.drop("_at", strict=False).sort("timestamp", "sequence")
    return table.to_arrow(compat_level=pl.CompatLevel.oldest())


def _told(table: pa.Table, traded: pa.Table, quoted: pa.Table) -> pa.Table:
    """The table with the ranges of both its sources in its metadata."""
    return table.replace_schema_metadata(
        {
            RANGES + b".trades": traded.schema.metadata[RANGES],
            RANGES + b".quotes": quoted.schema.metadata[RANGES],
        }
    )


def _plain(table: pa.Table) -> pl.DataFrame:
    frame = pl.DataFrame(table)
    return frame.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _frame(table: pa.Table, kind: Literal["trade", "quote"], stream: str) -> pl.DataFrame:
    frame = _plain(table).drop(stream)
    return frame.select(pl.lit(kind).alias("kind"), pl.all())
