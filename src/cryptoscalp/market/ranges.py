"""Flows: ticks, mark prices and funding rates by time range as Arrow tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString, get_args

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.flow import Flow, arrow, using
from cryptoscalp.market.names import Known, known, one_of, span
from cryptoscalp.market.tiers import joined, read_tiers
from cryptoscalp.market.types import Feed, QuoteSource

DECIMAL: Final = pa.decimal128(38, 18)
TIME: Final = pa.timestamp("us", "UTC")
_TIMES: Final = ("timestamp", "received_at", "funding_time")


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is read of a table: numbers, other columns, and the column that tells streams apart."""

    table: LiteralString
    numbers: tuple[LiteralString, ...]
    others: tuple[LiteralString, ...]
    stream: LiteralString | None = None
    last: tuple[LiteralString, ...] = ()

    @property
    def columns(self) -> tuple[LiteralString, ...]:
        """Every column that is read, in order."""
        return (*self.others, *self.numbers, *self.last)


_TRADES: Final = _Kind(
    "market_data",
    ("price", "volume"),
    ("timestamp", "received_at", "sequence"),
    stream="feed",
    last=("side",),
)
_QUOTES: Final = _Kind(
    "order_book_l1",
    ("bid_price", "bid_volume", "ask_price", "ask_volume"),
    ("timestamp", "received_at", "sequence"),
    stream="source",
)
_MARKS: Final = _Kind("mark_prices", ("mark_price", "index_price"), ("timestamp", "received_at"))
_FUNDING: Final = _Kind(
    "funding_rates",
    ("funding_rate", "predicted_rate"),
    ("timestamp", "received_at"),
    last=("funding_time",),
)


def trades(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    feed: Feed | None = None,
    exact: bool = False,
) -> Flow[pa.Table]:
    """Trades with start <= timestamp < end, ordered by (timestamp, sequence).

    Columns: timestamp and received_at (timestamp[us, UTC]), symbol, exchange and feed
    (dictionary), sequence (int64), price and volume (float64; decimal128(38, 18) when `exact`),
    side (string, null where unknown). `feed` is the instrument's canonical one unless given.
    The schema's metadata says under "cryptoscalp.ranges" which range came from PostgreSQL ("hot")
    and which from the cold tier. Raises NotFound, AmbiguousSymbol, InputError for a range that is
    none or has no time zone, ColdDamage and WarehouseError where the cold tier cannot answer,
    Contention where days keep being moved.
    """
    first, last = span(start, end)
    found = yield from known(symbol, exchange)
    if feed is not None:
        one_of(feed, get_args(Feed), "trade feed")
    chosen = feed or found.canonical_feed or "trade"
    return (yield from _read(_TRADES, found, chosen, first, last, exact))


def quotes(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    source: QuoteSource | None = None,
    exact: bool = False,
) -> Flow[pa.Table]:
    """Quotes with start <= timestamp < end, ordered by (timestamp, sequence).

    Columns: timestamp and received_at (timestamp[us, UTC]), symbol, exchange and source
    (dictionary), sequence (int64), bid_price, bid_volume, ask_price, ask_volume (float64;
    decimal128(38, 18) when `exact`). `source` is the instrument's quote source unless given.
    Raises as `trades` does.
    """
    first, last = span(start, end)
    found = yield from known(symbol, exchange)
    if source is not None:
        one_of(source, get_args(QuoteSource), "quote source")
    return (yield from _read(_QUOTES, found, source or found.quote_source, first, last, exact))


def mark_prices(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    exact: bool = False,
) -> Flow[pa.Table]:
    """Mark prices with start <= timestamp < end, ordered by time.

    Columns: timestamp and received_at (timestamp[us, UTC]), symbol and exchange (dictionary),
    mark_price and index_price (float64; decimal128(38, 18) when `exact`; index_price null where
    the source has none). Raises as `trades` does.
    """
    first, last = span(start, end)
    found = yield from known(symbol, exchange)
    return (yield from _read(_MARKS, found, None, first, last, exact))


