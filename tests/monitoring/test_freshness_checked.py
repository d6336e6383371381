"""The doctor looks at the age of data, at coverage, and at logs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptoscalp import AsyncDatabase
from tests.monitoring.asking import one, store
from tests.monitoring.conftest import Breaking


async def test_data_that_has_stopped(db: AsyncDatabase) -> None:
    assert (await one(db, "data-age")).status == "SKIP"
    await store(db, datetime.now(UTC) - timedelta(minutes=1))
    assert (await one(db, "data-age")).status == "OK"


async def test_data_that_is_old(db: AsyncDatabase) -> None:
    await store(db, datetime.now(UTC) - timedelta(minutes=30))
    found = await one(db, "data-age")
    assert found.status == "WARN"
    assert "the newest trade of binance is 0:3" in found.found


async def test_history_is_not_expected_to_go_on(db: AsyncDatabase) -> None:
    await store(db, datetime.now(UTC) - timedelta(days=400))
    found = await one(db, "data-age")
    assert found.status == "OK"
    assert "no data of the last two days" in found.found


async def test_many_gaps(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "coverage")).status == "OK"
    breaking(
        "SET session_replication_role = replica",  # its rows follow from ticks otherwise
        "INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)"
        " SELECT 'binance', 'BTCUSDT', 'trade', 'GAP', now(), now(), 'silent'"
        " FROM generate_series(1, 100)",
    )
    found = await one(db, "coverage")
    assert (found.status, "100 silent" in found.found) == ("WARN", True)


async def test_errors_and_drops(db: AsyncDatabase) -> None:
    assert (await one(db, "logs")).status == "OK"
    for _ in range(9):
        await db.logs.record("ERROR", "x", "broken")
    assert (await one(db, "logs")).status == "OK"
    await db.logs.record("CRITICAL", "bot", "it is on fire")
    found = await one(db, "logs")
    assert found.status == "WARN"
    assert "1 critical records and 9 errors in an hour: bot: it is on fire" in found.found
    await db.logs.record("WARNING", "cryptoscalp.logs", "dropped", {"dropped": 12})
    assert any("12 log records" in problem.found for problem in (await one(db, "logs")).problems)


async def test_what_was_never_reckoned(db: AsyncDatabase) -> None:
    assert (await one(db, "reckoned-age")).status == "SKIP"
