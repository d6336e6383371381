"""Rows without ids: every one of a file once, whatever the chunks, the order and the ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, connect
from cryptoscalp.capture import importer, moments
from cryptoscalp.capture.formats import csv_tables
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import brute, rows
from tests.postgres import Place, settle

_FILE: dict[str, Any] = {"exchange": "kraken", "symbol": "XBTUSD"}
_ORDERS = ("oldest first", "newest first", "shuffled")


def in_order(found: list[rows.Trade], order: str) -> list[rows.Trade]:
    if order == "shuffled":
        return random.Random(1).sample(found, len(found))
    return found if order == "oldest first" else found[::-1]


def small_steps(patch: pytest.MonkeyPatch, lines: int, held: int) -> None:
    """Let chunks have so many lines, and so many rows be held back."""
    patch.setattr(csv_tables, "_LINES_A_CHUNK", lines)
    patch.setattr(importer, "whole_moments", partial(moments.whole_moments, held_rows=held))


@pytest.mark.long
@pytest.mark.parametrize(("lines", "count"), [(1, 30), (16, 200), (20_000, 200)])
async def test_a_file_in_any_chunks_and_any_order(
    db: AsyncDatabase,
    database: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: int,
    count: int,
) -> None:
    every = rows.trades(lines, count)
    for place, order in enumerate(_ORDERS):
        # A shuffled file has to fit; one in time order only has to move on.
        small_steps(monkeypatch, lines, 1_000 if order == "shuffled" else count // 6)
        path = rows.file(tmp_path / f"{place}.csv", in_order(every, order))
        symbol = f"ORDER{place}"
        first = await db.capture.import_files([path], exchange="kraken", symbol=symbol)
        again = await db.capture.import_files([path], exchange="kraken", symbol=symbol)
        assert first.account.total.stored == count, order
        assert (again.account.total.stored, again.account.total.duplicate) == (0, count)
        assert rows.stored(database.dsn, symbol) == rows.union(every)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_overlapping_files_give_their_union(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_steps(monkeypatch, 16, 40)
    every = rows.trades(5, 300)
    chance = random.Random(5)
    # One file ends where the other goes on, and each lacks some that the other has.
    first = [one for one in every[:200] if chance.random() < 0.8]
    second = [one for one in every[100:] if chance.random() < 0.8]
    one, other = (
        rows.file(tmp_path / name, found) for name, found in (("1.csv", first), ("2.csv", second))
    )
    whole = rows.union(first, second)
    for symbol, paths, jobs in (
        ("FORTH", [one, other], 1), ("BACK", [other, one], 1), ("ATONCE", [one, other], 2),
    ):  # fmt: skip
        report = await db.capture.import_files(paths, exchange="kraken", symbol=symbol, jobs=jobs)
        assert report.account.total.stored == whole.total()
        assert rows.stored(database.dsn, symbol) == whole
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_quotes_without_ids(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_steps(monkeypatch, 3, 5)
    lines = [f"{1_723_118_400_000 + n // 3},100,1,101,2" for n in range(30)]
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join(["timestamp,bid_price,bid_size,ask_price,ask_size", *lines]))
    for stored in (30, 0):
        report = await db.capture.import_files([path], **_FILE)
        assert report.account.total.stored == stored
    found = brute.fetch(
        database.dsn, "SELECT count(*), count(DISTINCT timestamp) FROM order_book_l1"
    )
    assert found == [(30, 10)]
    brute.check_derived(database.dsn)


@pytest.mark.parametrize("lines", [1, 2, 100])
async def test_rows_with_and_without_ids_in_one_moment(
    db: AsyncDatabase,
    database: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: int,
) -> None:
    """A row without an id beside an equal one that has one is another event."""
    small_steps(monkeypatch, lines, 1)
    ids = ["", "700", "", "800", "", "", "900", ""]
    path = tmp_path / "mixed.csv"
    text = "".join(f"{1_723_118_400_000 + n // 4},5,5,{one}\n" for n, one in enumerate(ids))
    path.write_text(f"timestamp,price,size,id\n{text}")
    for stored in (8, 0):
        report = await db.capture.import_files([path], **_FILE)
        assert report.account.total.stored == stored
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_a_row_that_comes_too_late_is_told(
    db: AsyncDatabase, database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_steps(monkeypatch, 50, 100)
    every = rows.trades(3, 400, every_us=10_000_000)
    path = rows.file(tmp_path / "late.csv", [*every, every[0]])
    report = await db.capture.import_files([path], **_FILE)
    assert (report.account.total.stored, report.account.total.quarantined) == (400, 1)
    (late,) = await db.market.quarantined()
    assert (late.reason, late.line) == ("out_of_order", 402)
    assert "sort the file" in late.detail
    ordered = rows.file(tmp_path / "sorted.csv", sorted([*every, every[0]]))
    await db.capture.import_files([ordered], **_FILE)
    assert rows.stored(database.dsn, "XBTUSD") == rows.union([*every, every[0]])
    brute.check_derived(database.dsn)


_IMPORT = """
import sys
from functools import partial
import cryptoscalp
from cryptoscalp.capture import importer, moments
importer.whole_moments = partial(moments.whole_moments, held_rows=1_500)
importer.CHUNKS_A_TRANSACTION = 1
with cryptoscalp.connect(sys.argv[1]) as db:
    print("ready", flush=True)
    db.capture.import_files([sys.argv[2]], exchange="kraken", symbol="XBTUSD")
