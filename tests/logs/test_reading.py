"""Logs read through both faces, counted, and recorded one at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError
from tests.postgres import Place

NOW = datetime.now(UTC)


async def fill(db: AsyncDatabase) -> None:
    for n, (level, component, message) in enumerate(
        [
            ("DEBUG", "bot", "Looking at BTCUSDT"),
            ("INFO", "bot.orders", "sent 100% of it"),
            ("WARNING", "bot.orders.slow", "took 10_000 ms"),
            ("ERROR", "botany", "no such plant"),
            ("CRITICAL", "feed", "gone"),
        ]
    ):
        await db.logs.record(
            level, component, message, {"n": n},  # type: ignore[arg-type]
            at=NOW - timedelta(minutes=10 - n),
        )  # fmt: skip


async def test_the_newest_in_order(db: AsyncDatabase) -> None:
    await fill(db)
    found = await db.logs.tail(3)
    assert [one.message for one in found] == ["took 10_000 ms", "no such plant", "gone"]
    assert found[-1].level == "CRITICAL"
    assert found[-1].component == "feed"
    assert found[-1].metadata == {"n": 4}
    assert found[-1].timestamp == NOW - timedelta(minutes=6)
    assert [one.level for one in await db.logs.tail(level="ERROR")] == ["ERROR", "CRITICAL"]
    below = await db.logs.tail(component="bot")
    assert [one.component for one in below] == ["bot", "bot.orders", "bot.orders.slow"]
    assert len(await db.logs.tail(since=NOW - timedelta(minutes=7, seconds=30))) == 2


async def test_texts_are_found_as_they_stand(db: AsyncDatabase) -> None:
    await fill(db)
    for text, expected in (("btcusdt", 1), ("100%", 1), ("10_0", 1), ("1__0", 0), ("%", 1)):
        assert len(await db.logs.search(text)) == expected, text
    await db.logs.record("ERROR", "x", "failed", {"traceback": "ValueError: nothing there"})
    (one,) = await db.logs.search("valueerror")
    assert one.message == "failed"
    early = await db.logs.search("o", end=NOW - timedelta(minutes=8))
    assert [one.message for one in early] == ["Looking at BTCUSDT", "sent 100% of it"]
    assert await db.logs.search("o", start=NOW + timedelta(hours=1)) == []
    assert len(await db.logs.search("o", limit=1)) == 1


async def test_counts(db: AsyncDatabase) -> None:
    empty = await db.logs.counts()
    assert (empty.newest, empty.dropped, set(empty.levels.values())) == (None, 0, {0})
    await fill(db)
    await db.logs.record("WARNING", "cryptoscalp.logs", "dropped", {"dropped": 7})
    await db.logs.record("WARNING", "other", "no number", {"dropped": "7"})
    held = await db.logs.counts()
    assert held.levels == {"DEBUG": 1, "INFO": 1, "WARNING": 3, "ERROR": 1, "CRITICAL": 1}
    assert held.dropped == 7
    assert held.newest is not None
    assert (await db.logs.counts(NOW - timedelta(minutes=6, seconds=30))).levels["ERROR"] == 0


async def test_what_is_recorded_is_scrubbed_and_cut(db: AsyncDatabase) -> None:
    await db.logs.record("INFO", "x", "password=hunter2 " + "y" * 100_000, {"token": "t"})
    (one,) = await db.logs.tail()
    assert one.message.startswith("password=*** yyy")
    assert one.message.endswith("… [cut: 100,017 characters]")
    assert one.metadata == {"token": "***"}
    old = NOW - timedelta(days=100)
    await db.logs.record("INFO", "x", "old", at=old)
    (found,) = await db.logs.search("old", start=old - timedelta(days=1), end=NOW)
    assert found.timestamp == old


async def test_what_cannot_be_asked(db: AsyncDatabase) -> None:
    with pytest.raises(InputError, match="there is no level 'LOUD'"):
        await db.logs.tail(level="LOUD")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="there is no level"):
        await db.logs.record("LOUD", "x", "y")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="limit 0"):
        await db.logs.tail(0)
    with pytest.raises(InputError, match="no time zone"):
        await db.logs.search("x", start=datetime(2024, 8, 8))  # noqa: DTZ001
    with pytest.raises(InputError, match="not after"):
        await db.logs.search("x", start=NOW, end=NOW)
    with pytest.raises(InputError, match="component"):
        await db.logs.record("INFO", " ", "y")
    with pytest.raises(InputError, match="metadata"):
        await db.logs.record("INFO", "x", "y", {"no": object()})


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO system_logs (level, component, message) VALUES ('INFO', 'x', 'y')",
        "UPDATE system_logs SET message = ''",
        "DELETE FROM system_logs",
        "TRUNCATE system_logs",
        "INSERT INTO server_log_positions (file, position, lines) VALUES ('x', 0, 0)",
        "UPDATE server_log_positions SET position = 0",
    ],
)
def test_plain_sql_of_the_login_changes_nothing(database: Place, statement: str) -> None:
    with (
        psycopg.connect(database.dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_errors_are_read_by_their_index(database: Place) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SELECT ensure_partitions(now(), now(), '{system_logs}')")
        connection.execute(
            "INSERT INTO system_logs (timestamp, level, component, message)"
            " SELECT date_trunc('day', now()) + n * interval '1 second',"
            " CASE WHEN n % 500 = 0 THEN 'ERROR' ELSE 'INFO' END::log_level, 'x', 'message ' || n"
            " FROM generate_series(1, 20000) AS n"
        )
        connection.execute("ANALYZE system_logs")
        plan = connection.execute(
            "EXPLAIN SELECT * FROM system_logs WHERE level IN ('ERROR', 'CRITICAL')"
            " ORDER BY timestamp DESC LIMIT 10"
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "timestamp_component_idx" in text or "error_logs_idx" in text
