"""Refused records are read again: what is good now is stored once, the rest stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, InputError
from cryptoscalp.capture import importer, retry
from cryptoscalp.capture.formats import csv_tables
from cryptoscalp.capture.reports import RetriedBatch
from tests.capture import brute, rows
from tests.faces import NOON, table, trade
from tests.postgres import Place

_ONE: dict[str, Any] = {"exchange": "kraken", "symbol": "XBTUSD"}
_NOON_US = int(NOON.timestamp()) * 1_000_000
_HEAD = "timestamp,price,size"


def csv(path: Path, lines: Iterable[str], head: str = _HEAD) -> Path:
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def ticks(dsn: str) -> list[brute.Row]:
    """The trades, without what batch they came with."""
    return brute.fetch(
        dsn,
        "SELECT exchange, symbol, timestamp, sequence, price, volume FROM market_data"
        " ORDER BY 1, 2, 3, 4",
    )


def kept(dsn: str) -> list[brute.Row]:
    """Everything that quarantine and coverage say, but for when a record was last seen."""
    return brute.fetch(
        dsn,
        "SELECT line, times_seen, exchange, symbol, stream, timestamp, reason, detail, batch_id,"
        " resolved_batch_id FROM quarantine ORDER BY batch_id, line, stream",
    ) + brute.fetch(
        dsn,
        "SELECT exchange, symbol, stream::text, kind::text, start_time, end_time, cause::text"
        " FROM coverage ORDER BY 1, 2, 3, 4, 5, 6",
    )


def gaps(dsn: str) -> list[datetime]:
    """Where refused records left holes."""
    found = brute.fetch(
        dsn, "SELECT start_time FROM coverage WHERE cause = 'quarantined' ORDER BY 1"
    )
    return [at for (at,) in found]


async def only(db: AsyncDatabase, **choice: Any) -> RetriedBatch:
    """A retry that reads the records of one batch again."""
    report = await db.capture.retry_quarantined(**choice)
    assert report.left == 0
    (one,) = report.batches
    return one


async def test_a_wrong_unit(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    every = list(dict.fromkeys(rows.trades(1, 300)))
    path = rows.file(tmp_path / "unit.csv", every)
    report = await db.capture.import_files([path], **_ONE, unit="ns")
    assert report.account.total.quarantined == len(every)
    assert ticks(database.dsn) == []
    again = await only(db)
    assert (again.resolved, again.refused) == (0, len(every))
    fixed = await only(db, unit="us")
    assert (fixed.resolved, fixed.refused) == (len(every), 0)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)
    assert gaps(database.dsn) == []
    assert await db.market.quarantined() == []
    assert (await db.capture.retry_quarantined(unit="us")).batches == ()
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    assert fixed.retry_batch_id is not None
    await db.market.undo_batch(fixed.retry_batch_id)
    assert ticks(database.dsn) == []
    assert len(await db.market.quarantined(999)) == len(gaps(database.dsn)) == len(every)
    assert (await only(db, unit="us")).resolved == len(every)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_twins_that_quarantine_keeps_once_are_told(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    """Which of several equal records without ids are events of their own only the file says."""
    every = rows.trades(1, 300)
    path = rows.file(tmp_path / "twins.csv", every)
    await db.capture.import_files([path], **_ONE, unit="ns")
    fixed = await only(db, unit="us")
    several = [one for one, times in rows.union(every).items() if times > 1]
    assert (fixed.resolved, fixed.repeated) == (len(set(every)), len(several))
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(list(set(every)))
    await db.capture.import_files([path], **_ONE)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_a_wrong_map(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    lines = [f"{_NOON_US + n},0,{n + 1},3" for n in range(20)]
    path = csv(tmp_path / "map.csv", lines, "a,b,c,d")
    wrong = "timestamp=a, price=b, volume=c"
    assert (
        await db.capture.import_files([path], **_ONE, mapping=wrong)
    ).account.total.quarantined == 20
    with pytest.raises(InputError, match="nosuch"):
        await db.capture.retry_quarantined(mapping="timestamp=a, price=nosuch, volume=d")
    right = await only(db, mapping="timestamp=a, price=c, volume=d")
    assert (right.resolved, right.account.total.stored) == (20, 20)
    assert [str(row[4]).rstrip("0").rstrip(".") for row in ticks(database.dsn)[:3]] == list("123")
    assert gaps(database.dsn) == []


async def test_refused_again_for_another_reason(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    lines = [f"{_NOON_US + n},{'-1' if n % 2 else '100'},1" for n in range(10)]
    path = csv(tmp_path / "reasons.csv", lines)
    await db.capture.import_files([path], **_ONE, unit="ns")
    before = await db.market.quarantined()
    assert {one.reason for one in before} == {"timestamp_out_of_range"}
    first = await only(db, unit="us")
    assert (first.resolved, first.refused) == (5, 5)
    held = kept(database.dsn)
    left = await db.market.quarantined()
    assert {(one.reason, one.times_seen) for one in left} == {("non_positive_price", 1)}
    assert "-1" in left[0].detail
    # Their place is where they are now known to be.
    assert gaps(database.dsn) == sorted(one.timestamp for one in left if one.timestamp)
    assert min(gaps(database.dsn)) > NOON
    second = await only(db, unit="us")
    assert (second.resolved, second.refused) == (0, 5)
    assert kept(database.dsn) == held
    assert len(ticks(database.dsn)) == 5
    brute.check_ledger(database.dsn)


async def test_the_future_that_has_come(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Past:
        """A clock an hour before noon."""

        perf_counter = staticmethod(time.perf_counter)

        @staticmethod
        def time_ns() -> int:
            return (_NOON_US - 3_600_000_000) * 1_000

    path = csv(tmp_path / "future.csv", [f"{_NOON_US + n},100,1" for n in range(5)])
    with monkeypatch.context() as patch:
        patch.setattr(importer, "time", Past)
        patch.setattr(retry, "time", Past)
        report = await db.capture.import_files([path], **_ONE)
        assert report.account.total.quarantined == 5
        assert (await only(db)).refused == 5
    assert (await only(db)).resolved == 5
    assert len(ticks(database.dsn)) == 5
    brute.check_derived(database.dsn)


async def test_candles_that_contradicted_an_import_which_was_undone(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    head = "timestamp,open,high,low,close,volume"
    good, other = (
        csv(
            tmp_path / f"{name}_1m.csv",
            [f"{_NOON_US // 1000 + n * 60_000},1,9,1,{close},5" for n in range(6)],
            head,
        )
        for name, close in (("good", 2), ("other", 3))
    )
    first = await db.capture.import_files([good], **_ONE)
    clash = await db.capture.import_files([other], **_ONE)
    assert clash.account.total.quarantined == 6
    assert (await only(db)).refused == 6
    assert first.files[0].batch_id is not None
    await db.market.undo_batch(first.files[0].batch_id)
    done = await only(db, reason="conflict")
    assert (done.resolved, done.account.total.stored) == (6, 6)
    closes = brute.fetch(database.dsn, "SELECT DISTINCT close::int FROM candles")
    assert closes == [(3,)]
    assert await db.market.quarantined() == []
    brute.check_ledger(database.dsn)
    # Now it is the first file that contradicts what is stored, and its undone batch knows nothing.
    assert (await db.capture.import_files([good], **_ONE)).account.total.quarantined == 6
    assert done.retry_batch_id is not None
    await db.market.undo_batch(done.retry_batch_id)
    assert len(await db.market.quarantined()) == 12


async def test_a_choice_of_a_symbol_leaves_the_others_alone(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    lines = [f"{_NOON_US + n},100,1,{symbol}" for n in range(4) for symbol in ("AAA", "BBB")]
    path = csv(tmp_path / "two.csv", lines, f"{_HEAD},symbol")
    await db.capture.import_files([path], exchange="kraken", unit="ns")
    one = await only(db, unit="us", symbol="AAA")
    assert (one.resolved, one.refused, one.passed) == (4, 0, 4)
    assert {row[1] for row in ticks(database.dsn)} == {"AAA"}
    assert {record.symbol for record in await db.market.quarantined()} == {"BBB"}
    assert (await only(db, unit="us")).resolved == 4
    assert len(ticks(database.dsn)) == 8


async def test_another_name_is_the_same_record(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    lines = [f"{_NOON_US},-1,1", f"{_NOON_US + 1},100,1", f"{_NOON_US + 2},{'9' * 40},1"]
    await db.capture.import_files([csv(tmp_path / "names.csv", lines)], **_ONE)
    again = await only(db, exchange="okx", symbol="BTC-USDT")
    assert (again.resolved, again.refused) == (0, 2)
    assert len(await db.market.quarantined(resolved=True)) == 2
    brute.check_ledger(database.dsn)


async def test_records_of_no_file_are_left(db: AsyncDatabase, tmp_path: Path) -> None:
    await db.capture.write_trades(table([trade(0, 1, price="-1")]))
    report = await db.capture.retry_quarantined()
    assert (report.batches, report.left) == ((), 1)


async def test_a_moment_on_two_pages(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows without ids that look the same but for a column that is not read."""
    lines = [f"{_NOON_US + n // 10},100,1,{n}" for n in range(60)]
    path = csv(tmp_path / "pages.csv", lines, f"{_HEAD},note")
    await db.capture.import_files([path], **_ONE, unit="ns")
    monkeypatch.setattr(retry, "RECORDS_A_TRANSACTION", 7)
    monkeypatch.setattr(csv_tables, "_LINES_A_CHUNK", 3)
    done = await only(db, unit="us")
    assert (done.resolved, done.account.total.stored) == (60, 60)
    assert len(ticks(database.dsn)) == 60
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_retries_and_imports_at_once(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "RECORDS_A_TRANSACTION", 50)
    monkeypatch.setattr(csv_tables, "_LINES_A_CHUNK", 40)
    every = sorted(dict.fromkeys(rows.trades(4, 600)))
    path = rows.file(tmp_path / "all.csv", every)
    await db.capture.import_files([path], **_ONE, unit="ns")
    began = time.monotonic()
    done = await asyncio.gather(
        db.capture.retry_quarantined(unit="us"),
        db.capture.import_files([path], **_ONE),
        db.capture.retry_quarantined(unit="us"),
        db.capture.import_files([path], **_ONE, unit="ns"),
    )
    assert time.monotonic() - began < 30
    totals = [one.account.total for report in done[::2] for one in report.batches]
    totals += [report.account.total for report in done[1::2]]
    assert sum(total.stored for total in totals) == len(every)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    await db.capture.retry_quarantined(unit="us")
    assert await db.market.quarantined() == []
    assert gaps(database.dsn) == []


async def test_an_id_that_is_stored_by_now_is_resolved(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    lines = [f"{_NOON_US + n},100,1,{n}" for n in range(5)]
    path = csv(tmp_path / "ids.csv", lines, f"{_HEAD},id")
    await db.capture.import_files([path], **_ONE, unit="ns")
    await db.capture.import_files([path], **_ONE)
    done = await only(db, unit="us")
    assert (done.resolved, done.account.total.stored, done.account.total.duplicate) == (5, 0, 5)
    assert datetime(2024, 1, 1, tzinfo=UTC) < ticks(database.dsn)[0][2]
