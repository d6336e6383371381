"""Many commits to one Iceberg table at once, by threads and by processes: none undoes another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Event

import pyarrow as pa
import pytest

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import Contention
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, bounds, joined, part, rows
from tests.postgres import Place

COUNT = 6
DAYS = [DAY + timedelta(days=number) for number in range(COUNT)]
SYMBOLS = ("AAAUSDT", "BBBUSDT")


def made(symbol: str, day: date, seed: int) -> pa.Table:
    """A few rows of one part."""
    return rows(MARKET_DATA, 40, part(MARKET_DATA, symbol, day), seed=seed)


def write(lake: Lake, symbol: str, day: date, *pieces: pa.Table) -> None:
    """Write one part; again while others change its day."""
    of = part(MARKET_DATA, symbol, day)
    for _ in range(50):
        try:
            lake.write(MARKET_DATA, day, [(of, [joined(MARKET_DATA, *pieces)])])
        except Contention:
            continue
        return
    raise AssertionError(f"{of} could not be written")


def fill(lake: Lake, symbol: str, number: int) -> None:
    """Write every day of one symbol: first something else, then its rows, then more of them.

    The three commits replace files, and add to them. Every writer goes another way through days.
    """
    for at in range(COUNT):
        day = DAYS[at * (1, 5)[number % 2] % COUNT]
        write(lake, symbol, day, made(symbol, day, 3))
        write(lake, symbol, day, made(symbol, day, 1))
        write(lake, symbol, day, made(symbol, day, 1), made(symbol, day, 2))


def check(lake: Lake, symbols: tuple[str, ...] = SYMBOLS) -> None:
    """Every part holds what was written to it last, by its rows and by its hash."""
    for symbol in symbols:
        expected = [joined(MARKET_DATA, made(symbol, d, 1), made(symbol, d, 2)) for d in DAYS]
        found = lake.read(MARKET_DATA, "binance", symbol, bounds()[0], bounds(DAYS[-1])[1])
        assert found.equals(pa.concat_tables(expected)), symbol
    for day in DAYS:
        held = lake.contents(MARKET_DATA, day)
        assert {of.symbol: content.rows for of, content in held.items()} == dict.fromkeys(
            symbols, 80
        )
    assert lake.files() <= lake.found().keys()


@pytest.mark.long
def test_threads_of_one_lake(lake: Lake) -> None:
    """Writers of the same days, readers, and the one who forgets snapshots share one object."""
    over = Event()

    def forget() -> None:
        while not over.wait(0.02):
            lake.maintain(timedelta(0))

    def look() -> None:
        while not over.wait(0.005):
            lake.contents(MARKET_DATA, DAY)

    with ThreadPoolExecutor(4) as threads:
        beside = [threads.submit(forget), threads.submit(look)]
        done = [threads.submit(fill, lake, symbol, n) for n, symbol in enumerate(SYMBOLS)]
        try:
            for task in done:
                task.result()
        finally:
            over.set()
        for task in beside:
            task.result()
    check(lake)


_WRITER = """
import sys
from cryptoscalp.infra.cold.lake import Lake
from tests.cold.test_many_commits import fill
lake = Lake(sys.argv[1], sys.argv[2])
fill(lake, sys.argv[3], int(sys.argv[4]))
lake.close()
"""


@pytest.mark.long
def test_processes(lake: Lake, database: Place) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, database.dsn, str(lake._location), symbol, str(number)]
        )
        for number, symbol in enumerate(SYMBOLS)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    check(lake)
    # A fresh process sees the same.
    fresh = Lake(database.dsn, str(lake._location))
    check(fresh)
    fresh.close()


def test_a_writer_that_began_long_ago_undoes_nothing(lake: Lake) -> None:
    """While it is written, the table's other days change a dozen times."""
    first, *others = DAYS

    def slow() -> Iterator[pa.Table]:
        for day in others:
            write(lake, "BBBUSDT", day, made("BBBUSDT", day, 1))
        lake.maintain(timedelta(0))
        yield made("AAAUSDT", first, 1)

    lake.write(MARKET_DATA, first, [(part(MARKET_DATA, "AAAUSDT", first), slow())])
    for day in others:
        assert lake.read(MARKET_DATA, "binance", "BBBUSDT", *bounds(day)).num_rows == 40
    assert lake.read(MARKET_DATA, "binance", "AAAUSDT", *bounds(first)).num_rows == 40

    # Of its own day it does not win over who came in between.
    def overtaken() -> Iterator[pa.Table]:
        write(lake, "BBBUSDT", first, made("BBBUSDT", first, 1))
        yield made("AAAUSDT", first, 2)

    with pytest.raises(Contention, match="run it again"):
        lake.write(MARKET_DATA, first, [(part(MARKET_DATA, "AAAUSDT", first), overtaken())])
    assert lake.contents(MARKET_DATA, first).keys() == {
        part(MARKET_DATA, symbol, first) for symbol in SYMBOLS
    }
