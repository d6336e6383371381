"""Campaign: runs of retention killed at random moments while late events come in."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final, TypeAlias

import psycopg
import pyarrow as pa

import cryptoscalp
from bench.place import Place, fresh_place
from campaigns.evidence import ROOT, Campaign, Result, heading, table
from cryptoscalp import Database
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import Contention
from cryptoscalp.market.kept import MARKET_DATA

_FIRST: Final = datetime(2024, 8, 1, tzinfo=UTC)
_DAYS: Final = 6
_INSTRUMENTS: Final = (("binance", "BTCUSDT"), ("binance", "ETHUSDT"), ("kraken", "XBT/USD"))
#: A run on these days takes a second or two; some kills come after its end.
_LONGEST_S: Final = 2.0
#: Between two writes, so that days get whole to the cold tier as well.
_PAUSE_S: Final = 0.3
_Row: TypeAlias = tuple[datetime, str, str, int, str]


def _options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--kills", type=int, default=120, metavar="N", help="of runs in each part (120)"
    )


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    return {
        name: partial(_killed, name == "detached", options.kills)
        for name in ("detached", "dropped")
    }


@dataclass(slots=True)
class _Writer:
    """Writes late events, and takes batches back, until it is told to pause."""

    db: Database
    chance: random.Random
    expected: set[_Row] = field(default_factory=set)
    batches: list[tuple[int, set[_Row]]] = field(default_factory=list)
    sequence: int = 0
    written: int = 0
    undone: int = 0
    refused: int = 0

    def work(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                self.once()
            except Contention:
                # The day is being moved: the caller is told to try again.
                self.refused += 1
            stop.wait(self.chance.uniform(0, _PAUSE_S))

    def once(self) -> None:
        if self.batches and self.chance.random() < 0.15:
            number, rows = self.chance.choice(self.batches)
            self.db.market.undo_batch(number)
            self.batches.remove((number, rows))
            self.expected -= rows
            self.undone += 1
            return
        rows = {self._row() for _ in range(self.chance.randint(1, 30))}
        self.db.capture.write_trades(_arrow(sorted(rows)))
        self.expected |= rows
        self.batches.append((self.db.market.batches()[0].batch_id, rows))
        self.written += 1

    def _row(self) -> _Row:
        self.sequence += 1
        exchange, symbol = self.chance.choice(_INSTRUMENTS)
        moment = _FIRST + timedelta(microseconds=self.chance.randrange(_DAYS * 86_400 * 10**6))
        return moment, exchange, symbol, self.sequence, f"{self.sequence}.000000000000000001"


def _arrow(rows: list[_Row]) -> pa.Table:
    times, exchanges, symbols, sequences, prices = zip(*rows, strict=True)
    return pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "exchange": exchanges,
            "symbol": symbols,
            "sequence": pa.array(sequences, pa.int64()),
            "price": prices,
            "volume": ["1"] * len(rows),
        }
    )


@contextmanager
def _victims(dsn: str) -> Iterator[Callable[[float], bool]]:
    """A function that runs retention for so many seconds, and says whether it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns.retention_victim", dsn],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    lines, answers = process.stdin, process.stdout

    def run(seconds: float) -> bool:
        lines.write(f"{seconds}\n")
        lines.flush()
        answer = answers.readline().strip()
        if answer not in ("killed", "ended 0"):
            raise RuntimeError(f"a run of retention failed: {answer or 'it is gone'}")
        return answer == "killed"

    with process:
        yield run
        lines.close()


def _killed(admin: bool, kills: int) -> Result:
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    with fresh_place() as place, tempfile.TemporaryDirectory() as folder:
        _settings(place, Path(folder), admin)
        with cryptoscalp.connect(place.dsn) as db, _victims(place.dsn) as victim:
            lake = Lake(place.dsn, folder)
            writer = _Writer(db, random.Random(seed + 1))
            writer.once()
            killed = rounds = 0
            wrong: list[dict[str, Any]] = []
            while killed < kills and not wrong:
                rounds += 1
                stop = Event()
                thread = Thread(target=writer.work, args=(stop,))
                thread.start()
                killed += victim(chance.uniform(0, _LONGEST_S))
                stop.set()
                thread.join()
                found = _authoritative(place, lake)
                if found != sorted(writer.expected):
                    wrong.append(_difference(rounds, found, writer.expected))
            report = _finish(db)
            held = _authoritative(place, lake)
            left = _one(place, "SELECT count(*) FROM cold_parts WHERE state <> 'COLD'")
            departures = _one(place, "SELECT count(*) FROM departures")
            lake.close()
    return {
        "passed": not wrong and not left and held == sorted(writer.expected) and not report,
        "seed": seed, "kills": killed, "rounds": rounds, "wrong": wrong,
        "batches": writer.written, "undone": writer.undone, "refused": writer.refused,
        "rows": len(held), "departures": departures, "left": left, "failed": report,
    }  # fmt: skip


