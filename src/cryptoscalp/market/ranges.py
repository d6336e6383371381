"""Flows: ticks, mark prices and funding rates by time range as Arrow tables."""

from __future__ import annotations

from datetime import datetime
from typing import Final, LiteralString, get_args

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, arrow, rows
from cryptoscalp.market.names import one_of, resolve, span
from cryptoscalp.market.types import Feed, QuoteSource

DECIMAL: Final = pa.decimal128(38, 18)
TIME: Final = pa.timestamp("us", "UTC")
_TRADE_NUMBERS: Final = ("price", "volume")
_QUOTE_NUMBERS: Final = ("bid_price", "bid_volume", "ask_price", "ask_volume")
_MARK_NUMBERS: Final = ("mark_price", "index_price")
_FUNDING_NUMBERS: Final = ("funding_rate", "predicted_rate")
_TIMES: Final = ("timestamp", "received_at", "funding_time")


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
    Raises NotFound, AmbiguousSymbol, InputError for a range that is none or has no time zone.
    """
    first, last = span(start, end)
    name, venue = yield from resolve(symbol, exchange)
    if feed is not None:
        one_of(feed, get_args(Feed), "trade feed")
    chosen = feed or (yield from _choice("canonical_feed", name, venue)) or "trade"
    table = yield from arrow(
        _select("market_data", "feed", _TRADE_NUMBERS, exact, sql.SQL("side::text AS side")),
        (name, venue, chosen, first, last),
    )
    return _labelled(table, _TRADE_NUMBERS, exact, symbol=name, exchange=venue, feed=chosen)


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
    name, venue = yield from resolve(symbol, exchange)
    if source is not None:
        one_of(source, get_args(QuoteSource), "quote source")
    chosen = source or (yield from _choice("quote_source", name, venue)) or "ticker"
    table = yield from arrow(
        _select("order_book_l1", "source", _QUOTE_NUMBERS, exact),
        (name, venue, chosen, first, last),
    )
    return _labelled(table, _QUOTE_NUMBERS, exact, symbol=name, exchange=venue, source=chosen)


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
    name, venue = yield from resolve(symbol, exchange)
    table = yield from arrow(
        _select_states("mark_prices", _MARK_NUMBERS, exact), (name, venue, first, last)
    )
    return _labelled(table, _MARK_NUMBERS, exact, symbol=name, exchange=venue)


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
    name, venue = yield from resolve(symbol, exchange)
    table = yield from arrow(
        _select_states("funding_rates", _FUNDING_NUMBERS, exact, sql.SQL("funding_time")),
        (name, venue, first, last),
    )
    return _labelled(table, _FUNDING_NUMBERS, exact, symbol=name, exchange=venue)


def _choice(column: LiteralString, symbol: str, exchange: str) -> Flow[str | None]:
    found = yield from rows(
        sql.SQL("SELECT {}::text FROM instruments WHERE symbol = %s AND exchange = %s").format(
            sql.Identifier(column)
        ),
        (symbol, exchange),
    )
    chosen: str | None = found[0][0]
    return chosen


def _select(
    table: LiteralString,
    stream: LiteralString,
    numbers: tuple[LiteralString, ...],
    exact: bool,
    *more: sql.Composable,
) -> sql.Composed:
    return sql.SQL(
        "SELECT timestamp, received_at, sequence, {columns} FROM {table}"
        " WHERE symbol = %s AND exchange = %s AND {stream} = %s"
        " AND timestamp >= %s AND timestamp < %s ORDER BY timestamp, sequence"
    ).format(
        columns=sql.SQL(", ").join([*_numbers(numbers, exact), *more]),
        table=sql.Identifier(table),
        stream=sql.Identifier(stream),
    )


def _select_states(
    table: LiteralString,
    numbers: tuple[LiteralString, ...],
    exact: bool,
    *more: sql.Composable,
) -> sql.Composed:
    return sql.SQL(
        "SELECT timestamp, received_at, {columns} FROM {table}"
        " WHERE symbol = %s AND exchange = %s AND timestamp >= %s AND timestamp < %s"
        " ORDER BY timestamp"
    ).format(
        columns=sql.SQL(", ").join([*_numbers(numbers, exact), *more]),
        table=sql.Identifier(table),
    )


def _numbers(names: tuple[LiteralString, ...], exact: bool) -> list[sql.Composed]:
    # ADBC reads numeric as text, which is exact; a cast on the server is faster for floats.
    number = sql.SQL("{0}::numeric AS {0}" if exact else "{0}::float8 AS {0}")
    return [number.format(sql.Identifier(name)) for name in names]


def _labelled(table: pa.Table, numbers: tuple[str, ...], exact: bool, **labels: str) -> pa.Table:
    for name in _TIMES:
        if name not in table.column_names:
            continue
        at = table.column_names.index(name)
        table = table.set_column(at, name, table[name].cast(TIME))
    if exact:
        for name in numbers:
            at = table.column_names.index(name)
            table = table.set_column(at, name, exact_decimals(table[name]))
    for at, (name, value) in enumerate(labels.items(), start=1):
        indices = pa.repeat(pa.scalar(0, pa.int8()), table.num_rows)
        table = table.add_column(at, name, pa.DictionaryArray.from_arrays(indices, [value]))
    return table


def exact_decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numeric text as decimal128(38, 18), exactly; ArrowInvalid when a value does not fit."""
    return pc.cast(column.cast(pa.string()), DECIMAL)
