"""The partitions of declared tables, as the catalogue has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptoscalp.infra.cold.types import Unit
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.schema import KEPT

#: Partitioned tables and the length of their pieces.
UNITS: Final[Mapping[str, Unit]] = {
    entry.table: entry.partitions for entry in KEPT if entry.partitions is not None
}
_BOUNDS: Final = re.compile(r"FROM \('([^']+)'\) TO \('([^']+)'\)")


@dataclass(frozen=True, slots=True)
class Piece:
    """One native partition; `low` is None for a default one, `rows` is estimated."""

    table: str
    name: str
    low: datetime | None
    high: datetime | None
    pending: bool
    rows: int


def pieces() -> Flow[list[Piece]]:
    """Every native partition of the declared tables, by table and time."""
    found = yield from rows(
        "SELECT p.relname::text, c.relname::text, pg_get_expr(c.relpartbound, c.oid),"
        " i.inhdetachpending, greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::bigint"
        " FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid"
        " JOIN pg_class AS p ON p.oid = i.inhparent AND p.relkind = 'p'"
        " WHERE p.relnamespace = 'public'::regnamespace AND p.relname = ANY (%s)"
        " ORDER BY p.relname, c.relname",
        (list(UNITS),),
    )
    return [_piece(*row) for row in found]


def _piece(table: str, name: str, bounds: str | None, pending: bool, count: int) -> Piece:
    said = _BOUNDS.search(bounds or "")
    if said is None:
        return Piece(table, name, None, None, pending, count)
    low, high = (datetime.fromisoformat(text).astimezone(UTC) for text in said.groups())
    return Piece(table, name, low, high, pending, count)


def start(moment: datetime, unit: Unit) -> datetime:
    """The start of the UTC day, month or year that a moment lies in."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "day":
        return day
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def after(moment: datetime, unit: Unit) -> datetime:
    """The start of the next day, month or year."""
    return start(start(moment, unit) + timedelta(days={"day": 1, "month": 32, "year": 367}[unit]),
                 unit)  # fmt: skip
