"""Batches of log records: stored once, past rows that are refused, on days that are made."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from cryptoscalp.logs.entries import LogRow
from cryptoscalp.logs.sending import Sender
from tests.logs.conftest import Opened, stored
from tests.postgres import Place


def test_a_batch_is_stored_once_however_often_it_is_sent(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    logger.info("seed")
    handler.flush()
    assert stored(database.dsn, "SELECT count(*) FROM system_logs") == [(1,)]
    at = datetime.now(UTC)
    rows = [LogRow(at, "INFO", "x", f"m{n}", "{}") for n in range(3)]
    sender = Sender(database.dsn)
    for _ in range(3):
        assert sender.send(rows, "one") == 0
    assert sender.send(rows, "two") == 0
    sender.close()
    assert stored(database.dsn, "SELECT count(*) FROM system_logs WHERE component = 'x'") == [(6,)]


def test_a_row_that_is_refused_does_not_hold_up_the_others(database: Place) -> None:
    at = datetime.now(UTC)
    rows = [LogRow(at, "INFO", "x", f"m{n}", "{}") for n in range(9)]
    rows[4] = rows[4]._replace(message="x" * 70_000)  # more than the table takes
    rows[7] = rows[7]._replace(metadata="[]")
    sender = Sender(database.dsn)
    assert sender.send(rows, "mixed") == 2
    assert sender.send(rows, "mixed") == 2
    sender.close()
    found = stored(database.dsn, "SELECT message FROM system_logs ORDER BY message")
    assert [text for (text,) in found] == ["m0", "m1", "m2", "m3", "m5", "m6", "m8"]


def test_days_that_are_missing_are_made(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    for days in (0, 1, 40):
        record = logger.makeRecord(logger.name, 20, "f", 1, f"{days} days", (), None)
        record.created = time.time() - days * 86_400
        logger.handle(record)
    handler.flush()
    assert [row[2] for row in stored(database.dsn)] == ["0 days", "1 days", "40 days"]
    late = stored(
        database.dsn,
        "SELECT count(*) FROM late_writes WHERE table_name = 'system_logs'"
        " AND day < current_date - 30 AND written_at > now() - interval '1 hour'",
    )
    assert late == [(1,)]  # retention counts from this write, not from the day
