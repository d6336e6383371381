"""Runs at once, runs under writers, and runs from the command line and the jobs."""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.cli.main import main
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.retention import jobs, sweeping
from tests.faces import NOON, open_face, table, trade
from tests.postgres import Place
from tests.retention.days import (
    DAY,
    age,
    as_admin,
    authoritative,
    ledger,
    same,
    stored,
    trades,
)


async def test_several_runs_share_the_work(db: AsyncDatabase, database: Place, lake: Lake) -> None:
    await db.capture.write_trades(trades(20, days=4))
    age(database)
    before = stored(database)
    reports = await asyncio.gather(*(db.retention.run(["market_data"]) for _ in range(3)))
    done = [one for report in reports for one in report.done]
    assert not [one for one in done if one.outcome == "failed"]
    assert sum(one.rows for one in done) == 80
    assert len(ledger(database)) == 12
    assert same(authoritative(database, lake), before)


async def test_a_reader_that_stays_does_not_stop_writers(
    db: AsyncDatabase, database: Place
) -> None:
    """The detach waits for the reader; who writes to other days does not wait for the detach."""
    await db.capture.write_trades(trades(20, days=2))
    age(database)
    reader = await psycopg.AsyncConnection.connect(database.dsn)
    async with reader:
        await reader.execute("SELECT count(*) FROM market_data")
        running = asyncio.create_task(db.retention.run(["market_data"]))
        await asyncio.sleep(1)
        began = time.monotonic()
        await db.capture.write_trades(table([trade(0, 1, timestamp=datetime.now(UTC))]))
        await db.market.trades("BTCUSDT", NOON, NOON + timedelta(hours=1), "binance")
        assert time.monotonic() - began < 1
        assert not running.done()
    assert not (await running).failed


async def test_the_jobs_do_it(db: AsyncDatabase, database: Place, lake: Lake) -> None:
    await db.capture.write_trades(trades(20))
    before = stored(database)
    for name in ("move_to_cold", "drop_operational", "expire_cold", "verify_cold"):
        assert (await db.jobs.run(name)).state == "SUCCEEDED"
    assert not ledger(database)
    age(database)
    moved = await db.jobs.run("move_to_cold")
    assert (moved.state, moved.rows) == ("SUCCEEDED", 20)
    assert same(authoritative(database, lake), before)
    assert (await db.jobs.run("verify_cold")).rows == 20
    assert {job.name for job in jobs.JOBS} <= {one.name for one in await db.jobs.list()}


async def test_loose_files_are_deleted_a_month_later(
    db: AsyncDatabase, database: Place, warehouse: Path, lake: Lake
) -> None:
    await db.capture.write_trades(trades(20))
    age(database)
    assert not (await db.retention.run()).failed
    before = authoritative(database, lake)
    sweep = Operation(sweeping.sweep, transaction=False, retry=False)
    loose = warehouse / "market_data" / "data" / "left.parquet"
    loose.write_bytes(b"left by a run that was killed")
    assert await db._driver.run(sweep) == (0, 0), "a young file may be an export's"
    long_ago = time.time() - 3 * 86_400
    for file in _files(warehouse):
        os.utime(file, (long_ago, long_ago))
    assert await db._driver.run(sweep) == (1, 0)
    as_admin(database, "UPDATE cold_orphans SET found_at = found_at - interval '31 days'")
    assert await db._driver.run(sweep) == (0, 1)
    assert not loose.exists()
    assert not as_admin(database, "SELECT FROM cold_orphans")
    assert same(authoritative(database, lake), before)


async def test_replaced_files_are_forgotten_with_their_snapshots(
    db: AsyncDatabase, database: Place, warehouse: Path, mode: str, lake: Lake
) -> None:
    await db.capture.write_trades(trades(20))
    await db.capture.write_trades(table([trade(5, 999)]))
    age(database)
    assert not (await db.retention.run()).failed
    await db.market.undo_batch((await db.market.batches(1))[0].batch_id)
    age(database)
    assert not (await db.retention.run()).failed
    before = authoritative(database, lake)
    ((location,),) = as_admin(
        database,
        "SELECT metadata_location FROM iceberg.iceberg_tables WHERE table_name = 'market_data'",
    )
    _make_older(Path(location.removeprefix("file://")))
    long_ago = time.time() - 3 * 86_400
    for file in _files(warehouse):
        os.utime(file, (long_ago, long_ago))
    sweep = Operation(sweeping.sweep, transaction=False, retry=False)
    # Another process: this one has read the metadata.
    async with await open_face(mode, database.dsn) as other:
        waiting, _ = await other._driver.run(sweep)
        assert waiting
        loose = {path for (path,) in as_admin(database, "SELECT path FROM cold_orphans")}
        assert any(path.endswith(".parquet") for path in loose)
        as_admin(database, "UPDATE cold_orphans SET found_at = found_at - interval '31 days'")
        assert await other._driver.run(sweep) == (0, waiting)
        assert not (await other.retention.verify()).damaged
    assert same(authoritative(database, lake), before)


def _make_older(metadata: Path) -> None:
    """Let snapshots in a metadata file of Iceberg be 31 days older."""
    held = json.loads(metadata.read_text())
    for snapshot in (*held["snapshots"], *held["snapshot-log"]):
        snapshot["timestamp-ms"] -= 31 * 86_400_000
    metadata.write_text(json.dumps(held))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def command(capsys: pytest.CaptureFixture[str], place: Place, *words: str) -> tuple[int, str]:
    """Run `cryptoscalp retention`; its exit code and stdout."""
    code = main(["--url", place.dsn, "retention", *words])
    return code, capsys.readouterr().out


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_the_command_line(
    db: AsyncDatabase,
    database: Place,
    warehouse: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    await db.capture.write_trades(trades(20))
    assert "within 30 days" in command(capsys, database, "plan")[1]
    age(database)
    days = ("--table", "market_data", "--start", str(DAY), "--end", str(DAY + timedelta(1)))
    code, said = command(capsys, database, "hold", *days, "--reason", "case 17", "--by", "me")
    assert (code, "hold 1 on market_data" in said) == (0, True)
    assert "under hold 1" in command(capsys, database, "plan", "--json")[1]
    assert command(capsys, database, "release", "1", "--by", "me")[0] == 0
    code, said = command(capsys, database, "plan")
    assert max(map(len, said.splitlines())) <= 80
    assert command(capsys, database, "release", "1", "--by", "me")[0] == 1
    assert command(capsys, database, "run", "--table", "market_data")[0] == 0
    code, said = command(capsys, database, "verify", "--json")
    assert (code, json.loads(said)["rows"]) == (0, 20)
    for file in _files(warehouse):
        if file.suffix == ".parquet":
            file.write_bytes(b"PAR1")
    code, said = command(capsys, database, "verify")
    assert code == 1
    assert "3 are damaged" in said
    key = ("--exchange", "binance", "--symbol", "BTCUSDT")
    assert command(capsys, database, "thaw", *days, *key)[0] == 1
