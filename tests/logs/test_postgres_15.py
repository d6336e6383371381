"""Logs on Debian's PostgreSQL 15: recorded, read, the server's own too, and gone again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from cryptoscalp import connect
from cryptoscalp.infra import migrations
from tests.postgres import LOGIN, debian_15, running_server


def test_the_way_of_a_record() -> None:
    old = datetime.now(UTC) - timedelta(days=40)
    with running_server(debian_15()) as server:
        migrations.upgrade(server.admin_dsn, login=LOGIN)
        with connect(data_dir=server.data_dir) as db:
            db.logs.record("ERROR", "x", "old", at=old)
            db.logs.record("INFO", "x", "new")
            collected = db.logs.collect()
            assert collected.skipped is None
            assert collected.records > 0
            assert db.logs.search("ready to accept", component="postgresql")
            assert db.logs.counts().levels["INFO"] > 1
            with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
                connection.execute("UPDATE late_writes SET written_at = now() - interval '31 days'")
            (done,) = db.retention.run(["system_logs"]).done
            assert (done.day, done.outcome, done.rows) == (old.date(), "dropped", 1)
            assert db.monitoring.metrics().failed == {}
