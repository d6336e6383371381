"""Dirty files: the good rows are stored, the bad ones kept aside with file, line and reason."""

from __future__ import annotations

import gzip
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cryptoscalp import AsyncDatabase, InputError, UnknownFormat
from cryptoscalp.capture.reports import PartialImport
from tests.capture import brute
from tests.postgres import Place

_ONE: dict[str, Any] = {"exchange": "kraken", "symbol": "XBTUSD"}
_NOON_MS = 1_723_118_400_000
_TRADES = "timestamp,price,size,id"
_QUOTES = "timestamp,bid_price,bid_size,ask_price,ask_size"
_INJECTED = "'; DROP TABLE market_data; --"


def good(number: int) -> str:
    """A good trade, so many ms past noon."""
    return f"{_NOON_MS + number},100.5,2,{number + 1}"


def good_quote(number: int) -> str:
    """A good quote, so many ms past noon."""
    return f"{_NOON_MS + number},100,1,101,2"


@dataclass(frozen=True)
class Sin:
    """What is wrong with one row, and why it is refused."""

    name: str
    row: str
    reason: str
    detail: str
    quote: bool = False


_SINS = (
    Sin("40 digits", f"{_NOON_MS},{'1234567890' * 4},2,77", "out_of_domain", "20 integer digits"),
    Sin("40 decimals", f"{_NOON_MS},0.{'1234567890' * 4},2,77", "out_of_domain", "18 decimals"),
    Sin("huge exponent", f"{_NOON_MS},1e400,2,77", "out_of_domain", "1e400"),
    Sin("tiny exponent", f"{_NOON_MS},1e-400,2,77", "out_of_domain", "1e-400"),
    Sin("NaN", f"{_NOON_MS},NaN,2,77", "out_of_domain", "NaN"),
    Sin("infinity", f"{_NOON_MS},100,Infinity,77", "out_of_domain", "Infinity"),
    Sin("no number", f"{_NOON_MS},1O0,2,77", "malformed", "is not a number"),
    Sin("no price", f"{_NOON_MS},,2,77", "malformed", "price is missing"),
    Sin("negative price", f"{_NOON_MS},-100,2,77", "non_positive_price", "-100"),
    Sin("zero price", f"{_NOON_MS},0.0,2,77", "non_positive_price", "0.0"),
    Sin("zero size", f"{_NOON_MS},100,0,77", "non_positive_size", "above zero"),
    Sin("negative size", f"{_NOON_MS},100,-2,77", "non_positive_size", "-2"),
    Sin("time 0", "0,100,2,77", "timestamp_out_of_range", "before 2009"),
    Sin("no time", "noon,100,2,77", "malformed", "'noon'"),
    Sin("empty time", ",100,2,77", "timestamp_out_of_range", "missing"),
    Sin("future", "4070908800000,100,2,77", "timestamp_out_of_range", "in the future"),
    Sin("seconds", f"{_NOON_MS // 1000},100,2,77", "timestamp_out_of_range", "fit as"),
    Sin("µs", f"{_NOON_MS * 1000},100,2,77", "timestamp_out_of_range", "fit as"),
    Sin("a time of 40 digits", f"{'9' * 40},100,2,77", "timestamp_out_of_range", "no date"),
    Sin("too few fields", f"{_NOON_MS},100", "malformed", "2 fields, not 4"),
    Sin("too many fields", f"{_NOON_MS},100,2,77,5", "malformed", "5 fields, not 4"),
    Sin("an open quote", f'{_NOON_MS},"100,2,77', "malformed", "quotes"),
    Sin("NUL", f"{_NOON_MS},10\0,2,77", "malformed", "NUL"),
    Sin("Latin-1", f"{_NOON_MS},100\xa0,2,77", "malformed", "not UTF-8"),
    Sin("crossed", f"{_NOON_MS},102,1,101,2", "crossed_book", "above ask", quote=True),
    Sin("no bid", f"{_NOON_MS},,,101,2", "one_sided_book", "no bid", quote=True),
    Sin("no ask", f"{_NOON_MS},100,1,,", "one_sided_book", "no ask", quote=True),
    Sin("half an ask", f"{_NOON_MS},100,1,101,", "malformed", "ask_volume", quote=True),
    Sin("no bid size", f"{_NOON_MS},100,0,101,2", "non_positive_size", "bid_volume", quote=True),
)


