"""Closed days go into the columnstore by our own job; what was written to lately stays in rows."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from cryptoscalp import connect
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.market.columnstore import compress_days
from tests.postgres import Place
from tests.timescale.content import TABLES, content, fill


def run(place: Place) -> Any:
    with connect(place.dsn) as db:
        return db._driver.run(Operation(compress_days, transaction=False, retry=True))


def states(place: Place, *, closed: bool = True) -> set[tuple[str, bool]]:
    """Tables, and whether chunks of closed days, or the others, are in the columnstore."""
    with psycopg.connect(place.admin_dsn) as connection:
        found = connection.execute(
            "SELECT hypertable_name, is_compressed FROM timescaledb_information.chunks"
            " WHERE (range_end < now() - interval '2 days') = %s",
            [closed],
        ).fetchall()
    return {(name, packed) for name, packed in found}


def rows_of_2024(place: Place) -> dict[str, int]:
    """Rows of the closed days."""
    with psycopg.connect(place.admin_dsn) as connection:
        return {
            table: connection.execute(
                f"SELECT FROM {table} WHERE timestamp < '2025-01-01'".encode()
            ).rowcount
            for table in TABLES[:4]
        }


def test_a_day_is_compressed_when_it_has_been_left_alone(timescale: Place) -> None:
    fill(timescale)
    before, closed = content(timescale), rows_of_2024(timescale)
    # It was written to a moment ago, however old its rows are.
    assert run(timescale).rows == 0
    with psycopg.connect(timescale.admin_dsn) as connection:
        connection.execute("UPDATE late_writes SET written_at = now() - interval '3 days'")
    assert run(timescale).rows > 0
    assert {packed for _, packed in states(timescale)} == {True}
    assert content(timescale) == before
    assert run(timescale).rows == 0
    with connect(timescale.dsn) as db:
        parts = [one for one in db.market.partitions() if "2024" in one.bounds]
    listed = {one.table: sum(p.rows for p in parts if p.table == one.table) for one in parts}
    assert {table: listed[table] for table in TABLES[:4]} == closed


def test_a_batch_of_more_rows_than_the_limit_is_taken_back(timescale: Place) -> None:
    """TimescaleDB's limit of 100,000 unpacked rows a statement is off for this database."""
    with psycopg.connect(timescale.dsn, autocommit=True) as connection:
        row = connection.execute(
            "SHOW timescaledb.max_tuples_decompressed_per_dml_transaction"
        ).fetchone()
    assert row == ("0",)


def test_native_partitions_have_nothing_to_compress(database: Place) -> None:
    fill(database, rows=10)
    assert run(database).rows == 0


@pytest.mark.parametrize("statement", ["SELECT compress_day('0')", "SELECT compress_day('-1 day')"])
def test_the_deduplication_window_stays_in_rows(timescale: Place, statement: str) -> None:
    with psycopg.connect(timescale.dsn, autocommit=True) as connection:
        connection.execute("SELECT ensure_partitions(now() - interval '1 day', now())")
        connection.execute(
            "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
            " VALUES (now() - interval '1 day', 'BTCUSDT', 'binance', 1, 1, 'trade', 990000)"
            " ON CONFLICT DO NOTHING"
        )
        connection.execute(statement.encode())
    assert states(timescale, closed=False) == {("market_data", False)}
