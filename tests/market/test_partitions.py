"""Days are made when they are needed, and nobody waits for that."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, DatabaseError, connect
from tests.capture import brute
from tests.faces import NOON, table, trade
from tests.postgres import Place

_DAY = 86_400_000_000


@pytest.mark.long
def test_four_hundred_days_in_one_call(database: Place) -> None:
    rows = [trade(-n * _DAY, n) for n in range(400)]
    with connect(database.dsn) as db:
        assert db.capture.write_trades(table(rows)).total.stored == 400
        assert db.capture.write_trades(table(rows)).total.duplicate == 400
        assert len(db.market.batches()) == 2
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_a_batch_over_month_ends(db: AsyncDatabase, database: Place) -> None:
    edge = int((NOON.replace(day=31, hour=23, minute=59, second=59) - NOON).total_seconds())
    rows = [trade(edge * 1_000_000 + n * 100_000, n) for n in range(40)]
    await db.capture.write_trades(table(rows))
    brute.check_derived(database.dsn)
    shown = await db.market.candles("BTCUSDT", "1d")
    assert shown["trade_count"].to_pylist() == [10, 30]


async def test_many_at_once_make_each_once(db: AsyncDatabase, database: Place) -> None:
    last = NOON + timedelta(days=59)
    makers = [db.market.ensure_partitions(NOON, last) for _ in range(6)]
    made = await asyncio.gather(*makers)
    held = await db.market.partitions()
    assert sum(made) == len(held)
    assert sum(one.table == "market_data" for one in held) == 60
    assert await db.market.ensure_partitions(NOON, last) == 0
    guards = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'ticks_%'"
    assert brute.fetch(database.dsn, guards) == [(2 * 2 * 61,)]


async def test_writers_to_new_days_at_once(db: AsyncDatabase, database: Place) -> None:
    """As many as the pool has connections, each of which needs another one for its day."""
    began = time.monotonic()
    writes = [
        db.capture.write_trades(table([trade(n * _DAY, n), trade(n * _DAY + 1, 100 + n)]))
        for n in range(8)
    ]
    accounts = await asyncio.gather(*writes)
    assert sum(account.total.stored for account in accounts) == 16
    assert time.monotonic() - began < 10
    brute.check_derived(database.dsn)


async def test_nobody_waits(db: AsyncDatabase, database: Place) -> None:
    """Open transactions that wrote and read stay open while partitions are made, and after."""
    await db.market.ensure_partitions(NOON, NOON)
    statement = (
        "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
        " VALUES (%s, 'BTCUSDT', 'binance', 1, 1, 'trade', %s)"
    )
    with psycopg.connect(database.dsn) as writer, psycopg.connect(database.dsn) as reader:
        writer.execute(statement, (NOON, 1))
        reader.execute("SELECT count(*) FROM market_data").fetchone()
        began = time.monotonic()
        assert await db.market.ensure_partitions(NOON, NOON + timedelta(days=20)) > 0
        assert time.monotonic() - began < 5
        writer.execute(statement, (NOON, 2))
        reader.execute("SELECT count(*) FROM market_data").fetchone()
        writer.commit()
    brute.check_derived(database.dsn)


def test_inserts_go_on_while_a_year_is_made(database: Place) -> None:
    with connect(database.dsn) as db:
        db.market.ensure_partitions(NOON, NOON)
        first = NOON + timedelta(days=1)
        maker = threading.Thread(
            target=db.market.ensure_partitions, args=(first, first + timedelta(days=100))
        )
        maker.start()
        slowest, sequence = 0.0, 0
        while maker.is_alive():
            sequence += 1
            began = time.monotonic()
            db.capture.write_trades(table([trade(sequence, sequence)]))
            slowest = max(slowest, time.monotonic() - began)
        maker.join()
    assert sequence > 3
    assert slowest < 1
    brute.check_derived(database.dsn)


async def test_too_much_or_backwards(db: AsyncDatabase) -> None:
    with pytest.raises(DatabaseError, match="366 days"):
        await db.market.ensure_partitions(NOON, NOON + timedelta(days=366))
    with pytest.raises(DatabaseError, match="before"):
        await db.market.ensure_partitions(NOON, NOON - timedelta(days=1))
    assert await db.market.partitions() == []


async def test_the_limit_counts_partitions_of_a_table(db: AsyncDatabase) -> None:
    """Thirty years are too many days, and few months."""
    last = NOON + timedelta(days=30 * 365)
    with pytest.raises(DatabaseError, match="more than 366 days"):
        await db.market.ensure_partitions(NOON, last, ["candles_long", "candles_1s"])
    with pytest.raises(DatabaseError, match="more than 366 months"):
        await db.market.ensure_partitions(NOON, NOON + timedelta(days=366 * 31), ["candles_long"])
    assert await db.market.partitions() == []
    with pytest.raises(DatabaseError, match="batches is no partitioned table; choose candles_1s"):
        await db.market.ensure_partitions(NOON, NOON, ["market_data", "batches"])
