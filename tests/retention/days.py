"""Days of market data for the tests of retention, and what must always hold of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import ColdTable
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.market.kept import MARKET_DATA, ORDER_BOOK_L1
from tests.faces import NOON, quote, table, trade
from tests.postgres import Place

DAY = NOON.date()
INSTRUMENTS = (("binance", "BTCUSDT"), ("binance", "ETHUSDT"), ("kraken", "XBT/USD"))
_SECOND = 1_000_000


def trades(count: int = 300, *, days: int = 1, first: int = 0) -> pa.Table:
    """Trades of three instruments on the days from `DAY`, with exact decimals to the last digit."""
    return table(
        trade(
            day * 86_400 * _SECOND + n * _SECOND // 3,
            first + day * count + n,
            exchange=exchange,
            symbol=symbol,
            price=f"{100 + n}.000000000000000001",
            side=("BUY", "SELL", None)[n % 3],
        )
        for day in range(days)
        for n in range(count)
        for exchange, symbol in INSTRUMENTS[n % 3 : n % 3 + 1]
    )


def quotes(count: int = 100) -> pa.Table:
    """Quotes of one instrument on `DAY`."""
    return table(quote(n * _SECOND, n) for n in range(count))


def stored(place: Place, of: ColdTable = MARKET_DATA) -> Counter[tuple[Any, ...]]:
    """Every row that PostgreSQL shows of a table, by plain SQL."""
    names = of.schema.names
    with psycopg.connect(place.dsn, options="-c timezone=UTC") as connection:
        return Counter(
            connection.execute(
                sql.SQL("SELECT {} FROM {}").format(
                    sql.SQL(", ").join(sql.SQL("{}").format(sql.Identifier(n)) for n in names),
                    sql.Identifier(of.name),
                )
            ).fetchall()
        )


def authoritative(
    place: Place, lake: Lake, of: ColdTable = MARKET_DATA
) -> Counter[tuple[Any, ...]]:
    """Every row of a table where it is read from: COLD parts from the lake, others from SQL."""
    with psycopg.connect(place.dsn) as connection:
        cold = connection.execute(
            "SELECT day, exchange, symbol FROM cold_parts WHERE table_name = %s AND state = 'COLD'",
            (of.name,),
        ).fetchall()
    at, exchange, symbol = (of.schema.names.index(n) for n in ("timestamp", "exchange", "symbol"))
    away = set(cold)
    found = Counter(
        {
            row: count
            for row, count in stored(place, of).items()
            if (row[at].date(), row[exchange], row[symbol]) not in away
        }
    )
    for day, venue, name in cold:
        first = datetime.combine(day, time(), UTC)
        rows = lake.read(of, venue, name, first, first + timedelta(days=1))
        found.update(zip(*(column.to_pylist() for column in rows.columns), strict=True))
    return found


def age(place: Place, days: int = 40) -> None:
    """Let the late writes of every day have been so long ago."""
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute("UPDATE late_writes SET written_at = written_at - %s * interval '1 day'",
                           (days,))  # fmt: skip


def ledger(place: Place, name: str = "market_data") -> list[tuple[date, str, str, str, int]]:
    """The export ledger of a table: day, exchange, symbol, state, rows."""
    with psycopg.connect(place.dsn) as connection:
        return connection.execute(
            "SELECT day, exchange, symbol, state::text, rows FROM cold_parts"
            " WHERE table_name = %s ORDER BY 1, 2, 3",
            (name,),
        ).fetchall()


def departed(place: Place) -> list[tuple[str, date, int, str]]:
    """What retention has taken out: table, day, rows, reason."""
    with psycopg.connect(place.dsn) as connection:
        return connection.execute(
            "SELECT table_name, first_day, rows, reason FROM departures ORDER BY departure_id"
        ).fetchall()


def partitions(place: Place, name: str) -> list[str]:
    """Every table whose name says it is a partition of `name`, attached or not."""
    with psycopg.connect(place.dsn) as connection:
        found = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relname ~ %s AND relkind = 'r' ORDER BY 1",
            (f"^{name}_[0-9]+$",),
        ).fetchall()
    return [row[0] for row in found]


def as_admin(place: Place, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements as the superuser; the rows of the last one."""
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            done = connection.execute(statement.encode())
            rows = done.fetchall() if done.description else []
        return rows


async def perform(db: AsyncDatabase, flow: Flow[object]) -> object:
    """Run any flow on the test's driver, once."""
    return await db._driver.run(Operation(lambda: flow, transaction=False, retry=False))


def same(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether two collections of rows are equal, without printing thousands of them."""
    return Counter(one) == Counter(other)


__all__ = ["MARKET_DATA", "ORDER_BOOK_L1"]
