"""Partitions ahead, holes, left-overs, defaults, and pending detaches."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from tests.faces import NOON
from tests.monitoring.asking import NOW, TODAY, one, store
from tests.monitoring.conftest import Breaking
from tests.postgres import Place


def _name(table: str, days: int) -> str:
    return f"{table}_{TODAY + timedelta(days=days):%Y%m%d}"


async def test_days_ahead(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "partitions-ahead")).status == "SKIP"
    await store(db)
    behind = await one(db, "partitions-ahead")
    assert behind.status == "FAIL"
    assert "has no partition for" in behind.found
    await db.market.ensure_partitions(NOW, NOW + timedelta(days=32))
    assert (await one(db, "partitions-ahead")).status == "OK"
    breaking(f"DROP TABLE {_name('order_book_l1', 5)}")
    later = await one(db, "partitions-ahead")
    assert later.status == "WARN"
    assert f"{(TODAY + timedelta(days=5)).date()}" in later.found
    assert (later.hint or "").startswith("cryptoscalp partitions ensure --start")
    breaking(f"ALTER TABLE market_data DETACH PARTITION {_name('market_data', 1)}")
    assert (await one(db, "partitions-ahead")).status == "FAIL"


async def test_old_data_alone_needs_no_days_ahead(db: AsyncDatabase) -> None:
    await store(db, NOON)
    assert (await one(db, "partitions-ahead")).status == "OK"


async def test_left_over_and_missing(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "partitions")).status == "SKIP"
    await db.market.ensure_partitions(NOON, NOON + timedelta(days=4))
    assert (await one(db, "partitions")).status == "OK"
    breaking("ALTER TABLE market_data DETACH PARTITION market_data_20240809")
    left = await one(db, "partitions")
    assert left.status == "FAIL"
    assert [problem.found for problem in left.problems] == [
        "market_data_20240809 is detached, and its rows lie nowhere else: no read finds them"
    ]
    breaking(
        "INSERT INTO cold_parts (table_name, day, exchange, symbol, state, rows, first_timestamp,"
        " last_timestamp, content_sha256, snapshot_id, written_at, verified_at)"
        " VALUES ('market_data', '2024-08-09', 'binance', 'BTCUSDT', 'COLD', 1, '2024-08-09',"
        " '2024-08-09', sha256(''), 1, now(), now())"
    )
    begun = await one(db, "partitions")
    assert begun.status == "WARN"
    assert "the cold tier has its rows" in begun.found
    breaking("DROP TABLE market_data_20240809")
    hole = await one(db, "partitions")
    assert hole.found == "market_data has no partition for 2024-08-09, between two others"
    breaking(
        "INSERT INTO departures (table_name, first_day, last_day, rows, reason, piece)"
        " VALUES ('market_data', '2024-08-09', '2024-08-09', 1, 'cold', 'market_data_20240809')"
    )
    assert (await one(db, "partitions")).status == "OK"


async def test_a_default_partition(db: AsyncDatabase, breaking: Breaking) -> None:
    await db.market.ensure_partitions(NOON, NOON)
    breaking("CREATE TABLE market_data_rest PARTITION OF market_data DEFAULT")
    found = await one(db, "partitions")
    assert found.status == "FAIL"
    assert "market_data has the default partition market_data_rest" in found.found


async def test_trades_whose_candles_have_no_place(db: AsyncDatabase, breaking: Breaking) -> None:
    await store(db, NOON)
    breaking("DROP TABLE candles_1s_20240808", "ANALYZE")
    found = await one(db, "partitions")
    assert found.status == "FAIL"
    assert "market_data_20240808 holds trades, and candles_1s has no partition" in found.found


async def test_a_detach_that_was_broken_off(db: AsyncDatabase, database: Place) -> None:
    await db.market.ensure_partitions(NOON, NOON)
    with psycopg.connect(database.admin_dsn) as reader:
        reader.execute("SELECT count(*) FROM market_data")
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                admin.execute(
                    "ALTER TABLE market_data DETACH PARTITION market_data_20240808 CONCURRENTLY"
                )
    found = await one(db, "partitions")
    assert found.status == "WARN"
    assert "market_data_20240808 is half detached" in found.found
    assert "FINALIZE" in (found.hint or "")
