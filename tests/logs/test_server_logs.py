"""The server's own log: what it writes, and each line of it once in system_logs."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp import AsyncDatabase, connect, connect_async
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.logs.server_lines import log_row
from tests.faces import Threaded
from tests.logs.conftest import stored
from tests.monitoring.asking import one as finding

NOW = datetime.now(UTC)


@pytest.fixture
async def home(own_server: EmbeddedServer, mode: str) -> AsyncIterator[AsyncDatabase]:
    """The embedded server by its data directory: only so its files are known."""
    with psycopg.connect(own_server.admin_dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE system_logs, server_log_positions")
    if mode == "async":
        opened = await connect_async(data_dir=own_server.data_dir)
    else:
        blocking = await asyncio.to_thread(connect, data_dir=own_server.data_dir)
        opened = AsyncDatabase(Threaded(blocking._driver))
    async with opened:
        yield opened


def fail(server: EmbeddedServer, text: str) -> None:
    """Make the server log an error that holds a text, and a parameter that it must not."""
    with (
        psycopg.connect(server.admin_dsn, autocommit=True) as connection,
        pytest.raises(psycopg.errors.DivisionByZero),
    ):
        connection.execute(f"SELECT 1 / %s::int AS {text}".encode(), (0,))
    arrived(server, text)


def arrived(server: EmbeddedServer, text: str) -> str:
    """What the server wrote, once a text is in it: its collector is a process of its own."""
    end = time.monotonic() + 10
    while True:
        whole = "".join(path.read_text() for path in (server.data_dir / "log").iterdir())
        if text in whole:
            return whole
        assert time.monotonic() < end, text
        time.sleep(0.02)


def lines(server: EmbeddedServer) -> list[dict[str, object]]:
    """Every line of the server's files."""
    files = sorted((server.data_dir / "log").glob("*.json"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


async def test_every_line_comes_once(home: AsyncDatabase, own_server: EmbeddedServer) -> None:
    own = secrets.token_hex(4)
    fail(own_server, f"first_{own}")
    first = await home.logs.collect()
    assert first.skipped is None
    assert first.records > 0
    (found,) = [
        one
        for one in await home.logs.search("division", component="postgresql")
        if f"first_{own}" in one.metadata["statement"]
    ]
    assert found.level == "ERROR"
    assert found.metadata["user"] == "postgres"
    assert found.metadata["state_code"] == "22012"
    fail(own_server, f"second_{own}")
    await home.logs.collect()
    again = await home.logs.collect()
    assert again.records == 0
    held = stored(own_server.admin_dsn, "SELECT count(*) FROM system_logs")
    read = stored(own_server.admin_dsn, "SELECT sum(lines)::int FROM server_log_positions")
    assert held == read
    written = [line for line in lines(own_server) if line["message"] == "division by zero"]
    assert len(written) == len(await home.logs.search("division by zero"))
    # After a restart the server writes another file, and the reading goes on.
    own_server.stop()
    own_server.ensure_running()
    fail(own_server, f"third_{own}")
    await home.logs.collect()
    held_now = await home.logs.search("division by zero")
    assert [
        mark for one in held_now for mark in ("first", "second", "third")
        if f"{mark}_{own}" in one.metadata["statement"]
    ][-3:] == ["first", "second", "third"]  # fmt: skip


async def test_readers_at_once_store_each_line_once(
    home: AsyncDatabase, own_server: EmbeddedServer
) -> None:
    own = secrets.token_hex(4)  # `fail` waits until the server has written these very words
    for n in range(20):
        fail(own_server, f"mark_{own}_{n}")
    before = len([line for line in lines(own_server) if line["message"] == "division by zero"])
    errors: list[BaseException] = []

    def read() -> None:
        try:
            with connect(data_dir=own_server.data_dir) as db:
                db.logs.collect()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert errors == []
    await home.logs.collect()
    assert len(await home.logs.search("division by zero", limit=10_000)) == before


async def test_a_line_that_is_not_whole_waits(
    home: AsyncDatabase, own_server: EmbeddedServer
) -> None:
    await home.logs.collect()
    path = own_server.data_dir / "log" / "postgresql-99990101_000000.json"
    whole = json.dumps({"timestamp": "2026-01-01 00:00:00.000 UTC", "message": "whole"})
    half = json.dumps({"timestamp": "2026-01-01 00:00:01.000 UTC", "message": "a half line"})
    path.write_text(f"{whole}\n{half[:30]}")
    try:
        await home.logs.collect()
        start = datetime(2025, 12, 31, tzinfo=UTC)
        january = start, datetime(2026, 1, 2, tzinfo=UTC)
        held = await home.logs.search(None, start=january[0], end=january[1])
        assert [one.message for one in held] == ["whole"]
        path.write_text(f"{whole}\n{half}\nno json at all\n")
        assert (await home.logs.collect()).records >= 2
        (odd,) = await home.logs.search("no json at all")
        assert (odd.level, odd.metadata["unreadable"]) == ("WARNING", True)
        (late,) = await home.logs.search("a half line", start=start)
        assert late.timestamp == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    finally:
        path.unlink()


async def test_values_of_parameters_are_not_written(
    home: AsyncDatabase, own_server: EmbeddedServer
) -> None:
    with psycopg.connect(own_server.admin_dsn, autocommit=True) as connection:
        connection.execute("SET log_min_duration_statement = 0")
        connection.execute("SELECT %s::text AS told", ("a-value-nobody-may-see",))
    whole = arrived(own_server, "AS told")
    assert "a-value-nobody-may-see" not in whole
    held = dict(
        stored(
            own_server.admin_dsn,
            "SELECT name, setting FROM pg_settings WHERE name IN ('logging_collector',"
            " 'log_destination', 'log_lock_waits', 'log_parameter_max_length',"
            " 'log_parameter_max_length_on_error', 'log_min_duration_statement')",
        )
    )
    assert held == {
        "logging_collector": "on", "log_destination": "jsonlog", "log_lock_waits": "on",
        "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0",
        "log_min_duration_statement": "1000",
    }  # fmt: skip


async def test_the_job_and_the_doctor(home: AsyncDatabase, own_server: EmbeddedServer) -> None:
    fail(own_server, "job_mark")
    before = await finding(home, "server-log")
    assert before.status == "OK"
    await home.logs.collect()
    assert "0.0 MB wait" in (await finding(home, "server-log")).found


async def test_another_server_is_skipped_by_name(db: AsyncDatabase) -> None:
    found = await db.logs.collect()
    assert found.records == 0
    assert found.skipped is not None
    assert "not cryptoscalp's own" in found.skipped
    told = await finding(db, "server-log")
    assert told.status == "SKIP"
    assert told.hint is not None


async def test_a_position_that_is_not_where_the_file_was_read_to_stores_nothing(
    db: AsyncDatabase,
) -> None:
    with psycopg.connect(db.dsn, autocommit=True) as connection:
        connection.execute("SELECT ensure_partitions(now(), now(), '{system_logs}')")

        def record(start: int, end: int) -> int | None:
            row = connection.execute(
                "SELECT record_server_logs('f', %s, %s, ARRAY[now()], '{INFO}', '{x}', '{\"{}\"}')",
                (start, end),
            ).fetchone()
            assert row is not None
            value: int | None = row[0]
            return value

        assert record(0, 10) == 1
        assert record(0, 10) is None
        assert record(5, 20) is None
        assert record(10, 12) == 1
        with pytest.raises(psycopg.Error, match="no range"):
            record(12, 12)
    assert stored(db.dsn, "SELECT position, lines FROM server_log_positions") == [(12, 2)]


@pytest.mark.parametrize(
    ("severity", "level"),
    [("LOG", "INFO"), ("NOTICE", "INFO"), ("WARNING", "WARNING"), ("ERROR", "ERROR"),
     ("FATAL", "ERROR"), ("PANIC", "CRITICAL"), ("DEBUG2", "DEBUG"), ("odd", "INFO")],
)  # fmt: skip
def test_levels_of_the_server(severity: str, level: str) -> None:
    line = {"timestamp": "2026-11-27 06:09:34.123 UTC", "error_severity": severity, "message": "m"}
    row = log_row(json.dumps(line).encode(), NOW)
    assert (row.level, row.component, row.message) == (level, "postgresql", "m")
    assert row.timestamp == datetime(2026, 11, 27, 6, 9, 34, 123_000, tzinfo=UTC)


def test_statements_are_scrubbed_and_other_zones_kept_as_text() -> None:
    line = {
        "timestamp": "2026-11-27 06:09:34.123 CET", "error_severity": "ERROR",
        "message": "syntax", "statement": "ALTER ROLE x PASSWORD 'hunter2'",
    }  # fmt: skip
    row = log_row(json.dumps(line).encode(), NOW)
    assert row.timestamp == NOW
    assert "hunter2" not in row.metadata
    assert json.loads(row.metadata)["timestamp"].endswith("CET")


@given(st.binary(max_size=200))
def test_no_line_is_refused(raw: bytes) -> None:
    row = log_row(raw, NOW)
    assert "\0" not in row.message
    json.loads(row.metadata)


def test_files_outlive_their_rows_no_longer(tmp_path: Path) -> None:
    import os

    from cryptoscalp.infra.server.log_files import KEPT_S, ServerLogs

    for name, age in (("a.json", KEPT_S + 60), ("a.log", KEPT_S + 60), ("b.json", 60)):
        path = tmp_path / name
        path.write_text("x\n")
        then = NOW.timestamp() - age
        os.utime(path, (then, then))
    assert ServerLogs(tmp_path).prune() == 2
    assert [name for name, _ in ServerLogs(tmp_path).files()] == ["b.json"]
    assert ServerLogs(None).files() == []
