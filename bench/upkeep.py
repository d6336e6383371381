"""Ingest while partitions are made and old days move to the cold tier, against ingest alone."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Final

import pyarrow as pa

from bench import made
from bench.figures import Bar, Figure, Section
from bench.ingest import labelled
from bench.place import Place
from cryptoscalp import Continuity, Database
from cryptoscalp.infra.server.log_files import written
from cryptoscalp.infra.server.paths import Layout

NAME: Final = "upkeep"
_INSTRUMENTS: Final = 4
_RATE: Final = Bar("ratio", "≥", 0.8)
_WAIT: Final = Bar("figure", "≤", 100)
_WAITED: Final = re.compile(r"process \d+ acquired \w+ on .* after ([0-9.]+) ms")
#: Statements of the worker: they give way after 50 ms and try again.
_WORKERS: Final = re.compile(
    r"ensure_partitions|seal_day|drop_day|detach|attach|advisory", re.IGNORECASE
)
# A process of its own, as a worker is one. For each number that comes in it makes the partitions
# of a week and moves the days that are due; what goes out is the number of rows that left.
_WORKER: Final = """
import sys
from datetime import timedelta
from bench import made
from cryptoscalp import connect
from cryptoscalp.retention.jobs import PACE
with connect(data_dir=sys.argv[1]) as db:
    for line in sys.stdin:
        first = made.NEXT_DAY + timedelta(days=7 * int(line))
        for day in range(7):
            db.market.ensure_partitions(first + timedelta(days=day), first + timedelta(days=day))
        report = db.retention.run(["market_data"], hot_days=30, pace=PACE)
        assert not report.failed, report.failed
        print(report.rows, flush=True)
"""
# With triggers off and without an entry of late writes: the day counts as written long ago.
_FILL: Final = """
    INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence, side)
    SELECT %(day)s::timestamptz + n * interval '86400 seconds' / %(rows)s, symbol, exchange,
           100 + n %% 1000 * 0.01, 1 + n %% 77 * 0.001, 'trade', n, 'BUY'
    FROM instruments, generate_series(0, %(rows)s - 1) AS n WHERE exchange = %(exchange)s
"""


def measure(place: Place, quick: bool) -> Section:
    """Store batches beside the worker for as long as it works, then as many alone; and again."""
    days, rows, batch = (1, 500, 1_000) if quick else (4, 100_000, 40_000)
    with place.bare(admin=True) as admin:
        admin.execute("ALTER SYSTEM SET deadlock_timeout = '1ms'")
        admin.execute("SELECT pg_reload_conf()")
    beside = alone = 0.0
    stored = moved = 0
    with place.connect() as db, _worker(place) as (asked, answered):
        db.capture.write_trades(made.trades(_INSTRUMENTS * 100, _INSTRUMENTS, seconds=60))
        batches = _batches(batch)
        for turn in range(days + 1):
            _fill(place, db, turn, rows)
            place.settle()
            seconds, count, left = _beside(db, batches, turn, asked, answered)
            if turn == 0:
                continue  # libraries are loaded, plans are made
            if left != rows * _INSTRUMENTS:
                raise AssertionError(f"{left:,} rows left, not {rows * _INSTRUMENTS:,}")
            beside += seconds
            moved += left
            stored += count * batch
            alone += _alone(db, batches, count)
    waits = _waits(place)
    return Section(
        NAME,
        f"write_trades, {_INSTRUMENTS} symbols, batches of {batch:,}; a worker process makes a"
        f" week of partitions and moves a day of {rows * _INSTRUMENTS:,} rows to the cold tier"
        f" (export, verify, seal, detach, drop), {days} times",
        "the same batches without the worker, in turn",
        place.settings(),
        [
            Figure(
                "dense, beside the worker", stored / beside, "rows/s", stored / alone, (_RATE,),
                note=f"{stored:,} rows stored while {moved:,} left in {beside:.1f} s",
            ),
            Figure(
                "longest wait of a writer for a lock, p99.9",
                max(waits, default=0.0) or 0.001, "ms", bars=(_WAIT,),
                note=f"{len(waits)} waits of a millisecond or more in the server's log",
            ),
        ],
        detail={"waits_ms": sorted(waits)},
    )  # fmt: skip


@contextmanager
def _worker(place: Place) -> Iterator[tuple[IO[str], IO[str]]]:
    words = [sys.executable, "-c", _WORKER, str(place.data_dir)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdin, process.stdout
        finally:
            process.stdin.close()
            process.wait()


def _fill(place: Place, db: Database, turn: int, rows: int) -> None:
    day = made.DAY - timedelta(days=100 - turn)
    db.market.ensure_partitions(day, day)
    with place.bare(admin=True) as admin:
        admin.execute("SET session_replication_role = replica")
        given = {"day": day, "rows": rows, "exchange": made.EXCHANGE}
        admin.execute(_FILL.encode(), given)
        admin.execute("DELETE FROM late_writes WHERE day = %s", (day.date(),))


def _batches(batch: int) -> Iterator[pa.Table]:
    """Batches without end: the same rows under one exchange after the other."""
    table = made.trades(batch * 10, _INSTRUMENTS, seconds=batch / 100)
    venue = 0
    while True:
        venue += 1
        for part in made.parts(table, batch):
            yield labelled(part, f"venue{venue}")


def _store(db: Database, part: pa.Table) -> None:
    account = db.capture.write_trades(part, continuity=Continuity.CONSECUTIVE_IDS)
    if account.total.stored != part.num_rows:
        raise AssertionError(f"{account.total} of {part.num_rows:,} rows")


def _beside(
    db: Database, batches: Iterator[pa.Table], turn: int, asked: IO[str], answered: IO[str]
) -> tuple[float, int, int]:
    """Seconds and batches stored until the worker has answered, and the rows that left."""
    left: list[int] = []
    waiting = threading.Thread(target=lambda: left.append(int(answered.readline() or -1)))
    waiting.start()
    asked.write(f"{turn}\n")
    asked.flush()
    seconds, count = 0.0, 0
    while not left:
        seconds += _timed(db, next(batches))
        count += 1
    waiting.join()
    return seconds, count, left[0]


def _alone(db: Database, batches: Iterator[pa.Table], count: int) -> float:
    return sum(_timed(db, next(batches)) for _ in range(count))


def _timed(db: Database, part: pa.Table) -> float:
    began = time.perf_counter()
    _store(db, part)
    return time.perf_counter() - began


def _waits(place: Place) -> list[float]:
    """Milliseconds of each wait for a lock that was not the worker's own, from the log."""
    found: list[float] = []
    text = written(Layout.at(place.data_dir))
    for entry in re.split(r"\n(?=\d{4}-\d\d-\d\d .*LOG: )", text):
        waited = _WAITED.search(entry)
        if waited and not _WORKERS.search(entry):
            found.append(float(waited[1]))
    return found
