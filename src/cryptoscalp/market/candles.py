"""Flow: candles of any interval, from the computed and imported ones (S21)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, get_args

import polars as pl
import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, arrow, rows
from cryptoscalp.market import buckets
from cryptoscalp.market.names import moment, one_of, resolve, span
from cryptoscalp.market.ranges import exact_decimals
from cryptoscalp.market.types import Fill, Interval

_WIDE: Final = pl.Decimal(38, 18)
_TIME: Final = pl.Datetime("us", "UTC")
_SCHEMA: Final = pl.Schema(
    {
        "timestamp": _TIME,
        "open": _WIDE,
        "high": _WIDE,
        "low": _WIDE,
        "close": _WIDE,
        "volume": _WIDE,
        "trade_count": pl.Int64(),
        "source": pl.String(),
    }
)
#: What rolled-up candles say besides: the interval they are made of, and of how many.
_MADE: Final[dict[str, pl.DataType]] = {"made_of": pl.String(), "parts": pl.Int64()}
_NUMBERS: Final = [name for name, dtype in _SCHEMA.items() if dtype == _WIDE]
_AS_STORED: Final = sql.SQL(
    "SELECT timestamp, open, high, low, close, volume, trade_count, source::text AS source"
    " FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
    " AND interval = %(interval)s AND timestamp >= %(low)s AND timestamp < %(high)s"
)
# Every candle that could stand for a bucket: of the ticks' minutes, and of each imported interval
# that divides it, the bucket's own among them.
_ROLLED_UP: Final = sql.SQL(
    "SELECT date_bin(%(step)s, timestamp, 'epoch') AS timestamp,"
    " (array_agg(open ORDER BY timestamp))[1] AS open, max(high) AS high, min(low) AS low,"
    " (array_agg(close ORDER BY timestamp DESC))[1] AS close, sum(volume) AS volume,"
    " CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,"
    " source::text AS source, interval::text AS made_of, count(*) AS parts"
    " FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
    " AND interval = ANY (%(finer)s::candle_interval[])"
    " AND timestamp >= %(low)s AND timestamp < %(high)s"
    " GROUP BY date_bin(%(step)s, timestamp, 'epoch'), source, interval"
)


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
    close, with fill="previous").

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
    name, venue = yield from resolve(symbol, exchange)
    frame = yield from _stored(name, venue, interval, step, low, high, exact)
    runs, gaps = yield from _coverage(name, venue, low, high)
    frame = frame.with_columns(_complete(frame, step, runs, gaps))
    chosen = buckets.choose(frame, interval)
    close = None
    if fill == "previous" and low and (chosen.is_empty() or chosen["timestamp"][0] > low):
        close = yield from _close_before(name, venue, low)
    shown = buckets.filled(chosen, fill, step, low, high, close)
    if shown.height > chosen.height:
        whole = _complete(shown, step, runs, gaps)
        shown = shown.with_columns(pl.coalesce("complete", whole).alias("complete"))
    order = [*[*_SCHEMA][:-1], "complete", "source"]
    return shown.select(order).to_arrow(compat_level=pl.CompatLevel.oldest())


def _stored(
    symbol: str,
    exchange: str,
    interval: Interval,
    step: timedelta,
    low: datetime | None,
    high: datetime | None,
    exact: bool,
) -> Flow[pl.DataFrame]:
    params = {
        "symbol": symbol,
        "exchange": exchange,
        "interval": interval,
        "finer": buckets.finer(interval),
        "step": step,
        "low": low or datetime.min.replace(tzinfo=buckets.EPOCH.tzinfo),
        "high": high or datetime.max.replace(tzinfo=buckets.EPOCH.tzinfo),
    }
    # ADBC reads numeric as text, which is exact; a cast on the server is faster for floats.
    number = sql.SQL("{0}::numeric AS {0}" if exact else "{0}::float8 AS {0}")
    rolled_up = interval not in ("1s", "1m")
    query = sql.SQL("SELECT timestamp, {numbers}, {others} FROM ({found}) AS c").format(
        numbers=sql.SQL(", ").join(number.format(sql.Identifier(name)) for name in _NUMBERS),
        others=sql.SQL(", ").join(
            map(sql.Identifier, ["trade_count", "source", *(_MADE if rolled_up else [])])
        ),
        found=_ROLLED_UP if rolled_up else _AS_STORED,
    )
    table = yield from arrow(query, params)
    schema = pl.Schema({**_SCHEMA, **(_MADE if rolled_up else {})})
    if not exact:
        floats = pl.Schema({**schema, **dict.fromkeys(_NUMBERS, pl.Float64())})
        return pl.DataFrame(table).cast(floats)
    try:
        for name in _NUMBERS:
            at = table.column_names.index(name)
            table = table.set_column(at, name, exact_decimals(table[name]))
    except pa.ArrowInvalid as error:
        # A sum of volumes may be wider than the type.
        raise InputError(
            f"a volume of {symbol} has over 20 integer digits; read it without exact"
        ) from error
    return pl.DataFrame(table).cast(schema)


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


def _close_before(symbol: str, exchange: str, low: datetime) -> Flow[Decimal | None]:
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
        {"symbol": symbol, "exchange": exchange, "low": low},
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
