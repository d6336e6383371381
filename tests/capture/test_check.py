"""A check stores nothing, and says what the import that follows does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.capture.formats import csv_tables
from cryptoscalp.capture.reports import ImportReport
from tests.capture import brute, rows
from tests.postgres import Place

_NOON_US = 1_723_118_400_000_000


def everything(dsn: str) -> list[brute.Row]:
    """What a check must leave as it is: every table's rows, the partitions, the ids given out."""
    counts = "batches batch_streams instruments exchanges quarantine coverage market_data"
    counts += " order_book_l1 candles mark_prices funding_rates newest_trades newest_quotes"
    counts += " instrument_revisions import_maps"
    found = [row for name in counts.split() for row in brute.fetch(dsn, _COUNT.format(name))]
    found += brute.fetch(dsn, "SELECT relname FROM pg_class WHERE relispartition ORDER BY 1")
    return found + brute.fetch(dsn, "SELECT last_value FROM batches_batch_id_seq")


_COUNT = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t"


def numbers(report: ImportReport) -> list[object]:
    """What became of each file, stream by stream."""
    return [
        (one.path, one.format, one.truncated, one.account.rounded, stream, count.stored,
         count.duplicate, count.quarantined, count.ignored)
        for one in report.files
        for stream, count in sorted(one.account.streams.items())
    ]  # fmt: skip


async def checked(db: AsyncDatabase, place: Place, *paths: Path, **options: Any) -> ImportReport:
    """Check files, then import them: the same is said, and nothing was stored in between."""
    before = everything(place.admin_dsn)
    check = await db.capture.import_files(paths, check=True, jobs=2, **options)
    assert everything(place.admin_dsn) == before
    assert check.checked
    assert all(one.batch_id is None for one in check.files)
    done = await db.capture.import_files(paths, jobs=1, **options)
    assert numbers(check) == numbers(done)
    return done


def with_ids(path: Path, found: Sequence[tuple[int, int]]) -> Path:
    """Trades as a CSV file: µs past noon, and the id."""
    lines = [f"{_NOON_US + at},{100 + number % 7},1,{number}" for at, number in found]
    path.write_text("\n".join(["timestamp,price,size,id", *lines]))
    return path


def kept(found: Sequence[tuple[int, int]]) -> int:
    """How many of these are events of their own: not within 2 s of a kept one of the same id."""
    held: list[tuple[int, int]] = []
    for at, number in found:
        if not any(number == other and abs(at - when) <= 2_000_000 for when, other in held):
            held.append((at, number))
    return len(held)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_tables, "_LINES_A_CHUNK", 5)


_ONE: dict[str, Any] = {"exchange": "kraken", "symbol": "XBTUSD"}


async def test_fresh_half_and_whole(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    every = [(n * 1_000, n) for n in range(60)]
    half = with_ids(tmp_path / "half.csv", every[20:40])
    path = with_ids(tmp_path / "whole.csv", every)
    stored = []
    for one in (half, path, path):
        stored.append((await checked(db, database, one, **_ONE)).account.total.stored)
    assert stored == [20, 40, 0]


@pytest.mark.parametrize("seed", range(3))
async def test_repeated_ids_over_several_chunks(
    db: AsyncDatabase, database: Place, tmp_path: Path, seed: int
) -> None:
    """Of an id that comes again and again, each only a little later, some are new events."""
    chance = random.Random(seed)
    found = [(n * 700_000 + chance.randrange(900_000), chance.randrange(3)) for n in range(60)]
    chance.shuffle(found)
    path = with_ids(tmp_path / "again.csv", found)
    report = await checked(db, database, path, **_ONE)
    assert report.account.total.stored == kept(found)
    brute.check_ledger(database.dsn)


async def test_rows_without_ids(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    every = rows.trades(2, 60)
    half = rows.file(tmp_path / "half.csv", every[::2])
    path = rows.file(tmp_path / "whole.csv", every)
    for one in (half, path, path):
        await checked(db, database, one, **_ONE)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)


async def test_candles_that_contradict_each_other(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    def line(minute: int, close: int) -> str:
        return f"{_NOON_US // 1000 + minute * 60_000},1,9,1,{close},5"

    head = "timestamp,open,high,low,close,volume"
    first = tmp_path / "first_1m.csv"
    first.write_text("\n".join([head, *(line(minute, 2) for minute in range(10))]))
    second = tmp_path / "second_1m.csv"
    more = [line(minute, 2 + minute % 2) for minute in range(20)]
    # And in the file itself, once in the same chunk and once in another one.
    more += [line(19, 3), line(19, 4), line(2, 2), line(15, 8)]
    second.write_text("\n".join([head, *more]))
    for path, stored, refused in ((first, 10, 0), (second, 10, 7), (second, 0, 7)):
        report = await checked(db, database, path, **_ONE)
        total = report.account.total
        assert (total.stored, total.quarantined) == (stored, refused)


async def test_bad_rows_and_several_files_at_once(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    head = "timestamp,price,size,symbol"
    good = [f"{_NOON_US + n},{n}.{'1' * 30},1,S{n % 3}" for n in range(1, 30)]
    bad = [f"{_NOON_US},-1,1,S1", f"{_NOON_US},1,0,S1", "x", f"{_NOON_US},1,1,'; DROP TABLE x; --"]
    paths = []
    for name, lines in (("a.csv", good + bad), ("b.csv", bad + good), ("c.csv", good)):
        (tmp_path / name).write_text("\n".join([head, *lines]))
        paths.append(tmp_path / name)
    for path in paths:
        report = await checked(db, database, path, exchange="kraken")
        assert report.account.total.received == len(path.read_text().splitlines()) - 1
