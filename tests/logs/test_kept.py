"""How long logs stay: partitions ahead by a job, whole days gone after 30."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.logs import jobs
from tests.logs.conftest import stored
from tests.postgres import Place
from tests.retention.conftest import admin, db, warehouse

__all__ = ["admin", "db", "warehouse"]

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=40)


@pytest.mark.parametrize("admin", [True, False], ids=["detached", "dropped"], indirect=True)
async def test_a_day_leaves_30_days_after_its_last_write(
    db: AsyncDatabase, database: Place
) -> None:
    await db.logs.record("INFO", "x", "old", at=OLD)
    await db.logs.record("INFO", "x", "new")
    (kept,) = (await db.retention.run(["system_logs"])).done or (None,)
    assert kept is None  # written today
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("UPDATE late_writes SET written_at = now() - interval '31 days'")
    planned = {
        (one.first_day, one.action)
        for one in (await db.retention.plan(tables=["system_logs"])).lines
    }
    assert (OLD.date(), "drop") in planned
    assert (NOW.date(), "keep") in planned
    held = await db.retention.hold("system_logs", OLD.date(), OLD.date(), "why", "me")
    assert not (await db.retention.run(["system_logs"])).done
    await db.retention.release(held.hold_id, "me")
    (done,) = (await db.retention.run(["system_logs"])).done
    assert (done.table, done.day, done.outcome, done.rows) == (
        "system_logs",
        OLD.date(),
        "dropped",
        1,
    )
    assert stored(database.dsn, "SELECT message FROM system_logs") == [("new",)]
    departures = stored(
        database.dsn, "SELECT rows, reason FROM departures WHERE table_name = 'system_logs'"
    )
    assert departures == [(1, "operational")]


async def test_days_are_made_ahead(db: AsyncDatabase, database: Place) -> None:
    made = await db._driver.run(Operation(jobs.make_log_partitions, False, True))
    assert made.rows == 8
    again = await db._driver.run(Operation(jobs.make_log_partitions, False, True))
    assert again.rows == 0
    names = stored(
        database.dsn,
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'system_logs'::regclass"
        " ORDER BY 1",
    )
    assert names[0] == (f"system_logs_{NOW:%Y%m%d}",)
