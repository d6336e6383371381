"""Operational rows: 1-second candles by day, quarantine and runs of jobs by row."""

from __future__ import annotations

import pytest

from cryptoscalp import AsyncDatabase
from tests.faces import table, trade
from tests.postgres import Place
from tests.retention.days import DAY, age, as_admin, departed, partitions, trades

_OLD = "INSERT INTO job_runs (job, worker, state, started_at, finished_at) VALUES"


@pytest.mark.parametrize("admin", [True, False], ids=["detached", "dropped"], indirect=True)
async def test_one_second_candles_leave_after_their_ticks(
    db: AsyncDatabase, database: Place
) -> None:
    await db.capture.write_trades(trades(30))
    age(database)
    held = await db.retention.hold("market_data", DAY, DAY, "why", "me")
    (line,) = (await db.retention.plan(tables=["candles_1s"])).lines
    assert (line.action, line.reason) == ("blocked", "follows from ticks that stay in PostgreSQL")
    assert not [one for one in (await db.retention.run()).done if one.table == "candles_1s"]
    await db.retention.release(held.hold_id, "me")
    kept = await db.retention.run(["market_data", "candles_1s"], destroy=False)
    assert [one.outcome for one in kept.done if one.table == "candles_1s"] == ["skipped"]
    assert partitions(database, "candles_1s")
    report = await db.retention.run()
    assert [(one.table, one.outcome) for one in report.done] == [("candles_1s", "dropped")]
    assert not partitions(database, "candles_1s")
    assert {row[0] for row in departed(database)} == {"market_data", "order_book_l1", "candles_1s"}


@pytest.mark.parametrize("admin", [True, False], ids=["detached", "dropped"], indirect=True)
async def test_imported_candles_stay(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(trades(30))
    as_admin(
        database,
        "SET ROLE cryptoscalp_owner",
        "INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low,"
        " close, volume)"
        " VALUES ('2024-08-08 12:00+00', 'BTCUSDT', 'binance', '1s', 'imported', 1, 1, 1, 1, 1)",
    )
    age(database)
    assert not (await db.retention.run()).failed
    assert as_admin(database, "SELECT source::text FROM candles_1s") == [("imported",)]
    assert not (await db.retention.run()).done
    (line,) = (await db.retention.plan(tables=["candles_1s"])).lines
    assert (line.action, line.reason) == ("keep", "imported candles, which are permanent")


async def test_old_rows_leave_and_held_ones_stay(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(table([trade(0, 1, price="-1"), trade(1, 2, price="-2")]))
    as_admin(
        database,
        f"{_OLD} ('a', 'w', 'SUCCEEDED', now() - interval '31 days', now()),"
        " ('b', 'w', 'SUCCEEDED', now() - interval '29 days', now()),"
        " ('c', 'w', 'SUCCEEDED', '2024-08-08', now())",
        "UPDATE quarantine SET last_seen_at = now() - interval '31 days' WHERE symbol IS NOT NULL",
    )
    await db.retention.hold("job_runs", DAY, DAY, "why", "me")
    due = [(one.table, one.action, one.rows) for one in
           (await db.retention.plan(tables=["quarantine", "job_runs"])).lines]  # fmt: skip
    assert ("quarantine", "drop", 2) in due
    report = await db.retention.run(["quarantine", "job_runs"])
    assert {(one.table, one.rows) for one in report.done} == {("quarantine", 2), ("job_runs", 1)}
    assert as_admin(database, "SELECT job FROM job_runs ORDER BY job") == [("b",), ("c",)]
    assert not as_admin(database, "SELECT FROM quarantine")
