"""Prices and market data that are old, missing or cut off: the value is unknown, never fine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg

from cryptoscalp import AsyncDatabase
from tests.postgres import Place
from tests.risk.limits_rooms import EXCHANGE, SYMBOL, buy, checked, desk, mark, traded


async def test_old_prices_of_what_is_held_are_stale(db: AsyncDatabase) -> None:
    await desk(db)
    await db.risk.set_limit("STALE_DATA", portfolio="desk", medium=30, high=600)
    assert (await checked(db))["STALE_DATA"].value == 0  # nothing is held
    await buy(db, "0.1", "50000")
    found = (await checked(db))["STALE_DATA"]
    assert (found.state, found.value) == ("UNKNOWN", None)
    assert f"no trade or quote is stored of {SYMBOL} on {EXCHANGE}" in (found.reason or "")
    await traded(db, datetime.now(UTC) - timedelta(seconds=90))
    found = (await checked(db))["STALE_DATA"]
    assert found.value is not None
    assert 90 <= found.value < 120
    assert found.level == "MEDIUM"
    await traded(db, datetime.now(UTC))
    found = (await checked(db))["STALE_DATA"]
    assert found.value is not None
    assert found.value < 25
    assert found.state == "CLEARING"


async def test_old_marks_give_way_to_the_last_trade(db: AsyncDatabase) -> None:
    await desk(db)
    now = datetime.now(UTC)
    await buy(db, "0.1", "50000", at=now - timedelta(hours=2))
    await db.risk.set_limit("GROSS_EXPOSURE", portfolio="desk", high=8_000)
    found = (await checked(db))["GROSS_EXPOSURE"]
    assert (found.state, found.value) == ("UNKNOWN", None)
    assert "marks of positions are old, and no last price is known" in (found.reason or "")
    await traded(db, now - timedelta(hours=1), "60000")
    found = (await checked(db))["GROSS_EXPOSURE"]
    assert found.state == "UNKNOWN"
    assert f"the newest price of {SYMBOL} on {EXCHANGE}" in (found.reason or "")
    assert "too old" in (found.reason or "")
    await traded(db, now, "90000")
    found = (await checked(db))["GROSS_EXPOSURE"]
    assert (found.state, found.value) == ("BREACHED", Decimal(9_000))
    await mark(db, "51000")
    assert (await checked(db))["GROSS_EXPOSURE"].value == 5_100


async def test_a_gap_beyond_the_newest_trade_makes_it_older(
    db: AsyncDatabase, database: Place
) -> None:
    await desk(db)
    now = datetime.now(UTC)
    await buy(db, "0.1", "50000")
    await traded(db, now)
    await db.risk.set_limit("STALE_DATA", portfolio="desk", high=300)
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SET ROLE cryptoscalp_owner")
        connection.execute(
            "INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)"
            " VALUES (%s, %s, 'trade', 'GAP', %s, %s, 'disconnected')",
            (EXCHANGE, SYMBOL, now - timedelta(minutes=10), now + timedelta(seconds=1)),
        )
    found = (await checked(db))["STALE_DATA"]
    assert found.value is not None
    assert 600 <= found.value < 700
    assert found.state == "BREACHED"


async def test_a_day_without_its_first_price_is_unknown(db: AsyncDatabase) -> None:
    await desk(db)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await buy(db, "0.1", "50000", at=yesterday)
    await db.risk.set_limit("DAILY_LOSS", portfolio="desk", high=150, critical=200,
                            unknown_action="HALT")  # fmt: skip
    found = await checked(db)
    assert (found["DAILY_LOSS"].value, found["DAILY_LOSS"].state) == (None, "UNKNOWN")
    assert "no last price is known" in (found["DAILY_LOSS"].reason or "")
    assert not await db.risk.trading_state("desk")
