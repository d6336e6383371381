"""Flows: one instrument's day comes back from the cold tier, so that it can be written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final

import polars as pl
import psycopg

from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.ledger import cold_days
from cryptoscalp.infra.cold.types import Part
from cryptoscalp.infra.db.copying import copy_buffers, copy_statement
from cryptoscalp.infra.db.flow import Flow, aside, copy_in, rows, run, using
from cryptoscalp.market.partitions import ensure_partitions

#: The writers' lock of a table, and the tables whose partitions a day of it needs.
_LOCKS: Final = {"market_data": "trades", "order_book_l1": "quotes"}
_NEEDED: Final = {"market_data": ("market_data", "candles_1s", "candles_long")}
_DAY: Final = timedelta(days=1)


def thaw(part: Part) -> Flow[int]:
    """Bring a part back into PostgreSQL, with its computed candles; the number of rows copied.

    0 where it is not in the cold tier or PostgreSQL has its rows still. The lake's copy stays; a
    later run of retention compares it and takes the part out again. Holds no transaction while
    the lake is read. Raises ColdDamage and WarehouseError where the lake cannot give the rows,
    Contention while the day is being moved.
    """
    return (yield from aside(partial(_thaw, part), transaction=True))


def thaw_all(parts: Iterable[Part]) -> Flow[int]:
    """Bring parts back, one after the other; the number of rows copied."""
    copied = 0
    for part in sorted(parts):
        copied += yield from thaw(part)
    return copied


def cold_among(wanted: Iterable[Part]) -> Flow[list[Part]]:
    """Those of the parts that lie in the cold tier, by one indexed query."""
    asked = sorted(set(wanted))
    if not asked:
        return []
    found = yield from rows(
        "SELECT c.table_name, c.day, c.exchange, c.symbol FROM"
        " unnest(%s::text[], %s::date[], %s::text[], %s::text[]) AS w (name, day, exchange, symbol)"
        # OFFSET 0: one index search each, whatever the planner thinks of their number.
        " CROSS JOIN LATERAL (SELECT * FROM cold_parts AS c WHERE c.table_name = w.name"
        " AND c.symbol = w.symbol AND c.exchange = w.exchange AND c.day = w.day"
        " AND c.state = 'COLD' OFFSET 0) AS c",
        _columns(asked),
    )
    return [Part(*row) for row in found]


def _columns(parts: Sequence[Part]) -> tuple[list[str], list[date], list[str], list[str]]:
    return (
        [part.table for part in parts],
        [part.day for part in parts],
        [part.exchange for part in parts],
        [part.symbol for part in parts],
    )


def _thaw(part: Part) -> Flow[int]:
    """One transaction; what comes before its first statement runs without one."""
    from cryptoscalp.market.kept import COLD

    cold = COLD[part.table]
    low = datetime.combine(part.day, time(), UTC)
    high = low + _DAY
    before = yield from aside(partial(cold_days, part.table, part.exchange, part.symbol, low, high))
    if not before or before[0].state != "COLD":
        return 0
    tables = _NEEDED.get(part.table, (part.table,))
    last = high - timedelta(microseconds=1)
    yield from aside(partial(ensure_partitions, low, last, tables))
    table = yield from using(
        Lake, lambda lake: lake.read(cold, part.exchange, part.symbol, low, high)
    )
    yield from run("SET LOCAL ROLE cryptoscalp_capture")
    yield from rows(
        "SELECT count(pg_advisory_xact_lock(stream_lock(%s, %s, %s)))",
        (part.exchange, part.symbol, _LOCKS.get(part.table, part.table)),
    )
    now = yield from cold_days(part.table, part.exchange, part.symbol, low, high)
    if now != before:
        raise psycopg.errors.SerializationFailure(f"{part} was moved while it was brought back")
    key = (part.table, part.day, part.exchange, part.symbol)
    found = yield from rows("SELECT thaw_part(%s, %s, %s, %s)", key)
    wanted: int | None = found[0][0]
    if wanted is None:
        return 0
    yield from run("SET LOCAL cryptoscalp.thawing = 'on'")
    columns = cold.schema.names
    yield from copy_in(
        copy_statement(part.table, columns), copy_buffers(pl.DataFrame(table), columns)
    )
    yield from rows("SELECT finish_thaw(%s, %s, %s, %s, %s)", (*key, wanted))
    return wanted
