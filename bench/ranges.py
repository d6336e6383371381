"""Range read: `trades` to Arrow from a warm cache, against ADBC on the same query."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

import pyarrow as pa
from adbc_driver_postgresql import dbapi
from psycopg import sql

from bench import made
from bench.figures import Bar, Figure, Section
from bench.place import Place
from cryptoscalp import Continuity

NAME: Final = "ranges"
_BAR: Final = Bar("ratio", "≥", 0.8)


def measure(place: Place, quick: bool) -> Section:
    """Read one instrument's day as float64 and as exact decimals, in turn with the peer."""
    rows, repeats = (5_000, 2) if quick else (1_000_000, 4)
    (symbol,) = made.symbols(1)
    figures: list[Figure] = []
    with place.connect() as db, dbapi.connect(place.dsn, autocommit=True) as adbc:
        for part in made.parts(made.trades(rows, 1, seconds=86_400), 250_000):
            db.capture.write_trades(part, continuity=Continuity.CONSECUTIVE_IDS)
        place.settle()
        for name, exact, bars in (
            ("float64", False, (_BAR,)),
            ("exact decimals", True, ()),
        ):

            def ours(exact: bool = exact) -> pa.Table:
                return db.market.trades(symbol, made.DAY, made.NEXT_DAY, made.EXCHANGE, exact=exact)

            query = _query(symbol, exact).as_string()

            def peer(query: str = query) -> pa.Table:
                with adbc.cursor() as cursor:
                    cursor.execute(query)
                    return cursor.fetch_arrow_table()

            mine, theirs = _in_turn(ours, peer, rows, repeats)
            figures.append(
                Figure(f"{name}, {rows:,} rows", rows / mine, "rows/s", rows / theirs, bars)
            )
    figures[-1] = Figure(
        figures[-1].name,
        figures[-1].value,
        figures[-1].unit,
        figures[-1].peer,
        note="the peer's numbers are text, these are decimal128(38, 18)",
    )
    return Section(
        NAME,
        "market.trades: ADBC, binary COPY to Arrow",
        "ADBC running the same query, in turn; the median of"
        f" {repeats} reads each, after one that is not counted",
        place.settings(),
        figures,
    )


def _query(symbol: str, exact: bool) -> sql.Composed:
    number = "numeric" if exact else "float8"
    return sql.SQL(
        "SELECT timestamp, received_at, sequence, price::{number} AS price,"
        " volume::{number} AS volume, side::text AS side FROM market_data"
        " WHERE symbol = {symbol} AND exchange = {exchange} AND feed = 'trade'"
        " AND timestamp >= {first} AND timestamp < {last} ORDER BY timestamp, sequence"
    ).format(
        number=sql.Identifier(number),
        symbol=sql.Literal(symbol),
        exchange=sql.Literal(made.EXCHANGE),
        first=sql.Literal(made.DAY.isoformat()),
        last=sql.Literal(made.NEXT_DAY.isoformat()),
    )


def _in_turn(
    ours: Callable[[], pa.Table], peer: Callable[[], pa.Table], rows: int, repeats: int
) -> tuple[float, float]:
    """Median seconds of each side."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats + 1):
        for read, taken in zip((ours, peer), seconds, strict=True):
            began = time.perf_counter()
            table = read()
            taken.append(time.perf_counter() - began)
            if table.num_rows != rows:
                raise AssertionError(f"{table.num_rows:,} rows were read, not {rows:,}")
    return statistics.median(seconds[0][1:]), statistics.median(seconds[1][1:])
