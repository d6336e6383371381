"""The product on a PostgreSQL that it did not bring, through CRYPTOSCALP_DATABASE_URL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import psycopg
import pyarrow as pa
import pytest

import cryptoscalp
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, Place, debian_15, new_database, running_server

START = datetime(2024, 8, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def system_database() -> Iterator[Place]:
    """A migrated database on a running PostgreSQL 15."""
    with running_server(debian_15()) as server, new_database(server) as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        yield made


def trades(symbol: str, ids: range) -> pa.Table:
    """One trade a second, priced by its id."""
    frame = pl.DataFrame(
        {
            "timestamp": [START + timedelta(seconds=number) for number in ids],
            "exchange": ["binance"] * len(ids),
            "symbol": [symbol] * len(ids),
            "price": [Decimal(100 + number % 7) for number in ids],
            "volume": [Decimal("0.5")] * len(ids),
            "sequence": list(ids),
            "side": ["BUY"] * len(ids),
        }
    )
    return frame.with_columns(pl.col("timestamp").dt.cast_time_unit("us")).to_arrow()


def test_environment_names_the_database(
    system_database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOSCALP_DATABASE_URL", system_database.dsn)
    with cryptoscalp.connect() as db, psycopg.connect(db.dsn) as connection:
        row = connection.execute("SELECT current_setting('server_version_num')::int").fetchone()
        assert row is not None
        assert row[0] // 10_000 == 15


def test_blocking_face_writes_reads_and_undoes(system_database: Place) -> None:
    with cryptoscalp.connect(system_database.dsn) as db:
        table = trades("SYNCUSDT", range(1, 301))
        first = db.capture.write_trades(table, continuity=cryptoscalp.Continuity.CONSECUTIVE_IDS)
        again = db.capture.write_trades(table, continuity=cryptoscalp.Continuity.CONSECUTIVE_IDS)
        assert (first.total.stored, again.total.duplicate) == (300, 300)
        candles = db.market.candles("SYNCUSDT", "1m", exact=True).to_pylist()
        assert [candle["trade_count"] for candle in candles] == [59, 60, 60, 60, 60, 1]
        assert [candle["complete"] for candle in candles] == [False, True, True, True, True, False]
        newest = db.market.batches()
        undone = db.market.undo_batch(newest[1].batch_id)
        assert undone.trades == 300
        assert db.market.candles("SYNCUSDT", "1m").num_rows == 0
        with pytest.raises(cryptoscalp.NotFound):
            db.market.last_trade("SYNCUSDT", "binance")


async def test_awaited_face_writes_and_reads(system_database: Place) -> None:
    async with cryptoscalp.connect_async(system_database.dsn) as db:
        account = await db.capture.write_trades(trades("ASYNCUSDT", range(1, 101)))
        assert account.total.stored == 100
        last = await db.market.last_trade("ASYNCUSDT", "binance")
        assert last.sequence == 100
        assert last.price == Decimal(100 + 100 % 7)
        found = await db.market.trades("ASYNCUSDT", START, START + timedelta(days=1), exact=True)
        assert found["sequence"].to_pylist() == list(range(1, 101))


def test_foreign_insert_keeps_candles_exact(system_database: Place) -> None:
    with psycopg.connect(system_database.dsn, autocommit=True) as connection:
        connection.execute("SELECT ensure_partitions(%s, %s)", (START, START))
        with connection.cursor().copy(
            "COPY market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
            " FROM STDIN"
        ) as copy:
            for number, price in enumerate((10, 12, 9, 11)):
                moment = START + timedelta(milliseconds=10 * number)
                copy.write_row((moment, "PSQLUSDT", "binance", price, 1, "trade", number))
        row = connection.execute(
            "SELECT open, high, low, close, volume, trade_count FROM candles"
            " WHERE symbol = 'PSQLUSDT' AND interval = '1m'"
        ).fetchone()
    assert row == (10, 12, 9, 11, 4, 4)


def test_a_database_without_schema_names_the_command(system_database: Place) -> None:
    bare = psycopg.conninfo.make_conninfo(system_database.dsn, dbname="postgres")
    with pytest.raises(cryptoscalp.SchemaMismatch, match="cryptoscalp db upgrade"):
        cryptoscalp.connect(bare)
