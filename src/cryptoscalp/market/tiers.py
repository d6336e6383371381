"""One read over PostgreSQL and the cold tier: each day from the tier that is authoritative for it.

The ledger is read before and after the rows. A day whose entry has changed meanwhile was moved or
brought back: its rows are read again, from where they are now. So every event comes exactly once,
whatever retention does during a read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.cold.ledger import ColdDay, cold_days
from cryptoscalp.infra.db.errors import ColdDamage, Contention
from cryptoscalp.infra.db.flow import Flow

#: Key of a table's schema metadata: JSON, a list of {"tier", "start", "end"} that covers the range.
RANGES: Final = b"cryptoscalp.ranges"
#: The bounds of a range that has none.
BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
#: How often the days that were being moved are read again.
_TRIES: Final = 20
_DAY: Final = timedelta(days=1)

Tier: TypeAlias = Literal["hot", "cold"]
#: Reads the rows of a half-open time range from PostgreSQL, ordered by timestamp.
Read: TypeAlias = Callable[[datetime, datetime], Flow[pa.Table]]
#: The same from the lake, of one day, which has to hold so many rows of the instrument.
ReadCold: TypeAlias = Callable[[datetime, datetime, int], Flow[pa.Table]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open time range that one tier answers for; of the cold one at most a day.

    `holding` is how many rows the lake has to hold of that day.
    """

    tier: Tier
    start: datetime
    end: datetime
    holding: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of a stretch."""

    stretch: Stretch
    rows: pa.Table


def read_tiers(
    table: str,
    exchange: str,
    symbol: str,
    start: datetime,
    end: datetime,
    hot: Read,
    cold: ReadCold,
) -> Flow[list[Piece]]:
    """An instrument's rows with start <= timestamp < end, as pieces in the order of time.

    Raises ColdDamage where the lake does not hold what the ledger says, Contention when days keep
    being moved while they are read.
    """
    known = yield from cold_days(table, exchange, symbol, start, end)
    pending = list(stretches(start, end, known))
    proven: list[Piece] = []
    for _ in range(_TRIES):
        read: list[Piece] = []
        damage: ColdDamage | None = None
        try:
            for one in pending:
                if one.tier == "hot":
                    found = yield from hot(one.start, one.end)
                else:
                    found = yield from cold(one.start, one.end, one.holding)
                read.append(Piece(one, found))
        except ColdDamage as error:
            damage = error
        now = yield from cold_days(table, exchange, symbol, start, end)
        if damage is not None:
            if now == known:
                raise damage
            # The day came back, or was exported again, while it was read.
            pending = [new for one in pending for new in stretches(one.start, one.end, now)]
            known = now
            continue
        changed = sorted({one.day for one in set(known) ^ set(now)})
        pending = []
        for piece in read:
            kept, moved = _split(piece, changed)
            proven += kept
            for low, high in moved:
                pending += stretches(low, high, now)
        if not pending:
            return sorted(proven, key=lambda piece: piece.stretch.start)
        known = now
    raise Contention(
        f"{pending[0].start.date()} of {symbol} on {exchange} in {table} kept moving between"
        " PostgreSQL and the cold tier; try again"
    )


def stretches(start: datetime, end: datetime, known: Iterable[ColdDay]) -> list[Stretch]:
    """[start, end) by tier, given what the ledger says of its days."""
    found: list[Stretch] = []
    reached = start
    for one in sorted(one for one in known if one.state == "COLD"):
        low, high = max(start, _midnight(one.day)), min(end, _midnight(one.day) + _DAY)
        if low >= high:
            continue
        if reached < low:
            found.append(Stretch("hot", reached, low))
        found.append(Stretch("cold", low, high, one.rows))
        reached = high
    if reached < end:
        found.append(Stretch("hot", reached, end))
    return found


def joined(pieces: Sequence[Piece]) -> pa.Table:
    """The pieces as one table, whose metadata says what came from where."""
    rows = [piece.rows for piece in pieces]
    table = rows[0] if len(rows) == 1 else pa.concat_tables(rows)
    return with_ranges(table, [piece.stretch for piece in pieces])


def with_ranges(table: pa.Table, tiers: Iterable[Stretch]) -> pa.Table:
    """The table with the ranges of the tiers in its metadata; an open bound is null there."""
    told: list[dict[str, str | None]] = []
    for tier, group in groupby(tiers, key=lambda one: one.tier):
        same = list(group)
        told.append({"tier": tier, "start": _text(same[0].start), "end": _text(same[-1].end)})
    return table.replace_schema_metadata({RANGES: json.dumps(told)})


def _split(
    piece: Piece, changed: Sequence[date]
) -> tuple[list[Piece], list[tuple[datetime, datetime]]]:
    """A piece without the days that changed, and the ranges of these."""
    start, end, tier = piece.stretch.start, piece.stretch.end, piece.stretch.tier
    moved = [
        (max(start, _midnight(day)), min(end, _midnight(day) + _DAY))
        for day in changed
        if _midnight(day) < end and _midnight(day) + _DAY > start
    ]
    if not moved:
        return [piece], []
    kept = []
    borders = [start, *(moment for pair in moved for moment in pair), end]
    for low, high in zip(borders[::2], borders[1::2], strict=True):
        if low < high:
            kept.append(Piece(Stretch(tier, low, high), _between(piece.rows, low, high)))
    return kept, moved


def _between(rows: pa.Table, low: datetime, high: datetime) -> pa.Table:
    times = rows.column("timestamp")
    inside = pc.and_(
        pc.greater_equal(times, pa.scalar(low, times.type)),
        pc.less(times, pa.scalar(high, times.type)),
    )
    return rows.filter(inside)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _text(moment: datetime) -> str | None:
    return None if moment in (BEGINNING, END) else moment.astimezone(UTC).isoformat()
