"""Ingest: Arrow tables through `write_trades`, a foreign writer's COPY, and stored data again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder
from psycopg import sql

from bench import made
from bench.figures import Bar, Figure, Section
from bench.place import Place, bare_table
from cryptoscalp import Continuity, Database

NAME: Final = "ingest"
_ROWS_A_BUFFER: Final = 8192
_AGAIN: Final = Bar("figure", "≥", 150_000)
_TRIGGER: Final = Bar("ratio", "≥", 0.3)


@dataclass(frozen=True, slots=True)
class Shape:
    """`rows` of `instruments` at 1 kHz together, in batches of `batch` rows."""

    name: str
    instruments: int
    rows: int
    batch: int
    bars: tuple[Bar, ...]


@dataclass(slots=True)
class _Clock:
    """Rows and seconds of each call of one side."""

    calls: list[tuple[int, float]] = field(default_factory=list)

    def time(self, rows: int, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        work()
        self.calls.append((rows, time.perf_counter() - began))

    @property
    def rate(self) -> float:
        return sum(rows for rows, _ in self.calls) / sum(seconds for _, seconds in self.calls)

    @property
    def rates(self) -> list[int]:
        return [round(rows / seconds) for rows, seconds in self.calls]


def shapes(quick: bool) -> list[Shape]:
    """The shapes that are measured."""
    dense = (Bar("figure", "≥", 150_000), Bar("ratio", "≥", 0.45))
    sparse = (Bar("figure", "≥", 80_000), Bar("ratio", "≥", 0.45))
    if quick:
        return [Shape("dense", 4, 2_000, 1_000, dense), Shape("sparse", 50, 2_000, 1_000, sparse)]
    return [
        Shape("dense", 4, 750_000, 150_000, dense),
        Shape("sparse", 500, 750_000, 150_000, sparse),
        Shape("dense, small batches", 4, 240_000, 40_000, dense),
        Shape("sparse, small batches", 500, 240_000, 40_000, sparse),
    ]


def measure(place: Place, quick: bool) -> Section:
    """Measure every shape; each batch goes to all sides before the next one does."""
    figures: list[Figure] = []
    detail: dict[str, Any] = {}
    with (
        place.connect() as db,
        place.bare(admin=True) as admin,
        place.bare() as foreign,
    ):
        bare_table(admin, made.DAY.isoformat(), made.NEXT_DAY.isoformat())
        warm_up = made.trades(1_000, 4, seconds=1, seed=99)
        for n, shape in enumerate(shapes(quick)):
            venue = f"venue{n}"
            table = made.trades(shape.rows, shape.instruments, seconds=shape.rows / 1000)
            _batch(db, admin, foreign, warm_up, f"warm{n}", {})
            admin.execute("CHECKPOINT")
            clocks = {side: _Clock() for side in ("ours", "bare", "trigger", "again")}
            for part in made.parts(table, shape.batch):
                _batch(db, admin, foreign, part, venue, clocks)
            for part in made.parts(table, shape.batch):
                clocks["again"].time(part.num_rows, _store(db, part, venue, stored=False))
            what = f"{shape.name}: {shape.instruments} symbols, batches of {shape.batch:,}"
            bare = clocks["bare"].rate
            figures += [
                Figure(what, clocks["ours"].rate, "rows/s", bare, shape.bars),
                Figure(
                    f"{shape.name}: a foreign writer's COPY",
                    clocks["trigger"].rate,
                    "rows/s",
                    bare,
                    (_TRIGGER,),
                ),
                Figure(
                    f"{shape.name}: the same data again",
                    clocks["again"].rate,
                    "rows/s",
                    bare,
                    (_AGAIN,),
                ),
            ]
            detail[shape.name] = {
                "rows": shape.rows,
                "batch": shape.batch,
                "rows_per_second": {side: clock.rates for side, clock in clocks.items()},
            }
    return Section(
        NAME,
        "write_trades: psycopg 3, binary COPY encoded by pgpq; foreign writer: psycopg 3 COPY",
        "pgpq binary COPY of the same rows into the same partitioned table, key, indexes and"
        " checks, without triggers, batch by batch in turn",
        place.settings(),
        figures,
        detail=detail,
    )


def _batch(
    db: Database,
    admin: psycopg.Connection[Any],
    foreign: psycopg.Connection[Any],
    part: pa.Table,
    venue: str,
    clocks: dict[str, _Clock],
) -> None:
    for side, work in (
        ("ours", _store(db, part, venue, stored=True)),
        ("bare", _copy(admin, "bare", labelled(part, venue, batch_id=1))),
        ("trigger", _copy(foreign, "market_data", labelled(part, f"{venue}-foreign"))),
    ):
        clocks.setdefault(side, _Clock()).time(part.num_rows, work)


def _store(db: Database, part: pa.Table, venue: str, *, stored: bool) -> Callable[[], None]:
    table = labelled(part, venue)

    def work() -> None:
        account = db.capture.write_trades(table, continuity=Continuity.CONSECUTIVE_IDS)
        counted = account.total.stored if stored else account.total.duplicate
        if counted != table.num_rows:
            raise AssertionError(f"{counted:,} of {table.num_rows:,} rows: {account.total}")

    return work


def _copy(connection: psycopg.Connection[Any], target: str, table: pa.Table) -> Callable[[], None]:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(target), sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    )

    def work() -> None:
        encoder = ArrowToPostgresBinaryEncoder(table.schema)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(encoder.write_header())
            for batch in table.to_batches(max_chunksize=_ROWS_A_BUFFER):
                copy.write(encoder.write_batch(batch))
            copy.write(encoder.finish())

    return work


def labelled(part: pa.Table, venue: str, batch_id: int | None = None) -> pa.Table:
    """The rows under another exchange, so that no side meets another side's."""
    at = part.column_names.index("exchange")
    labels = pa.repeat(pa.scalar(venue, pa.large_string()), part.num_rows)
    table = part.set_column(at, "exchange", labels)
    if batch_id is None:
        return table
    return table.append_column("batch_id", pa.repeat(pa.scalar(batch_id), part.num_rows))
