"""Flows: which days of an instrument lie in the cold tier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cryptoscalp.infra.cold.types import PartState
from cryptoscalp.infra.db.flow import Flow, rows


@dataclass(frozen=True, slots=True, order=True)
class ColdDay:
    """One day of an instrument as the ledger has it; `version` grows with each change of it.

    `rows` is how many its copy in the lake has.
    """

    day: date
    version: int
    state: PartState
    rows: int = 0


def cold_days(
    table: str, exchange: str, symbol: str, first: datetime, last: datetime
) -> Flow[list[ColdDay]]:
    """The ledger's rows of an instrument whose day touches first <= t < last, by day.

    Days that it does not name lie in PostgreSQL.
    """
    found = yield from rows(
        "SELECT day, version, state::text, rows FROM cold_parts"
        " WHERE table_name = %s AND symbol = %s AND exchange = %s AND day >= %s AND day < %s"
        " ORDER BY day",
        (table, symbol, exchange, _day(first), last.astimezone(UTC).replace(tzinfo=None)),
    )
    return [ColdDay(*row) for row in found]


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