async def test_each_sin_of_a_row(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    """Each between good rows; by itself and all of them in one file."""
    for quote in (False, True):
        head, row = (_QUOTES, good_quote) if quote else (_TRADES, good)
        sins = [one for one in _SINS if one.quote is quote]
        lines = [head]
        for number, one in enumerate(sins):
            lines += [row(number), one.row]
        path = tmp_path / f"{quote}.csv"
        path.write_bytes("\n".join(lines).encode("latin-1"))
        report = await db.capture.import_files([path], **_ONE)
        total = report.account.total
        assert (total.stored, total.quarantined) == (len(sins), len(sins))
        held = {one.line: one for one in await db.market.quarantined(source=str(path))}
        assert len(held) == len(sins)
        for number, one in enumerate(sins):
            found = held[3 + 2 * number]
            assert found.reason == one.reason, one.name
            assert one.detail in found.detail, one.name
            assert found.raw == one.row.encode("latin-1")
            assert (found.exchange, found.symbol) == ("kraken", "XBTUSD")
        again = (await db.capture.import_files([path], **_ONE)).account.total
        assert (again.stored, again.duplicate, again.quarantined) == (0, len(sins), len(sins))
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_a_symbol_that_is_sql(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    path = tmp_path / "sql.csv"
    names = ["XBTUSD", _INJECTED, "A" * 70, "", "X\tY", "ETHUSD", "x'--"]
    lines = [f"{good(n)},{name}" for n, name in enumerate(names)]
    path.write_text("\n".join([f"{_TRADES},symbol", *lines]))
    total = (await db.capture.import_files([path], exchange="kraken")).account.total
    assert (total.stored, total.quarantined) == (2, 5)
    assert {one.reason for one in await db.market.quarantined()} == {"unknown_symbol"}
    plain = tmp_path / "plain.csv"
    plain.write_text("\n".join([_TRADES, good(0)]))
    for words in ({"symbol": _INJECTED}, {"exchange": _INJECTED}):
        options = {**_ONE, **words}
        try:
            report = await db.capture.import_files([plain], **options)
        except InputError:
            continue
        assert (report.account.total.stored, report.account.total.quarantined) == (0, 1)
    assert brute.fetch(database.dsn, "SELECT count(*) FROM market_data") == [(2,)]
    brute.check_ledger(database.dsn)


@pytest.mark.parametrize("order", ["newest first", "shuffled"])
async def test_any_order_and_repeated_ids(
    db: AsyncDatabase, database: Place, tmp_path: Path, order: str
) -> None:
    lines = [good(number) for number in range(500)]
    lines += lines[100:200]
    if order == "shuffled":
        random.Random(4).shuffle(lines)
    else:
        lines.reverse()
    path = tmp_path / "order.csv"
    path.write_text("\n".join([_TRADES, *lines]))
    total = (await db.capture.import_files([path], **_ONE)).account.total
    assert (total.stored, total.duplicate) == (500, 100)
    found = brute.fetch(database.dsn, "SELECT sequence FROM market_data ORDER BY timestamp")
    assert [one for (one,) in found] == list(range(1, 501))
    brute.check_derived(database.dsn)


_HEADERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("unknown columns", "a,timestamp,price,x,size,id,z", {}),
    ("comments", "# made by hand\n#\n\ntimestamp,price,size,id", {}),
    ("a byte order mark", "\ufefftimestamp,price,size,id", {}),
    ("carriage returns", "timestamp,price,size,id\r", {}),
    ("no header", "", {"mapping": "timestamp=#1, price=#2, volume=#3, sequence=#4"}),
    ("odd names", "when?,how much,ä,ü", {
        "mapping": "timestamp=when?, price=how much, volume=ä, sequence=ü",
    }),
)  # fmt: skip


@pytest.mark.parametrize(("name", "head", "options"), _HEADERS, ids=[one[0] for one in _HEADERS])
async def test_headers(
    db: AsyncDatabase,
    database: Place,
    tmp_path: Path,
    name: str,
    head: str,
    options: dict[str, Any],
) -> None:
    rows = [good(number) for number in range(20)]
    if name == "unknown columns":
        rows = [f"?,{row.replace(',2,', ',,2,')},!" for row in rows]
    end = "\r\n" if name == "carriage returns" else "\n"
    path = tmp_path / "head.csv"
    path.write_bytes("".join(f"{one}{end}" for one in [*filter(None, [head]), *rows]).encode())
    total = (await db.capture.import_files([path], **_ONE, **options)).account.total
    assert (total.stored, total.received) == (20, 20)
    assert await db.market.quarantined() == []


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("timestamp,price,size,price", r"price could be 'price' \(#2\) or 'price' \(#4\).*--map"),
        ("timestamp,price,colour,id", "no importer knows"),
        ("price,size,id,side", "no importer knows"),
    ],
)
async def test_columns_that_are_ambiguous_or_absent(
    db: AsyncDatabase, database: Place, tmp_path: Path, head: str, told: str
) -> None:
    path = tmp_path / "head.csv"
    path.write_text("\n".join([head, good(1)]))
    with pytest.raises(InputError, match=told) as error:
        await db.capture.import_files([path], **_ONE)
    assert str(path) in str(error.value)
    assert brute.fetch(database.dsn, "SELECT FROM batches") == []


