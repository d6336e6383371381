"""Writers side by side, and a writer that is killed at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta

import pyarrow as pa
import pytest

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import Contention
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, bounds, joined, part, rows
from tests.postgres import Place

BTC = part(MARKET_DATA, "BTCUSDT")

_WRITER = """
import sys
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.market.kept import MARKET_DATA
from tests.cold.made import DAY, part, rows
lake = Lake(sys.argv[1], sys.argv[2])
lake.contents(MARKET_DATA, DAY)
of = part(MARKET_DATA, "BTCUSDT")
held = [rows(MARKET_DATA, 20_000, of, seed=seed) for seed in (1, 2)]
print("ready", flush=True)
while True:
    for made in held:
        lake.write(MARKET_DATA, DAY, [(of, [made])])
"""


def test_writers_of_different_days(lake: Lake, database: Place) -> None:
    days = [DAY + timedelta(days=number) for number in range(6)]
    held = {day: rows(MARKET_DATA, 200, part(MARKET_DATA, "BTCUSDT", day)) for day in days}
    with ExitStack() as stack:
        lakes = [stack.enter_context(closing(Lake(database.dsn, lake._location))) for _ in days]
        threads = stack.enter_context(ThreadPoolExecutor(len(days)))
        done = [
            threads.submit(
                one.write, MARKET_DATA, day, [(part(MARKET_DATA, "BTCUSDT", day), [held[day]])]
            )
            for one, day in zip(lakes, days, strict=True)
        ]
        for task in done:
            task.result()
    found = lake.read(MARKET_DATA, "binance", "BTCUSDT", bounds()[0], bounds(days[-1])[1])
    assert found.equals(pa.concat_tables(held.values()))


def test_two_writers_of_one_day_do_not_both_win(lake: Lake, database: Place) -> None:
    first, second = (rows(MARKET_DATA, 100, BTC, seed=seed) for seed in (1, 2))
    lake.write(MARKET_DATA, DAY, [(BTC, [first])])
    both = joined(MARKET_DATA, first, second)

    def slow() -> Iterator[pa.Table]:
        with closing(Lake(database.dsn, lake._location)) as other:
            other.write(MARKET_DATA, DAY, [(BTC, [both])])
        yield first.slice(0, 50)

    before = lake.found().keys()
    with pytest.raises(Contention, match="run it again"):
        lake.write(MARKET_DATA, DAY, [(BTC, slow())])
    assert lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(both)
    # What the loser wrote is gone: the winner's file and metadata are what came.
    assert lake.found().keys() - before <= lake.files()


def test_a_killed_writer_leaves_the_old_content_or_the_new(lake: Lake, database: Place) -> None:
    states = [rows(MARKET_DATA, 20_000, BTC, seed=seed) for seed in (1, 2)]
    written = lake.write(MARKET_DATA, DAY, [(BTC, [states[0]])])
    assert written.parts[BTC].rows == 20_000
    command = [sys.executable, "-c", _WRITER, database.dsn, str(lake._location)]
    for number in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(0.05 + 0.25 * number)
            writer.send_signal(signal.SIGKILL)
        found = lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds())
        assert any(found.equals(state) for state in states)
        assert lake.contents(MARKET_DATA, DAY).keys() == {BTC}
        assert lake.files() <= lake.found().keys()
    # The next writer goes on.
    lake.write(MARKET_DATA, DAY, [(BTC, [states[1]])])
    assert lake.read(MARKET_DATA, "binance", "BTCUSDT", *bounds()).equals(states[1])
