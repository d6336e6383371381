"""Flow: candles as PostgreSQL holds them, or rolled up from shorter ones by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl
import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, arrow
from cryptoscalp.market import buckets
from cryptoscalp.market.ranges import exact_decimals
from cryptoscalp.market.types import Interval

_WIDE: Final = pl.Decimal(38, 18)
_TIME: Final = pl.Datetime("us", "UTC")
SCHEMA: Final = pl.Schema(
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
MADE: Final[dict[str, pl.DataType]] = {"made_of": pl.String(), "parts": pl.Int64()}
NUMBERS: Final = [name for name, dtype in SCHEMA.items() if dtype == _WIDE]
_AS_STORED: Final = sql.SQL(
    "SELECT timestamp, open, high, low, close, volume, trade_count, source::text AS source"
    " FROM candles WHERE symbol = %(symbol)s AND exchange = %(exchange)s"
    " AND interval = %(interval)s AND timestamp >= %(low)s AND timestamp < %(high)s"
    " AND (source = 'imported' OR NOT %(imported_only)s) ORDER BY timestamp"
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


def stored(
    symbol: str,
    exchange: str,
    interval: Interval,
    step: timedelta,
    low: datetime,
    high: datetime,
    exact: bool,
    *,
    imported_only: bool = False,
) -> Flow[pl.DataFrame]:
    """Candles that PostgreSQL holds, rolled up where the interval is longer than a minute.

    Each has the columns of `SCHEMA`, numbers as float64 unless `exact`; a rolled-up one those of
    `MADE` too. Raises InputError for an exact volume wider than decimal128(38, 18).
    """
    params = {
        "symbol": symbol,
        "exchange": exchange,
        "interval": interval,
        "finer": buckets.finer(interval),
        "step": step,
        "low": low,
        "high": high,
        "imported_only": imported_only,
    }
    # ADBC reads numeric as text, which is exact; a cast on the server is faster for floats.
    number = sql.SQL("{0}::numeric AS {0}" if exact else "{0}::float8 AS {0}")
    rolled_up = interval not in ("1s", "1m")
    query = sql.SQL("SELECT timestamp, {numbers}, {others} FROM ({found}) AS c").format(
        numbers=sql.SQL(", ").join(number.format(sql.Identifier(name)) for name in NUMBERS),
        others=sql.SQL(", ").join(
            map(sql.Identifier, ["trade_count", "source", *(MADE if rolled_up else [])])
        ),
        found=_ROLLED_UP if rolled_up else _AS_STORED,
    )
    table = yield from arrow(query, params)
    schema = pl.Schema({**SCHEMA, **(MADE if rolled_up else {})})
    if not exact:
        floats = pl.Schema({**schema, **dict.fromkeys(NUMBERS, pl.Float64())})
        return pl.DataFrame(table).cast(floats)
    try:
        for name in NUMBERS:
            at = table.column_names.index(name)
            table = table.set_column(at, name, exact_decimals(table[name]))
    except pa.ArrowInvalid as error:
        # A sum of volumes may be wider than the type.
        raise too_wide(symbol) from error
    return pl.DataFrame(table).cast(schema)


def too_wide(symbol: str) -> InputError:
    """What an exact read raises where a sum of volumes does not fit its type."""
    return InputError(f"a volume of {symbol} has over 20 integer digits; read it without exact")