async def test_utf_16(db: AsyncDatabase, tmp_path: Path) -> None:
    rows = "\n".join([_TRADES, *(good(n) for n in range(30)), f"{_NOON_MS},é,1,99", ""])
    for stored, coding in ((30, "utf-16"), (0, "utf-8-sig")):
        path = tmp_path / f"{coding}.csv"
        path.write_bytes(rows.encode(coding))
        total = (await db.capture.import_files([path], **_ONE)).account.total
        assert (total.stored, total.duplicate, total.quarantined) == (stored, 30 - stored, 1)


def cut(whole: bytes) -> bytes:
    return whole[: len(whole) * 2 // 3]


def flip(whole: bytes) -> bytes:
    place = len(whole) * 2 // 3
    return whole[:place] + bytes(byte ^ 0x5A for byte in whole[place : place + 64]) + whole[place:]


def trail(whole: bytes) -> bytes:
    return whole + b"garbage after the end"


@pytest.mark.long
@pytest.mark.parametrize("damage", [cut, flip, trail])
async def test_gzip_that_is_damaged(
    db: AsyncDatabase, database: Place, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    chance = random.Random(6)
    rows = [f"{_NOON_MS + n},{chance.randrange(1, 10**9)},2,{n + 1}" for n in range(30_000)]
    text = "\n".join([_TRADES, *rows]).encode() + b"\n"
    path = tmp_path / "torn.csv.gz"
    path.write_bytes(damage(gzip.compress(text)))
    report = await db.capture.import_files([path], **_ONE)
    damaged = damage is flip
    assert (report.files[0].truncated, report.files[0].damaged) == (not damaged, damaged)
    reason = "damaged_file" if damaged else "truncated_file"
    (broken,) = await db.market.quarantined(reason=reason)
    assert broken.source == str(path)
    assert "gzip" in broken.detail
    found = brute.fetch(database.dsn, "SELECT sequence, price::text FROM market_data ORDER BY 1")
    prices = {n + 1: row.split(",")[1] for n, row in enumerate(rows)}
    right = [n for n, price in found if price.split(".")[0] == prices.get(n)]
    # A flipped bit makes other rows of those behind it until it is seen, and nobody knows which.
    if damage is not flip:
        assert right == list(range(1, len(found) + 1))
    assert len(right) >= (30_000 if damage is trail else 15_000)
    path.write_bytes(gzip.compress(text))
    if damage is not flip:
        await db.capture.import_files([path], **_ONE)
        assert brute.fetch(database.dsn, "SELECT count(*) FROM market_data") == [(30_000,)]
        brute.check_derived(database.dsn)


async def test_a_line_of_ten_million_bytes(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    long = f"{_NOON_MS},{'1' * 10_000_000},2,50"
    path.write_text("\n".join([_TRADES, good(1), long, good(2), good(3)]))
    total = (await db.capture.import_files([path], **_ONE)).account.total
    assert (total.stored, total.quarantined) == (3, 1)
    (one,) = await db.market.quarantined()
    assert (one.line, one.reason) == (3, "malformed")
    assert len(one.raw) < 100_000
    assert len(one.detail) < 1_000


async def test_a_cell_of_ten_million_characters(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    path = tmp_path / "long.parquet"
    columns = {"timestamp": [_NOON_MS, _NOON_MS + 1], "price": ["1" * 10_000_000, "5"],
               "size": ["1", "2"], "symbol": ["XBTUSD", "XBTUSD"]}  # fmt: skip
    pq.write_table(pa.table(columns), path)
    total = (await db.capture.import_files([path], exchange="kraken")).account.total
    assert (total.stored, total.quarantined) == (1, 1)
    (one,) = await db.market.quarantined()
    assert one.reason == "out_of_domain"
    assert len(one.detail) < 1_000


async def test_parquet_with_numbers_that_are_none(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    path = tmp_path / "floats.parquet"
    prices = [1.5, float("nan"), float("inf"), -1.0, 0.0, None, 4.04e-06, 1e300, 0.1 + 0.2]
    times = [_NOON_MS + n for n in range(len(prices))]
    pq.write_table(pa.table({"timestamp": times, "price": prices, "size": [1.0] * 9}), path)
    total = (await db.capture.import_files([path], **_ONE)).account.total
    assert (total.stored, total.quarantined) == (3, 6)
    assert {one.line for one in await db.market.quarantined()} == {2, 3, 4, 5, 6, 8}
    brute.check_ledger(database.dsn)


async def test_paths_that_are_no_files(db: AsyncDatabase, database: Place, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.csv"
    os.mkfifo(fifo)
    empty = tmp_path / "empty.csv"
    empty.touch()
    bare = tmp_path / "bare.csv"
    bare.write_text(f"{_TRADES}\n")
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "gone.csv")
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    names = [fifo, empty, bare, nothing, link, loop, tmp_path / "absent.csv", Path("/dev/null")]
    names += [Path("/proc/self/mem"), Path("nul\0.csv"), tmp_path / ("x" * 300)]
    for path in names:
        with pytest.raises(InputError) as error:
            await db.capture.import_files([path], **_ONE)
        assert path.name[:9].split("\0")[0] in str(error.value), path
    assert brute.fetch(database.dsn, "SELECT FROM batches") == []


@contextmanager
def nobody() -> Iterator[None]:
    """Let the process be one that may not read everything: root may."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that everybody may read, with a file and a directory that nobody may."""
    with tempfile.TemporaryDirectory(prefix="cs-test-") as made:
        folder = Path(made)
        secret, inside = folder / "secret.csv", folder / "closed" / "inside.csv"
        inside.parent.mkdir()
        for path in (secret, inside):
            path.write_text("\n".join([_TRADES, good(1)]))
        for path, mode in ((folder, 0o755), (secret, 0), (inside.parent, 0)):
            path.chmod(mode)
        yield folder
        inside.parent.chmod(0o755)


async def test_files_that_must_not_be_read(
    db: AsyncDatabase, database: Place, closed: Path
) -> None:
    with nobody():
        for name in ("secret.csv", "closed/inside.csv", "closed", ".", "*.csv"):
            with pytest.raises(InputError, match=r"cannot be (read|looked up).*denied"):
                await db.capture.import_files([closed / name], **_ONE)
    assert brute.fetch(database.dsn, "SELECT FROM batches") == []


async def test_a_directory_of_good_and_unknown_files(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    for number in range(3):
        (tmp_path / f"good{number}.csv").write_text("\n".join([_TRADES, good(number)]))
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / ".hidden.csv").write_text("\n".join([_TRADES, good(9)]))
    (tmp_path / "torn.gz").write_bytes(b"no gzip")
    os.mkfifo(tmp_path / "fifo")
    report = await db.capture.import_files([tmp_path], **_ONE)
    assert report.account.total.stored == 3
    assert sorted(one.path.name for one in report.skipped) == [
        "empty.csv", "notes.txt", "picture.png", "torn.gz",
    ]  # fmt: skip
    assert all(str(one.path) in one.why for one in report.skipped)
    with pytest.raises(UnknownFormat):
        await db.capture.import_files([tmp_path / "notes.txt", tmp_path], **_ONE)


async def test_an_archive_of_good_and_unknown_files(
    db: AsyncDatabase, database: Place, tmp_path: Path
) -> None:
    path = tmp_path / "days.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("a/1.csv", "\n".join([_TRADES, good(1)]))
        archive.writestr("a/2.csv", "\n".join([_TRADES, good(2)]))
        archive.writestr("README", "see a")
    report = await db.capture.import_files([path], **_ONE)
    assert report.account.total.stored == 2
    assert ["README" in one.why for one in report.skipped] == [True]
    digests = brute.fetch(database.dsn, "SELECT DISTINCT source_sha256 FROM batches")
    assert len(digests) == 1
    lonely = tmp_path / "lonely.zip"
    with ZipFile(lonely, "w") as archive:
        archive.writestr("README", "see a")
    with pytest.raises(InputError, match="README"):
        await db.capture.import_files([lonely, path], **_ONE)


async def test_a_name_that_is_not_utf_8(db: AsyncDatabase, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    path.write_text("\n".join([_TRADES, good(1), "x"]))
    report = await db.capture.import_files([path], **_ONE)
    assert report.account.total.stored == 1
    (one,) = await db.market.quarantined()
    assert one.source.endswith(r"caf\udce9.csv")


@pytest.mark.parametrize("jobs", [1, 3])
async def test_one_bad_file_of_several(
    db: AsyncDatabase, database: Place, tmp_path: Path, jobs: int
) -> None:
    paths = []
    for number in range(4):
        path = tmp_path / f"{number}.csv"
        text = [good(number * 100 + n) for n in range(50)]
        # Recognised by its columns; but no row of it can be read.
        path.write_text("\n".join([_TRADES, *(["x,y,z,1"] * 3 if number == 1 else text)]))
        paths.append(path)
    with pytest.raises(PartialImport, match=r"1 of 4 files.*1\.csv") as error:
        await db.capture.import_files(paths, **_ONE, jobs=jobs)
    report = error.value.report
    assert [one.account.total.stored for one in report.files] == [50, 0, 50, 50]
    assert [one.error is None for one in report.files] == [True, False, True, True]
    assert brute.fetch(database.dsn, "SELECT count(*) FROM market_data") == [(150,)]
    assert {batch.status for batch in await db.market.batches()} == {"COMMITTED"}
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
