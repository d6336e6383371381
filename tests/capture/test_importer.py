"""Files into ticks: whole, again, torn, and not at all."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from cryptoscalp import AsyncDatabase, InputError, UnknownFormat
from cryptoscalp.capture.reports import FileReport
from tests.capture import brute
from tests.postgres import Place

_START_MS = 1_723_161_254_087


def trade_line(number: int) -> bytes:
    """One recorded spot trade; every sixth number is a quote instead."""
    received = (_START_MS + number) * 1_000_000
    if number % 6 == 0:
        return (
            b'%d {"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"61837.63",'
            b'"B":"3.78","a":"61837.64","A":"1.5"}}' % (received, number)
        )
    return (
        b'%d {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":%d,"p":"%d.25",'
        b'"q":"0.5","T":%d,"m":true,"M":true}}'
        % (received, number, 50_000 + number * 7919 % 1000, _START_MS + number)
    )


def collector_file(path: Path, numbers: range, *, more: bytes = b"") -> Path:
    """A collector's file, gzip when its name says so."""
    text = b"\n".join(trade_line(number) for number in numbers) + b"\n" + more
    path.write_bytes(gzip.compress(text, 1) if path.suffix == ".gz" else text)
    return path


def stored(dsn: str) -> list[int]:
    """The ids stored, trades and quotes, ascending."""
    found = brute.fetch(
        dsn, "SELECT sequence FROM market_data UNION ALL SELECT sequence FROM order_book_l1"
    )
    return sorted(one for (one,) in found)


@pytest.mark.long
async def test_a_file_again_and_an_overlapping_one(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    first = collector_file(tmp_path / "one.gz", range(30_000))
    second = collector_file(tmp_path / "two", range(20_000, 45_000))
    seen: list[int] = []

    def progress(report: FileReport) -> None:
        seen.append(report.account.total.received)

    report = await db.capture.import_files([first], progress=progress)
    total = report.account.total
    assert (total.received, total.stored, total.duplicate) == (30_000, 30_000, 0)
    assert seen == sorted(seen)
    assert seen[-1] == 30_000
    again = (await db.capture.import_files([first])).account.total
    assert (again.stored, again.duplicate) == (0, 30_000)
    both = await db.capture.import_files([second, first])
    assert [one.account.total.stored for one in both.files] == [15_000, 0]
    assert stored(database.dsn) == list(range(45_000))
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    assert {batch.status for batch in await db.market.batches()} == {"COMMITTED"}


async def test_a_torn_file_gives_what_is_good(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    whole = collector_file(tmp_path / "whole.gz", range(20_000)).read_bytes()
    torn_files = set()
    for cut in (len(whole) // 3, len(whole) - 9):
        torn = tmp_path / f"torn{cut}.gz"
        torn_files.add(str(torn))
        torn.write_bytes(whole[:cut])
        account = (await db.capture.import_files([torn])).account.total
        assert account.received == account.stored + account.duplicate + account.quarantined
        held = stored(database.dsn)
        assert held == list(range(len(held)))
        assert len(held) > 5_000
    held_back = await db.market.quarantined(reason="truncated_file")
    assert {one.source for one in held_back} == torn_files
    (tmp_path / "whole.gz").write_bytes(whole)
    await db.capture.import_files([tmp_path / "whole.gz"])
    assert stored(database.dsn) == list(range(20_000))
    brute.check_derived(database.dsn)


async def test_bad_lines_are_kept_aside(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(200).replace(b"\n", b"?")
    negative = trade_line(101).replace(b'"p":"', b'"p":"-')
    more = b"\n".join([b"not a line", noise, negative, b"", b"1 {}"]) + b"\n"
    file = collector_file(tmp_path / "noisy", range(100), more=more)
    for times in (1, 2):
        total = (await db.capture.import_files([file])).account.total
        assert total.stored == (100 if times == 1 else 0)
        assert total.quarantined >= 3
        held = await db.market.quarantined()
        assert {one.times_seen for one in held} == {times}
        assert negative in {one.raw for one in held}
    brute.check_ledger(database.dsn)


async def test_files_that_cannot_be_read(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    good = collector_file(tmp_path / "good", range(10))
    no_gzip = tmp_path / "no.gz"
    no_gzip.write_bytes(b"plain text")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    torn = tmp_path / "head.gz"
    torn.write_bytes(gzip.compress(b"x" * 1000)[:5])
    bare = tmp_path / "bare"
    bare.mkdir()
    for bad in (tmp_path / "missing.gz", bare, no_gzip, empty, torn):
        with pytest.raises(InputError, match=bad.name):
            await db.capture.import_files([good, bad])
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n")
    with pytest.raises(UnknownFormat, match="import formats"):
        await db.capture.import_files([strange])
    with pytest.raises(UnknownFormat, match="nonsense"):
        await db.capture.import_files([good], format="nonsense")
    with pytest.raises(InputError, match="no file"):
        await db.capture.import_files([])
    assert brute.fetch(database.dsn, "SELECT FROM batches") == []
    assert stored(database.dsn) == []


async def test_one_symbol_of_a_file(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    other = trade_line(100).replace(b"btcusdt", b"ethusdt").replace(b"BTCUSDT", b"ETHUSDT")
    file = collector_file(tmp_path / "file", range(60), more=other + b"\n")
    with pytest.raises(InputError, match=r"nothing of symbol XRPUSDT.*BTCUSDT"):
        await db.capture.import_files([file], symbol="XRPUSDT")
    assert stored(database.dsn) == []
    total = (await db.capture.import_files([file], symbol="ETHUSDT")).account.total
    assert (total.stored, total.ignored) == (1, 60)
    brute.check_ledger(database.dsn)