"""


def test_an_importer_killed_at_any_moment(
    database: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_tables, "_LINES_A_CHUNK", 1_000)
    every = rows.trades(11, 12_000, every_us=20_000)
    path = rows.file(tmp_path / "rows.csv", every)
    chance = random.Random()
    reached = []
    for _ in range(2):
        command = [sys.executable, "-c", _IMPORT, database.dsn, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.6))
            process.kill()
        settle(database.dsn)
        held = rows.stored(database.dsn, "XBTUSD")
        # Moments are never torn: what is there of one is all of it.
        moments_there = {one[0] for one in held}
        assert held == rows.union([one for one in every if one[0] in moments_there])
        reached.append(held.total())
    assert reached == sorted(reached)
    with connect(database.dsn) as db:
        db.capture.import_files([path], **_FILE)
        assert db.capture.import_files([path], **_FILE).account.total.stored == 0
    assert rows.stored(database.dsn, "XBTUSD") == rows.union(every)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


_TWO_FILES = """
import sys
from functools import partial
import cryptoscalp
from cryptoscalp.capture import importer, moments
importer.whole_moments = partial(moments.whole_moments, held_rows=1_500)
importer.CHUNKS_A_TRANSACTION = 1
with cryptoscalp.connect(sys.argv[1]) as db:
    print("ready", flush=True)
    db.capture.import_files(sys.argv[2:], exchange="kraken", symbol="XBTUSD", jobs=2)
"""


def test_a_server_killed_while_two_files_are_read(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    every = rows.trades(12, 15_000, every_us=20_000)
    paths = [
        rows.file(tmp_path / "first.csv", every[:10_000]),
        rows.file(tmp_path / "second.csv", every[5_000:]),
    ]
    chance = random.Random()
    for _ in range(2):
        command = [sys.executable, "-c", _TWO_FILES, own_server.dsn, *map(str, paths)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.8))
            postmaster = own_server.status().pid
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)
            assert own_server.ensure_running()
            _, err = process.communicate(timeout=60)
            # It may ride over the restart, or end with one clear error.
            assert process.returncode == 0 or b"errors.ConnectionLost" in err, err.decode()
        brute.check_derived(own_server.dsn)
    with connect(own_server.dsn) as db:
        db.capture.import_files(paths, **_FILE, jobs=2)
        assert db.capture.import_files(paths, **_FILE, jobs=2).account.total.stored == 0
    whole = rows.union(every[:10_000], every[5_000:])
    assert rows.stored(own_server.dsn, "XBTUSD") == whole
    brute.check_derived(own_server.dsn)
    brute.check_ledger(own_server.dsn)