def _settings(place: Place, folder: Path, admin: bool) -> None:
    os.environ["CRYPTOSCALP_COLD_WAREHOUSE"] = str(folder)
    os.environ.pop("CRYPTOSCALP_ADMIN_URL", None)
    if admin:
        os.environ["CRYPTOSCALP_ADMIN_URL"] = place.admin_dsn


def _finish(db: Database) -> list[str]:
    """Run to the end; what could not move. A killed run's session may live for a moment."""
    failed: list[str] = []
    for _ in range(20):
        report = db.retention.run(["market_data", "candles_1s"], 0)
        failed = [f"{one.table} {one.day}: {one.detail}" for one in report.failed]
        if not report.done:
            break
        time.sleep(0.2)
    return failed


def _authoritative(place: Place, lake: Lake) -> list[_Row]:
    """Every trade from where it is read: the lake for cold parts, PostgreSQL for the others.

    A session of a killed run may go on for a moment: read again when the ledger has changed.
    """
    with place.bare() as connection:
        while True:
            before = _ledger(connection)
            away = {part[1:] for part in before if part[0] == "COLD"}
            rows = [
                row
                for row in connection.execute(
                    "SELECT timestamp, exchange::text, symbol::text, sequence, price::text"
                    " FROM market_data"
                ).fetchall()
                if (row[0].date(), row[1], row[2]) not in away
            ]
            for day, exchange, symbol in away:
                first = datetime.combine(day, datetime.min.time(), UTC)
                found = lake.read(MARKET_DATA, exchange, symbol, first, first + timedelta(days=1))
                columns = ("timestamp", "exchange", "symbol", "sequence")
                prices = (f"{price:f}" for price in found.column("price").to_pylist())
                kept = (found.column(name).to_pylist() for name in columns)
                rows += zip(*kept, prices, strict=True)
            if _ledger(connection) == before:
                return sorted(rows)


def _ledger(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT state::text, day, exchange, symbol FROM cold_parts ORDER BY 2, 3, 4"
    ).fetchall()


def _difference(round_: int, found: list[_Row], expected: set[_Row]) -> dict[str, Any]:
    lost, strange = expected - set(found), set(found) - expected
    return {
        "round": round_,
        "lost": [str(row) for row in sorted(lost)][:5],
        "strange": [str(row) for row in sorted(strange)][:5],
        "doubled": len(found) - len(set(found)),
    }


def _one(place: Place, query: str) -> int:
    with place.bare() as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _page(found: Mapping[str, Any]) -> str:
    header = ("days leave", "kills", "batches of late events", "taken back", "told to try again",
              "rows", "days that left", "lost or doubled rows")  # fmt: skip
    ways = {"detached": "by DETACH CONCURRENTLY", "dropped": "by the owner's function alone"}
    rows = [
        (ways[name], part["kills"], part["batches"], part["undone"], part["refused"],
         part["rows"], part["departures"], "NONE" if not part["wrong"] else "SOME")
        for name, part in found["parts"].items()
    ]  # fmt: skip
    lines = [
        "# Retention killed at random moments", "", *heading(found), "",
        "A process that moves days to the cold tier is killed with -9 at a random moment, again",
        "and again, while late events are stored into the same days and batches are taken back.",
        "After every kill each event has to be there exactly once, where the ledger says.", "",
        *table(header, rows),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


CAMPAIGN: Final = Campaign(
    name="retention",
    about="kill runs of retention at random moments while late events come in",
    vouches_for=(
        "src/cryptoscalp/retention/*.py",
        "src/cryptoscalp/infra/cold/*.py",
        "src/cryptoscalp/infra/cold/sql/*.sql",
        "src/cryptoscalp/market/sql/*.sql",
        "src/cryptoscalp/market/thaw.py",
        "src/cryptoscalp/capture/room.py",
        "src/cryptoscalp/infra/db/locks.py",
        "campaigns/retention*.py",
    ),
    parts=_parts,
    page=_page,
    options=_options,
)