def funding_rates(
    symbol: str,
    start: datetime,
    end: datetime,
    exchange: str | None = None,
    *,
    exact: bool = False,
) -> Flow[pa.Table]:
    """Funding rates said at start <= timestamp < end, ordered by time.

    Columns: timestamp and received_at (timestamp[us, UTC]), symbol and exchange (dictionary),
    funding_rate and predicted_rate (fraction of notional a period: float64; decimal128(38, 18)
    when `exact`), funding_time (timestamp[us, UTC]). Null is what the source does not say.
    Raises as `trades` does.
    """
    first, last = span(start, end)
    found = yield from known(symbol, exchange)
    return (yield from _read(_FUNDING, found, None, first, last, exact))


def _read(
    kind: _Kind, found: Known, stream: str | None, first: datetime, last: datetime, exact: bool
) -> Flow[pa.Table]:
    """Rows of one instrument and stream from both tiers, with their names as dictionaries."""
    symbol, exchange = found.symbol, found.exchange
    query = _select(kind, exact)

    def hot(low: datetime, high: datetime) -> Flow[pa.Table]:
        names = (symbol, exchange, *([stream] if stream else []))
        table = yield from arrow(query, (*names, low, high))
        return _as_read(table, kind, exact)

    def cold(low: datetime, high: datetime, holding: int) -> Flow[pa.Table]:
        # Here: what the tables look like is only needed, and loaded, where days have left.
        from cryptoscalp.market.kept import COLD

        table = yield from using(
            Lake,
            lambda lake: lake.read(
                COLD[kind.table],
                exchange,
                symbol,
                low,
                high,
                columns=kind.columns,
                where={kind.stream: stream} if kind.stream and stream else None,
                floats=() if exact else kind.numbers,
                holding=holding,
            ),
        )
        return pa.Table.from_arrays(table.columns, names=table.column_names)

    pieces = yield from read_tiers(kind.table, exchange, symbol, first, last, hot, cold)
    labels = {"symbol": symbol, "exchange": exchange}
    if kind.stream and stream:
        labels[kind.stream] = stream
    return _labelled(joined(pieces), labels)


def _select(kind: _Kind, exact: bool) -> sql.Composed:
    # ADBC reads numeric as text, which is exact; a cast on the server is faster for floats.
    number = sql.SQL("{0}::numeric AS {0}" if exact else "{0}::float8 AS {0}")
    plain = sql.SQL("{0}::text AS {0}")
    columns = [
        (number if name in kind.numbers else plain if name == "side" else sql.SQL("{0}")).format(
            sql.Identifier(name)
        )
        for name in kind.columns
    ]
    ordered = ("timestamp", "sequence") if kind.stream else ("timestamp",)
    return sql.SQL(
        "SELECT {columns} FROM {table} WHERE symbol = %s AND exchange = %s{stream}"
        " AND timestamp >= %s AND timestamp < %s ORDER BY {order}"
    ).format(
        columns=sql.SQL(", ").join(columns),
        table=sql.Identifier(kind.table),
        stream=sql.SQL(" AND {} = %s").format(sql.Identifier(kind.stream))
        if kind.stream
        else sql.SQL(""),
        order=sql.SQL(", ").join(map(sql.Identifier, ordered)),
    )


def _as_read(table: pa.Table, kind: _Kind, exact: bool) -> pa.Table:
    """What ADBC gives in the types of the answer."""
    columns = []
    for name in table.column_names:
        column = table[name]
        if name in _TIMES:
            column = column.cast(TIME)
        elif exact and name in kind.numbers:
            column = exact_decimals(column)
        columns.append(column)
    return pa.Table.from_arrays(columns, names=table.column_names)


def _labelled(table: pa.Table, labels: Mapping[str, str]) -> pa.Table:
    for at, (name, value) in enumerate(labels.items(), start=1):
        indices = pa.repeat(pa.scalar(0, pa.int8()), table.num_rows)
        table = table.add_column(at, name, pa.DictionaryArray.from_arrays(indices, [value]))
    return table


def exact_decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numeric text as decimal128(38, 18), exactly; ArrowInvalid when a value does not fit."""
    return pc.cast(column.cast(pa.string()), DECIMAL)
