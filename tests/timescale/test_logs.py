"""Logs on hypertables: recorded, read, and gone after 30 days."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import psycopg

from cryptoscalp.infra import migrations
from cryptoscalp.logs import LogHandler
from tests.faces import open_face
from tests.postgres import Place


async def test_logs_come_and_go(mode: str, timescale: Place) -> None:
    now = datetime.now(UTC)
    old = now - timedelta(days=40)
    handler = LogHandler(timescale.dsn)
    for age in (0, 40 * 86_400):
        record = logging.makeLogRecord({"name": mode, "levelno": 40, "msg": f"{age} s"})
        record.created -= age
        handler.handle(record)
    handler.close()
    async with await open_face(mode, timescale.dsn) as db:
        found = await db.logs.search(None, start=old - timedelta(days=1), component=mode)
        assert [one.message for one in found] == [f"{40 * 86_400} s", "0 s"]
        assert migrations.check(timescale.admin_dsn) == []
        with psycopg.connect(timescale.admin_dsn, autocommit=True) as connection:
            connection.execute("UPDATE late_writes SET written_at = now() - interval '31 days'")
        (done,) = [one for one in (await db.retention.run(["system_logs"])).done if one.rows]
        assert (done.day, done.outcome) == (old.date(), "dropped")
        left = await db.logs.search(None, start=old - timedelta(days=1), component=mode)
        assert [one.message for one in left] == ["0 s"]
