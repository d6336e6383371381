"""Flow: candles of any interval, from the computed and imported ones (S21)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, get_args

import polars as pl
import pyarrow as pa

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market import buckets
from cryptoscalp.market.names import Known, known, moment, one_of, span
from cryptoscalp.market.second_candles import second_candles
from cryptoscalp.market.stored_candles import SCHEMA, stored
from cryptoscalp.market.tiers import BEGINNING, END, Stretch, with_ranges
from cryptoscalp.market.types import Fill, Interval

_MINUTE: Final = timedelta(minutes=1)


def candles(
    symbol: str,
    interval: Interval,
    start: datetime | None = None,
    end: datetime | None = None,
    exchange: str | None = None,
    *,
    fill: Fill = "none",
    exact: bool = False,
) -> Flow[pa.Table]:
    """Candles of the buckets that begin in [start, end), ordered by time.

    Buckets are aligned to 1970-01-01 UTC. Columns: timestamp (bucket start, timestamp[us, UTC]),
    open, high, low, close and volume (float64; decimal128(38, 18) when `exact`), trade_count
    (int64, null where an imported candle has none), complete (bool: no trade of the bucket can be
    missing), source ("computed", "imported", or "filled" for an empty bucket at the previous
    close, with fill="previous"). The schema's metadata says under "cryptoscalp.ranges" which
    range came from where: 1-second candles of days in the cold tier are made of the trades there.

    A bucket of more than a minute shows the computed candle where that is complete, else the
    imported one, else imported ones of a shorter interval put together when none is missing, else
    whichever is made of more of the bucket. Raises NotFound, AmbiguousSymbol, InputError.
    """
    one_of(fill, get_args(Fill), "fill")
    step = buckets.step_of(interval)
    if start and end:
        span(start, end)
    low = buckets.aligned_up(moment(start, "start"), step) if start else None
    high = buckets.aligned_up(moment(end, "end"), step) if end else None
    found = yield from known(symbol, exchange)
    name, venue = found.symbol, found.exchange
    bounds = low or BEGINNING, high or END
    if interval == "1s":
        frame, tiers = yield from second_candles(found, *bounds, exact)
    else:
        frame = yield from stored(name, venue, interval, step, *bounds, exact)
        tiers = [Stretch("hot", *bounds)]
    runs, gaps = yield from _coverage(name, venue, low, high)
    frame = frame.with_columns(_complete(frame, step, runs, gaps))
    chosen = buckets.choose(frame, interval)
    close = None
    if fill == "previous" and low and (chosen.is_empty() or chosen["timestamp"][0] > low):
        close = yield from _close_before(found, low, exact)
    shown = buckets.filled(chosen, fill, step, low, high, close)
    if shown.height > chosen.height:
        whole = _complete(shown, step, runs, gaps)
        shown = shown.with_columns(pl.coalesce("complete", whole).alias("complete"))
    order = [*[*SCHEMA][:-1], "complete", "source"]
    table = shown.select(order).to_arrow(compat_level=pl.CompatLevel.oldest())
    return with_ranges(table, tiers)


def _coverage(
    symbol: str, exchange: str, low: datetime | None, high: datetime | None
) -> Flow[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    found = yield from rows(
        "SELECT c.kind::text, c.start_time, c.end_time FROM coverage AS c"
        " JOIN instruments AS i ON i.symbol = c.symbol AND i.exchange = c.exchange"
        " AND i.canonical_feed::text = c.stream::text"
        " WHERE c.symbol = %s AND c.exchange = %s"
        " AND (%s::timestamptz IS NULL OR c.end_time >= %s)"
        " AND (%s::timestamptz IS NULL OR c.start_time <= %s::timestamptz + interval '1 day')",
        (symbol, exchange, low, low, high, high),
    )
    runs = [(_us(first), _us(last)) for kind, first, last in found if kind == "RECEIVED"]
    gaps = [(_us(first), _us(last)) for kind, first, last in found if kind == "GAP"]
    return runs, gaps


def _close_before(known: Known, low: datetime, exact: bool) -> Flow[Decimal | float | None]:
    minute = buckets.EPOCH + (low - buckets.EPOCH) // _MINUTE * _MINUTE
    if minute < low:
        seconds, _ = yield from second_candles(known, minute, low, exact)
        if not seconds.is_empty():
            last = seconds.sort("timestamp", pl.col("source") != "computed").filter(
                pl.col("timestamp") == pl.col("timestamp").max()
            )
            close: Decimal | float = last["close"][0]
            return close
    found = yield from rows(
        # A minute that has not ended by then holds later trades; its seconds tell.
        "SELECT close FROM ((SELECT close, source, timestamp + interval '1 minute' AS ended"
        " FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
        " AND interval = '1m' AND timestamp <= %(low)s - interval '1 minute'"
        " ORDER BY timestamp DESC, source LIMIT 1) UNION ALL"
        " (SELECT close, source, timestamp + interval '1 second'"
        " FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
        " AND interval = '1s' AND timestamp <= %(low)s - interval '1 second'"
        " AND timestamp > %(low)s - interval '1 minute'"
        " ORDER BY timestamp DESC, source LIMIT 1)) AS before ORDER BY ended DESC, source LIMIT 1",
        {"symbol": known.symbol, "exchange": known.exchange, "low": low},
        prepare=False,
    )
    return found[0][0] if found else None


def _complete(
    frame: pl.DataFrame,
    step: timedelta,
    runs: list[tuple[int, int]],
    gaps: list[tuple[int, int]],
) -> pl.Series:
    starts = frame["timestamp"].dt.epoch("us").to_numpy()
    step_us = step // timedelta(microseconds=1)
    return pl.Series("complete", buckets.complete(starts, step_us, runs, gaps), dtype=pl.Boolean)


def _us(value: datetime) -> int:
    return (value - buckets.EPOCH) // timedelta(microseconds=1)
