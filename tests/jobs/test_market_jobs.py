"""The market's jobs: days ahead are there before they begin, and nobody waits for that."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, connect
from tests.faces import NOON, quote, table, trade
from tests.postgres import Place

_INSERT = (
    "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
    " VALUES (now(), 'BTCUSDT', 'binance', 1, 1, 'trade', %s)"
)


async def test_days_and_months_ahead(db: AsyncDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTOSCALP_PARTITION_DAYS_AHEAD", "40")
    today = datetime.now(UTC).date()
    run = await db.jobs.run("make_partitions")
    assert run.detail is not None
    assert f"to {today + timedelta(days=40)}" in run.detail
    names = {one.name for one in await db.market.partitions()}
    for daily in ("market_data", "order_book_l1", "candles_1s", "mark_prices", "funding_rates"):
        days = {f"{daily}_{today + timedelta(days=n):%Y%m%d}" for n in range(41)}
        assert days == {name for name in names if name.startswith(f"{daily}_2")}
    assert f"candles_long_{today + timedelta(days=40):%Y%m}" in names
    assert run.rows == len(names)


def test_open_writers_and_readers_of_today_block_nothing_and_are_not_blocked(
    database: Place,
) -> None:
    """A lock wait of more than 100 ms ends any of these statements with an error."""
    now = datetime.now(UTC)
    stop = threading.Event()
    written: list[int] = []

    def keep_writing() -> None:
        with psycopg.connect(
            database.dsn, autocommit=True, options="-c lock_timeout=100ms"
        ) as connection:
            while not stop.is_set():
                connection.execute(_INSERT, (1_000 + len(written),))
                connection.execute("SELECT count(*) FROM market_data").fetchone()
                written.append(1)

    with connect(database.dsn) as db:
        db.market.ensure_partitions(now, now)
        with psycopg.connect(database.dsn) as reader, psycopg.connect(database.dsn) as writer:
            writer.execute(_INSERT, (1,))
            reader.execute("SELECT count(*) FROM market_data").fetchone()
            writer.rollback()
            reader.execute("SELECT count(*) FROM order_book_l1").fetchone()
            other = threading.Thread(target=keep_writing)
            other.start()
            run = db.jobs.run("make_partitions")
            stop.set()
            other.join()
            assert run.state == "SUCCEEDED"
            assert run.rows
            reader.execute("SELECT count(*) FROM market_data").fetchone()
    assert written


async def test_every_tick_has_its_instrument(db: AsyncDatabase, database: Place) -> None:
    symbols = ("AAAUSDT", "BTCUSDT", "ZZZUSDT")
    late = [trade(n, n, symbol=symbol) for n, symbol in enumerate(symbols)]
    await db.capture.write_trades(table(late))
    await db.capture.write_quotes(table([quote(1, 1, symbol="BTCUSDT")]))
    now = datetime.now(UTC)
    await db.market.ensure_partitions(now, now)
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(_INSERT, (1,))
    run = await db.jobs.run("check_instruments")
    assert (run.state, run.rows) == ("SUCCEEDED", 5)

    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM instruments WHERE symbol IN ('AAAUSDT', 'BTCUSDT')")
    run = await db.jobs.run("check_instruments")
    assert run.state == "FAILED"
    assert run.error is not None
    assert f"AAAUSDT on binance (market_data, {NOON:%Y-%m-%d})" in run.error
    assert f"BTCUSDT on binance (market_data, {now:%Y-%m-%d})" in run.error
    assert "ZZZUSDT" not in run.error
    assert "instruments set" in run.error
